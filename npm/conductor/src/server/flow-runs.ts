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

/** Runs stored flows. */
export interface FlowRuns {
  /** The id of the execution that a request asks for: that of its key, else its own or a new one. */
  idOf(session: Session, request: ExecutionRequest, key: string | undefined): string;
  /** Runs a flow once for each key; `wait` over, answers as soon as the execution is kept. */
  run(session: Session, request: ExecutionRequest, asking: Asking): Promise<RunAnswer>;
}

/** What an `Idempotency-Key` may be. */
const KEY = /^[\x21-\x7e]{1,200}$/;

/** Makes the runs of a server. */
export function flowRuns({ calls, channels, isKept }: FlowRunParts): FlowRuns {
  const keys = new IdempotencyKeys();
  /** Beginnings of executions that are not known to be in the store yet, by execution. */
  const beginnings = new Map<string, Promise<void>>();

  const idOf: FlowRuns["idOf"] = (session, request, key) => {
    if (key !== undefined) return idOfKey(session.caller, flowIdOf(request) ?? "", key);
    return request.context?.executionId || `exec_${randomUUID()}`;
  };

  /** Begins a run, and notes when its execution is in the store. */
  const begin = (session: Session, request: ExecutionRequest, executionId: string) => {
    let begun = () => {};
    const kept = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const caused: ExecutionRequest & Caused = { ...request, [causeOf]: { trigger: "call", begun } };
    // Another request with this id is about the execution of the first one.
    if (!beginnings.has(executionId)) beginnings.set(executionId, kept);
    return calls.call(session, "conductor", "execute", caused).finally(() => {
      if (beginnings.get(executionId) === kept) beginnings.delete(executionId);
    });
  };

  return {
    idOf,
    async run(session, request, { key, wait }) {
      if (key !== undefined && !KEY.test(key)) {
        const error = "An Idempotency-Key has 1 to 200 printable characters";
        return { status: 400, code: "INVALID_PARAMETERS", error };
      }
      const isPlain = key === undefined && wait === undefined;
      // What is wrong with a request is said where it is carried out.
      if (isPlain || channels.requests.problem(request) !== undefined) {
        return { result: await calls.call(session, "conductor", "execute", request) };
      }
      const executionId = idOf(session, request, key);
      let done: Promise<CallResult> | undefined;
      if (key !== undefined) {
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
      const named = { ...request, context: { ...request.context, executionId } };
      const isNoted = wait !== undefined && isKept !== undefined;
      done ??= (isNoted ? begin(session, named, executionId) : calls.call(session, "conductor", "execute", named)).then(
        (answer) => {
          // What began nothing may be sent again with its key.
          if (key !== undefined && !("result" in answer)) keys.forget(executionId);
          return answer;
        },
      );
      if (wait === undefined) return { result: await done };
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
