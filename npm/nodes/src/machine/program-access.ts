import { NodeError } from "../contract/error.js";
import { NO_PROGRAMS, PROGRAMS_ADVICE } from "../contract/program-access.js";
import type { NodeWork } from "../library/work.js";

/**
 * Refuses to run a program where the owner of the conductor does not let nodes do so.
 *
 * @throws NodeError EXECUTION_FAILED
 */
export function demandPrograms({ programs }: Pick<NodeWork<unknown>, "programs">): void {
  if (!programs) throw new NodeError("EXECUTION_FAILED", NO_PROGRAMS, { advice: [PROGRAMS_ADVICE], retry: false });
}
