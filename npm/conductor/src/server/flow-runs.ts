/** Runs of stored flows that are asked for over HTTP: begun once for each key, and answered for once they are kept. */

import { randomUUID } from "node:crypto";
import type { StoredExecution } from "@atomiton/storage";
import { within } from "@atomiton/values";
import { flowIdOf, isUnbegun } from "../api/requests.js";
import { type Caused, causeOf } from "../types/cause.js";
import type { ErrorCode } from "../types/errors.js";
import type { ExecutionRequest, RequestResult } from "../types/request.js";
import type { Limited, Refusal } from "./access.js";
import { type CallResult, type Calls, idOfKey, type Session } from "./calls.js";
import type { IdempotencyKeys, KeyRefusal } from "./idempotency.js";
import type { ServedChannels } from "./served-channels.js";

/** What is needed of a server. */
export interface FlowRunParts {
  calls: Pick<Calls, "call" | "beyond">;
  channels: Pick<ServedChannels, "requests">;
  keys: IdempotencyKeys;
  /** An execution of the store; missing where none outlasts its process. */
  kept: ((executionId: string) => Promise<StoredExecution | undefined>) | undefined;
}

/** How a run is asked for. */
export interface Asking {
  /** The `Idempotency-Key`. */
  key: string | undefined;
  /** How long to wait for the result, in ms. Default: until it is there. */
  wait: number | undefined;
}

/** Why a run is not carried out. */
export type RunRefusal = KeyRefusal | Refusal | Limited | { status: 500; code: ErrorCode; error: string };

/** What a run is answered with: its result, the id under which that will be found, or why it was not begun. */
export type RunAnswer = { result: CallResult } | { executionId: string } | RunRefusal;

/** Runs stored flows. */
export interface FlowRuns {
  /** The id of the execution that a request asks for: that of its key, else its own or a new one. */
  idOf(session: Session, request: ExecutionRequest, key: string | undefined): string;
  /**
   * Finds out whether a flow is to be run, once for each key: gives why not, or what runs it. With `wait`, that answers as soon as the
   * execution is kept and the time is over.
   */
  prepare(
    session: Session,
    request: ExecutionRequest,
    asking: Asking,
  ): Promise<RunRefusal | (() => Promise<RunAnswer>)>;
}

/** Makes the runs of a server. */
export function flowRuns({ calls, channels, keys, kept }: FlowRunParts): FlowRuns {
  /** Beginnings of executions that are not known to be in the store yet, by execution. */
  const beginnings = new Map<string, Promise<void>>();

  const idOf: FlowRuns["idOf"] = (session, request, key) => {
    if (key !== undefined) return idOfKey(session.caller, flowIdOf(request) ?? "", key);
    return request.context?.executionId || `exec_${randomUUID()}`;
  };
  const execute = (session: Session, request: unknown) => calls.call(session, "conductor", "execute", request);

  /** Begins a run, and notes when its execution is in the store. */
  const begin = (session: Session, request: ExecutionRequest, executionId: string, hash?: string) => {
    let begun = () => {};
    const isKept = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const cause = { trigger: "call", begun, ...(hash !== undefined && { request: hash }) };
    const caused: ExecutionRequest & Caused = { ...request, [causeOf]: cause };
    // Another request with this id is about the execution of the first one.
    if (!beginnings.has(executionId)) beginnings.set(executionId, isKept);
    return execute(session, caused).finally(() => {
      if (beginnings.get(executionId) === isKept) beginnings.delete(executionId);
    });
  };

  /** Answers with a result, or once the time is over and a crash would leave the execution. */
  const waited = async (wait: number, done: Promise<CallResult>, executionId: string): Promise<RunAnswer> => {
    let result = await within(wait, done);
    // It is not said before that it goes on: one that waits for its permit is in no store yet.
    const isKept = async () => (await kept?.(executionId).catch(() => undefined)) !== undefined;
    if (result === undefined && !(await isKept())) {
      const begun = beginnings.get(executionId)?.then(() => undefined);
      result = await (begun === undefined ? done : Promise.race([done, begun]));
    }
    return result === undefined ? { executionId } : { result };
  };

  return {
    idOf,
    async prepare(session, request, { key, wait }) {
      // Before anything is told of an execution of this id or key.
      const outside = await calls.beyond(session, "conductor", "execute", request);
      if (outside !== undefined) return outside;
      if (wait !== undefined && kept === undefined) {
        const error = "This server has no store, in which a result could be found later: leave `wait` out";
        return { status: 400, code: "INVALID_PARAMETERS", error };
      }
      const isPlain = key === undefined && wait === undefined;
      // What is wrong with a request is said where it is carried out.
      if (isPlain || channels.requests.problem(request) !== undefined) {
        return async () => ({ result: await execute(session, request) });
      }
      const executionId = idOf(session, request, key);
      const named = { ...request, context: { ...request.context, executionId } };
      if (key === undefined) {
        return () => waited(wait as number, begin(session, named, executionId), executionId);
      }
      const keyed = await keys.look(executionId, key, request);
      if ("status" in keyed) return keyed;
      const { hash, isNew, isOver, end } = keyed;
      // An answer that is left of a request that began nothing, or of an execution that was deleted, is not that of a new one.
      const answer = isNew ? undefined : channels.requests.answer(executionId);
      if (!isNew && answer === undefined && kept === undefined && isOver) {
        const error = "The request with this Idempotency-Key is over, and its result is not kept any more";
        return { status: 409, code: "NODE_NOT_FOUND", error };
      }
      return () => {
        const done = answer?.then((result) => ({ result })) ?? begin(session, named, executionId, hash);
        done.then(
          (found) => end(refusedIn(found) === undefined),
          () => end(false),
        );
        return wait === undefined ? done.then((result) => ({ result })) : waited(wait, done, executionId);
      };
    },
  };
}

/** Why a run began nothing; `undefined` for one that has a result. */
export function refusedIn(answer: CallResult): { code: ErrorCode; error: string } | undefined {
  if (!("result" in answer)) return { code: (answer.code ?? "EXECUTION_FAILED") as ErrorCode, error: answer.error };
  if (!isUnbegun(answer.result)) return undefined;
  const { error = "", metadata } = answer.result as RequestResult;
  return { code: metadata?.error?.code ?? "EXECUTION_FAILED", error };
}
