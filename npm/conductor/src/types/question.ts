/** Questions that runs put to people. */
import type { ExecutionId } from "./ids.js";

/** A question that waits for its answer. */
export interface OpenQuestion {
  /** Names the question; also the round of a loop is in it. */
  id: string;
  /** The execution that asks; of a flow inside of another one, that of the inner one, whose id begins with the outer one's. */
  executionId: ExecutionId;
  /** The node that asks. */
  nodeId: string;
  /** What is asked. */
  message: string;
  /** JSON Schema of the answer; missing where anything is one. */
  form?: Readonly<Record<string, unknown>>;
  /** What people are to see beside it. */
  data?: unknown;
  /** ms since the epoch. */
  askedAt: number;
  /** When it is no longer open, in ms since the epoch; missing where it is open for as long as it takes. */
  openUntil?: number;
}
