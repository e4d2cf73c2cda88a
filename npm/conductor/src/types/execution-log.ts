/** What nodes say while their execution is kept. */

/** One message of a node. */
export interface LogLine {
  /** ms since the epoch. */
  time: number;
  nodeId: string;
  /** The execution of the node, such as `shop/loop[2]/pay`: it says in which round that was. */
  executionId: string;
  /** Which try of the node said it, from 1. */
  attempt: number;
  /** `progress` for what came with a report of progress. */
  level: "debug" | "info" | "warn" | "error" | "progress";
  text: string;
}
