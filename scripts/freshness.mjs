/** Whether something that was built is older than what it was built from. */

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** When the youngest of these files and folders changed, in ms; folders count with all that is in them. */
export function newest(paths) {
  return Math.max(Number.NEGATIVE_INFINITY, ...paths.flatMap(times));
}

/** When the oldest of these files and folders changed, in ms; −∞ when one is missing. */
export function oldest(paths) {
  return Math.min(
    Number.POSITIVE_INFINITY,
    ...paths.map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY),
  );
}

function times(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return [];
  if (!found.isDirectory()) return [found.mtimeMs];
  // The folder's own time changes when a file in it is removed.
  return [found.mtimeMs, ...readdirSync(path).flatMap((name) => times(join(path, name)))];
}
