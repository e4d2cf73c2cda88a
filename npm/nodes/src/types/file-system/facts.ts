/** What the file system says of a path. */
import type { Stats } from "node:fs";

import type { NodeError } from "../../contract/error.js";
import { missingPath } from "../../machine/missing-path.js";

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
