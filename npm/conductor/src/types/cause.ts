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
  /** Whether the id of the execution was drawn at random: no earlier execution can have it, and none is looked for. */
  isNew?: boolean;
  /** Takes the answer of a node `respond`, where something waits for it; gives whether it is sent. */
  respond?: Responder;
  /** The hash of a request that comes with a key: it is kept with the execution, so that a key is known to be that of another one. */
  request?: string;
}

/** A request that may have a cause. */
export interface Caused {
  [causeOf]?: Cause;
}

/** Where a request says that variables of other types than its flow declares are refused; as a cause, it never travels. */
export const typedOf: unique symbol = Symbol.for("@atomiton/typed") as never;

/** A request that may say so. */
export interface Typed {
  [typedOf]?: true;
}

/** Where the arguments of a command say what execution it begins for a request with a key. */
export const keyedOf: unique symbol = Symbol.for("@atomiton/keyed") as never;

/** The execution of a request with a key. One that is there already is not begun again. */
export interface KeyedExecution {
  executionId: string;
  /** As in {@link Cause}. */
  request: string;
}

/** Arguments that may be those of a request with a key. */
export interface Keyed {
  [keyedOf]?: KeyedExecution;
}

const REQUEST_TAG = "idempotency-request:";

/** Tags by which an execution is kept with the request that began it. */
export function requestTags({ request }: Pick<Cause, "request">): string[] {
  return request === undefined ? [] : [REQUEST_TAG + request];
}

/** The hash of the request that began an execution with these tags; `undefined` where it came without a key. */
export function requestIn(tags: readonly string[]): string | undefined {
  return tags.find((tag) => tag.startsWith(REQUEST_TAG))?.slice(REQUEST_TAG.length);
}
