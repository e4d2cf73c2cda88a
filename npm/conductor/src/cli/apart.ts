/** What a server is made of lies apart from where flows may read and write files. */
import { readlinkSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { UsageError } from "./exit.js";
import { oneLine } from "./text.js";

/** A file that is not for flows. */
export interface OwnFile {
  path: string;
  /** What flows could do with it, such as `change the keys of callers`. */
  harm: string;
  /** How it is kept elsewhere, as a sentence. */
  remedy: string;
}

/** Throws UsageError where one of these files, or a link on the way to it, lies in a root, or would once it is there. */
export function demandApart(roots: readonly string[], files: readonly OwnFile[]): void {
  for (const root of roots) {
    const [real] = placesOf(root);
    for (const { path, harm, remedy } of files) {
      if (!placesOf(path).some((place) => isWithin(real, place))) continue;
      throw new UsageError(
        `Flows could ${harm}: ${oneLine(path)} lies in ${oneLine(root)}, where they may read and write files. ${remedy}`,
      );
    }
  }
}

function isWithin(folder: string, place: string): boolean {
  const path = relative(folder, place);
  return path !== ".." && !path.startsWith(`..${sep}`) && resolve(path) !== path;
}

/** Where a file is, or will be once it is there; then where the links lie that lead to it, which could be made to lead elsewhere. */
function placesOf(path: string, passed: readonly string[] = []): [string, ...string[]] {
  const full = resolve(path);
  if (dirname(full) === full) return [full];
  const [folder, ...links] = placesOf(dirname(full), passed);
  const place = join(folder, basename(full));
  const target = passed.includes(place) ? undefined : targetOf(place);
  if (target === undefined) return [place, ...links];
  return [...placesOf(resolve(folder, target), [...passed, place]), place, ...links];
}

/** Where a link leads; `undefined` for what is not a link, or does not exist. */
function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
