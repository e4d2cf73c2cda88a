import { lstat, readlink, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";

import { isMissing } from "./failure.js";

/** Where a path really is, once links are followed. */
export type Whereabouts =
  /** In the folder, under the name it was asked for, or over a link that stays inside. */
  | { kind: "inside"; path: string }
  /** Elsewhere: a link leads out. */
  | { kind: "outside"; path: string }
  /** In the folder, but the file system holds it for the one of another spelling. */
  | { kind: "other-spelling"; path: string };

/**
 * Where a path below a folder really is. Of what does not exist, the nearest folder that does is looked at, so that what is
 * made there is inside too.
 *
 * @param base an absolute path; nothing need exist
 * @param path an absolute path
 */
export async function whereabouts(base: string, path: string): Promise<Whereabouts> {
  const realBase = await realPath(base);
  const real = await realPath(path);
  if (!isInside(realBase, real)) return { kind: "outside", path: real };
  const asked = relative(base, path);
  const found = relative(realBase, real);
  // Some file systems store what is asked for in another form of the same letters.
  if (found === asked || found.normalize("NFC") === asked) return { kind: "inside", path: real };
  const isOtherName = folded(found) === folded(asked) || !(await leadsOverLink(base, asked));
  return { kind: isOtherName ? "other-spelling" : "inside", path: real };
}

/** Whether a path is that of a folder or of something in it, as text; links are not followed. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/** The real path, as far as it exists, with the rest as it stands. A link to nothing is where it leads. */
export async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = dirname(path);
    if (!isMissing(error) || parent === path) throw error;
    const link = await readlink(path).catch(() => undefined);
    if (link !== undefined) return realPath(resolve(parent, link));
    return join(await realPath(parent), relative(parent, path));
  }
}

/** Whether a part of the way from a folder is a link: only that, and no second name, leads to another place by intent. */
async function leadsOverLink(base: string, way: string): Promise<boolean> {
  let path = base;
  for (const name of way.split(sep)) {
    path = join(path, name);
    const facts = await lstat(path).catch(() => undefined);
    if (facts?.isSymbolicLink()) return true;
  }
  return false;
}

/** Near enough to how file systems compare names that do not tell cases apart. */
export function folded(text: string): string {
  return text.normalize("NFC").toUpperCase().toLowerCase();
}
