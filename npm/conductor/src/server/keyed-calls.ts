/** Commands other than runs that begin an execution, once for each `Idempotency-Key`. */
import { type CallResult, type Calls, idOfKey, type Session } from "./calls.js";
import type { IdempotencyKeys, KeyRefusal } from "./idempotency.js";
import type { Given, Resource } from "./resources.js";

/** Calls the command of a resource for a request with a key, or gives why not. */
export type KeyedCall = (
  session: Session,
  resource: Pick<Resource, "command" | "keyed">,
  given: Given,
  key: string,
) => Promise<CallResult | KeyRefusal>;

/** Makes the calls of a server. */
export function keyedCalls(calls: Pick<Calls, "call">, keys: IdempotencyKeys): KeyedCall {
  /** Calls under way, by execution: a request that comes meanwhile has the same answer, and takes no second place. */
  const pending = new Map<string, Promise<CallResult>>();

  return async (session, { command, keyed: argsOf }, given, key) => {
    const { params, body } = given;
    const executionId = idOfKey(session.caller, JSON.stringify([command, params]), key);
    const keyed = await keys.look(executionId, key, { body });
    if ("status" in keyed) return keyed;
    const known = pending.get(executionId);
    if (known !== undefined) return known;
    const answer = calls.call(session, ...command, argsOf?.(given, { executionId, request: keyed.hash }));
    pending.set(executionId, answer);
    let hasBegun = false;
    try {
      const found = await answer;
      hasBegun = "result" in found;
      return found;
    } finally {
      pending.delete(executionId);
      keyed.end(hasBegun);
    }
  };
}
