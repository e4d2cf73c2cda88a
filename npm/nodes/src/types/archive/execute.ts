import { throwIfAborted } from "../../contract/abort.js";
import { NodeError } from "../../contract/error.js";
import { executable } from "../../library/work.js";
import { createArchive } from "./create.js";
import { archive } from "./definition.js";
import type { ArchiveParameters, ArchiveWork } from "./parameters.js";
import { extractArchive, listArchive } from "./read.js";

const operations = { list: listArchive, extract: extractArchive, create: createArchive };

/** The settings that only some operations have a use for. */
const USED_BY: Readonly<Partial<Record<keyof ArchiveParameters, readonly ArchiveParameters["operation"][]>>> = {
  data: ["list", "extract"],
  folder: ["extract", "create"],
  files: ["create"],
  overwrite: ["extract"],
  output: ["create"],
};

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
  refuseUnused(work);
  return operations[work.parameters.operation](work);
});

function refuseUnused({ parameters }: ArchiveWork): void {
  for (const [name, users] of Object.entries(USED_BY)) {
    const value = parameters[name as keyof ArchiveParameters];
    if (value === undefined || value === false || users.includes(parameters.operation)) continue;
    throw new NodeError(
      "INVALID_PARAMETERS",
      `\`${name}\` is for ${users.join(", ")}, and says nothing to ${parameters.operation}`,
    );
  }
}
