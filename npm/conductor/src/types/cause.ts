/** What begins an execution other than a call: it goes with a request within this process, and never travels. */

import type { Responder } from "@atomiton/nodes";

/** Where a request has its cause. Other bundles of this package have the same symbol. */
export const causeOf: unique symbol = Symbol.for("@atomiton/cause") as never;

/** The cause of a request. */
export interface Cause {
  /** What the store says that began the execution, such as `schedule`. */
  trigger: string;
  /** Called once the execution is in the store, before its first node starts. */
  begun(): void;
  /** Takes the answer of a node `respond`, where something waits for it; gives whether it is sent. */
  respond?: Responder;
}

/** A request that may have a cause. */
export interface Caused {
  [causeOf]?: Cause;
}
