/** Runs of stored flows that are asked for over HTTP: begun once for each key, and answered for once they are kept. */
import { randomUUID } from "node:crypto";
import { flowIdOf } from "../api/requests.js";
import { type Caused, causeOf } from "../types/cause.js";
import type { ErrorCode } from "../types/errors.js";
import type { ExecutionRequest } from "../types/request.js";
import { type CallResult, type Calls, idOfKey, type Session } from "./calls.js";
import { IdempotencyKeys } from "./idempotency.js";
import type { ServedChannels } from "./served-channels.js";
import { within } from "./within.js";

/** What is needed of a server. */
export interface FlowRunParts {
  calls: Pick<Calls, "call" | "isWaiting">;
  channels: Pick<ServedChannels, "requests">;
  /** Whether an execution is in the store; missing where none outlasts its process. */
  isKept: ((executionId: string) => Promise<boolean>) | undefined;
}

/** How a run is asked for. */
export interface Asking {
  /** The `Idempotency-Key`. */
  key: string | undefined;
  /** How long to wait for the result, in ms. Default: until it is there. */
  wait: number | undefined;
}

/** What a run is answered with: its result, the id under which that will be found, or why it was not begun. */
export type RunAnswer =
  | { result: CallResult }
  | { executionId: string }
  | { status: 400 | 409 | 422; code: ErrorCode; error: string };

/** See the module's description. */
export interface FlowRuns {
  run(session: Session, request: ExecutionRequest, asking: Asking): Promise<RunAnswer>;
}

/** The request with the id of its execution, a new one where it has none; with a key it is that of the key. */
export function namedRequest(
  session: Session,
  request: ExecutionRequest,
  key: string | undefined,
): ExecutionRequest & { context: { executionId: string } } {
  const ofKey = key === undefined ? undefined : idOfKey(session.caller, flowIdOf(request) ?? "", key);
  const executionId = ofKey ?? request.context?.executionId ?? newId();
  return { ...request, context: { ...request.context, executionId } };
}

function newId(): string {
  return `exec_${randomUUID()}`;
}

/** What an `Idempotency-Key` may be. */
const KEY = /^[\x21-\x7e]{1,200}$/;

/** Makes them. */
export function flowRuns({ calls, channels, isKept }: FlowRunParts): FlowRuns {
  const keys = new IdempotencyKeys();
  /** Those that are not in the store yet, by execution. */
  const beginnings = new Map<string, Promise<void>>();

  /** Begins a run; `kept` settles once its execution is in the store, which it never may be. */
  const begin = (session: Session, request: ExecutionRequest, executionId: string | undefined, isNoted: boolean) => {
    const named = executionId === undefined ? request : { ...request, context: { ...request.context, executionId } };
    if (!isNoted || executionId === undefined) return calls.call(session, "conductor", "execute", named);
    let begun = () => {};
    const kept = new Promise<void>((resolve) => {
      begun = resolve;
    });
    beginnings.set(executionId, kept);
    const caused: ExecutionRequest & Caused = { ...named, [causeOf]: { trigger: "call", begun } };
    return calls.call(session, "conductor", "execute", caused).finally(() => {
      if (beginnings.get(executionId) === kept) beginnings.delete(executionId);
    });
  };

  return {
    async run(session, request, { key, wait }) {
      if (key !== undefined && !KEY.test(key)) {
        const error = "An Idempotency-Key has 1 to 200 printable characters";
        return { status: 400, code: "INVALID_PARAMETERS", error };
      }
      const isObject = typeof request === "object" && request !== null;
      let executionId: string | undefined = isObject ? request.context?.executionId : undefined;
      let done: Promise<CallResult> | undefined;
      // What is no request begins nothing.
      if (key !== undefined && channels.requests.problem(request) === undefined) {
        executionId = idOfKey(session.caller, flowIdOf(request) ?? "", key);
        const known = keys.look(executionId, request);
        if (known === "other") {
          const error = "This Idempotency-Key was sent with another request before";
          return { status: 422, code: "VALIDATION_FAILED", error };
        }
        done = channels.requests.answer(executionId)?.then((result) => ({ result }));
        if (known === "same" && done === undefined && isKept === undefined && !calls.isWaiting(executionId)) {
          const error = "The request with this Idempotency-Key is over, and its result is not kept any more";
          return { status: 409, code: "NODE_NOT_FOUND", error };
        }
      }
      if (wait !== undefined) executionId ??= newId();
      done ??= begin(session, request, executionId, wait !== undefined && isKept !== undefined).then((answer) => {
        // What began nothing may be sent again with its key.
        if (key !== undefined && executionId !== undefined && !("result" in answer)) keys.forget(executionId);
        return answer;
      });
      if (wait === undefined || executionId === undefined) return { result: await done };
      let result = await within(wait, done);
      // It is not said that it goes on before a crash would leave it: one that waits for its place is in no store yet.
      if (result === undefined && isKept !== undefined && !(await isKept(executionId))) {
        const kept = beginnings.get(executionId)?.then(() => undefined);
        result = await (kept === undefined ? done : Promise.race([done, kept]));
      }
      return result === undefined ? { executionId } : { result };
    },
  };
}
