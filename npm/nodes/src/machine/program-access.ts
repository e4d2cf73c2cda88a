import { NodeError } from "../contract/error.js";
import type { NodeWork } from "../library/work.js";

/**
 * Refuses to run a program where the owner of the conductor does not let nodes do so.
 *
 * @throws NodeError EXECUTION_FAILED
 */
export function demandPrograms({ programs }: Pick<NodeWork<unknown>, "programs">): void {
  if (programs) return;
  throw new NodeError(
    "EXECUTION_FAILED",
    "Nodes may not run programs here: the owner of the conductor forbids it, or limits `files` or `network`, to which nothing " +
      "keeps a program",
    {
      advice: ["Have the owner set `programs: true`, where the flows are trusted as much as this process."],
      retry: false,
    },
  );
}
