/** What to say of a path that is not there. */
import { opendir, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";

import { closeNames, namesText } from "../contract/close-names.js";
import { messageOf, NodeError } from "../contract/error.js";

/** Entries of a folder that are looked at. */
const MOST_ENTRIES = 20_000;
/** Entries of a small folder, which are all told. */
const FEW_ENTRIES = 5;

/** What to do about a path that is not there, or is of the wrong kind; to run it again is no help. */
export const PATH_ADVICE = "Correct the path; a relative one starts at the folder in which the flow is run.";

/**
 * The failure of a path that is not there, `File not found: orderz.csv`. Where it was looked for and what there is instead is told as
 * what to do, since existing code knows these messages whole.
 */
export async function missingPath(
  message: string,
  path: string,
  options: { cause?: unknown; advice?: string; retry?: false } = {},
): Promise<NodeError> {
  const { advice = PATH_ADVICE, ...further } = options;
  const text = await missingPathText(path);
  const found = `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
  return new NodeError("EXECUTION_FAILED", message, { ...further, advice: [found, advice] });
}

/** The failure of a file that cannot be read: it is not there, or the system says why. */
export async function unreadableFile(parameter: string, path: string, cause: unknown): Promise<NodeError> {
  if ((cause as NodeJS.ErrnoException).code === "ENOENT")
    return missingPath(`\`${parameter}\` cannot be read: ${path} does not exist`, path, { cause });
  return new NodeError("EXECUTION_FAILED", `\`${parameter}\` cannot be read: ${path} (${messageOf(cause)})`, { cause });
}

/**
 * Where a path that is not there was looked for, and what there is instead:
 * `` looked for /work/data/orderz.csv; in that folder there is `orders.csv` ``.
 */
export async function missingPathText(path: string): Promise<string> {
  const whole = resolve(path);
  // Who wrote the whole path need not read it twice.
  const tried = whole === path ? "" : `looked for ${whole}; `;
  const folder = dirname(whole);
  const entries = await entriesOf(folder);
  if (entries === undefined) {
    const above = await nearestFolder(dirname(folder));
    const folders = closeNames(nextStep(above, whole), (await entriesOf(above)) ?? []);
    return `${tried}there is no folder ${folder}, only ${above}${folders.length > 0 ? ` with ${namesText(folders)}` : ""}`;
  }
  const close = closeNames(basename(whole), entries);
  if (close.length > 0) return `${tried}in that folder there is ${namesText(close)}`;
  if (entries.length === 0) return `${tried}that folder is empty`;
  if (entries.length <= FEW_ENTRIES)
    return `${tried}that folder has ${namesText(entries).replace(/ or (?=[^ ]*$)/, " and ")}`;
  return `${tried}that folder has no name like it`;
}

/** The names in a folder; `undefined` where it is no folder, or may not be read. */
async function entriesOf(folder: string): Promise<string[] | undefined> {
  try {
    const names: string[] = [];
    for await (const { name } of await opendir(folder)) {
      names.push(name);
      if (names.length === MOST_ENTRIES) break;
    }
    return names.sort();
  } catch {
    return undefined;
  }
}

async function nearestFolder(path: string): Promise<string> {
  const isFolder = await stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
  return isFolder || dirname(path) === path ? path : nearestFolder(dirname(path));
}

/** The first name on the way from a folder to a path below it. */
function nextStep(folder: string, path: string): string {
  let step = path;
  while (dirname(step) !== folder && dirname(step) !== step) step = dirname(step);
  return basename(step);
}
