/** What the file system says of a path. */
import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";

import type { NodeError } from "../../contract/error.js";
import { missingPath } from "../../machine/missing-path.js";

/** What is at a path; `undefined` where there is nothing. With `lstat`, a link itself. */
export async function factsOf(path: string, look: (path: string) => Promise<Stats> = stat): Promise<Stats | undefined> {
  return look(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
}

/** A word for what is at a path. */
export function kindOfFile(
  facts: Pick<Stats, "isFile" | "isDirectory" | "isSymbolicLink" | "isFIFO" | "isSocket">,
): string {
  if (facts.isFile()) return "file";
  if (facts.isDirectory()) return "folder";
  if (facts.isSymbolicLink()) return "link";
  return facts.isFIFO() ? "pipe" : facts.isSocket() ? "socket" : "device";
}

/** The failure of a path that is not there, with what is there instead. */
export function missing(what: string, path: string): Promise<NodeError> {
  return missingPath(`${what} does not exist: ${path}`, path);
}
