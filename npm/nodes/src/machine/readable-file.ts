import { stat } from "node:fs/promises";
import { resolve } from "node:path";

import { NodeError } from "../contract/error.js";
import { missingPath, PATH_ADVICE } from "./missing-path.js";

/**
 * Checks that there is a file to read.
 *
 * @param path where it really is
 * @param named the path as the flow has it, for messages
 * @param what begins the message, such as `File not found: p`
 * @throws NodeError EXECUTION_FAILED for a file that does not exist, with the names close by, or for a folder
 */
export async function checkFile(path: string, named: string, what = "File"): Promise<void> {
  const facts = await stat(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR")
      throw await missingPath(`${what} not found: ${named}`, named, { cause: error });
    throw error;
  });
  if (facts.isFile()) return;
  const kind = facts.isDirectory() ? " but a folder" : "";
  throw new NodeError("EXECUTION_FAILED", `Path is not a file${kind}: ${resolve(named)}`, {
    advice: [PATH_ADVICE],
  });
}
