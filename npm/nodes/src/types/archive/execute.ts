import { throwIfAborted } from "../../contract/abort.js";
import { refuseUnread } from "../../library/unread.js";
import { executable } from "../../library/work.js";
import { createArchive } from "./create.js";
import { archive } from "./definition.js";
import type { ArchiveParameters } from "./parameters.js";
import { extractArchive, listArchive } from "./read.js";

const operations = { list: listArchive, extract: extractArchive, create: createArchive };

/** Settings that are refused where the operation has no use for them. */
const REFUSED = ["data", "folder", "files", "overwrite", "output"];

/**
 * Lists, extracts and makes archives. What is in them passes through in pieces; never more than the limits allow comes out,
 * and nothing comes to lie outside of the folder.
 *
 * Fails with INVALID_PARAMETERS (nothing to work on, a setting that the operation has no use for), EXECUTION_FAILED (no such file,
 * something in the way), TYPE_MISMATCH, DESERIALIZATION_FAILED (damaged, encrypted, or made to do harm),
 * MEMORY_LIMIT_EXCEEDED or CANCELLED.
 */
export const archiveNode = executable<ArchiveParameters>(archive, async (work) => {
  throwIfAborted(work.signal);
  refuseUnread(archive, work, REFUSED);
  return operations[work.parameters.operation](work);
});
