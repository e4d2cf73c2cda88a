/** With what the command line ends, for scripts that call it. */
import type { ExecutionResult } from "../types/execution.js";

/** Exit codes; those above 100 are the ones that shells and `timeout` use. */
export const Exit = {
  success: 0,
  failed: 1,
  usage: 2,
  invalidFlow: 3,
  timeout: 124,
  cancelled: 130,
} as const;
export type Exit = (typeof Exit)[keyof typeof Exit];

/** The table for `--help`. */
export const EXIT_HELP = `
Exit codes:
  0    success
  1    the run failed
  2    wrong usage, a file that cannot be read or written, or output that cannot be written
  3    the flow is invalid; with --strict also where it was warned of anything
  124  the run, or a node of it, took longer than it may
  130  cancelled (Ctrl-C, SIGTERM)
`;

/** The code for how a run ended. */
export function exitOf({ success, error }: ExecutionResult): Exit {
  if (success) return Exit.success;
  if (error?.code === "CANCELLED") return Exit.cancelled;
  return error?.code === "TIMEOUT" ? Exit.timeout : Exit.failed;
}

/** Something that the person at the command line has to change; its message is all there is to say. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
