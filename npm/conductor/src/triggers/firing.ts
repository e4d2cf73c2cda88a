/** Begins the executions of triggers: of each firing one, whatever happens. */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { ExecutionStore } from "@atomiton/storage";
import { messageOf } from "@atomiton/values";
import type { Conductor } from "../api/conductor.js";
import { EXECUTION_STATUSES, isFinished } from "../executions/status.js";
import { type Caused, causeOf } from "../types/cause.js";
import type { ExecutionRequest, RequestResult } from "../types/request.js";
import { type ArmedTrigger, type Fired, type FiredResult, type Firing, nameOf, type TriggerState } from "./types.js";

/** What is needed of a conductor. */
export type TriggeredConductor = Pick<Conductor, "execute"> & Pick<Conductor, "executions">;

/** Statuses of executions that are not over. */
const UNFINISHED = EXECUTION_STATUSES.filter((status) => !isFinished(status));

/** Executions of one trigger that are looked for at once. */
const MOST_ACTIVE = 1000;

/**
 * Begins the execution of a firing, unless there is one of its key. The id of the execution is made of the key and a secret of the
 * trigger, which its state keeps, or drawn at random where the key is unique: callers cannot take it before. Resolves once the
 * execution is in the store.
 */
export async function fire(
  conductor: TriggeredConductor,
  store: ExecutionStore,
  state: TriggerState,
  trigger: ArmedTrigger,
  firing: Firing,
): Promise<Fired> {
  const { flowId, nodeId, type } = trigger;
  const { key, data, facts, respond, keyed } = firing;
  const isNew = firing.isUnique === true && keyed === undefined;
  const executionId =
    keyed?.executionId ?? `${type}-${isNew ? randomUUID().replaceAll("-", "") : hashOf(await secretOf(state), key)}`;
  if (!isNew && (await store.get(executionId)) !== undefined) return known(conductor, executionId);
  let begun = () => {};
  const isKept = new Promise<true>((resolve) => {
    begun = () => resolve(true);
  });
  const request: ExecutionRequest & Caused = {
    flowId,
    inputs: { trigger: { ...facts, node: nodeId, type, key }, data },
    context: { executionId },
    metadata: { trigger: nameOf(trigger), ...(facts?.chain !== undefined && { chain: facts.chain }) },
    [causeOf]: { trigger: type, begun, isNew, ...(respond && { respond }), ...(keyed && { request: keyed.request }) },
  };
  const answer: Promise<RequestResult> = conductor.execute(request);
  const result = answer.then(resultOf);
  if ((await Promise.race([isKept, result])) === true) {
    return { executionId, isNew: true, isKept: true, result };
  }
  // It ended at once: as one that cannot be run, or because another firing of this key was faster, here or in another process.
  const isThere = (await store.get(executionId)) !== undefined;
  return isThere ? known(conductor, executionId) : { executionId, isNew: true, isKept: false, result };
}

/** Ids of the executions of a trigger that are not over. */
export async function activeOf(store: ExecutionStore, trigger: ArmedTrigger): Promise<string[]> {
  const filter = { flowId: trigger.flowId, status: UNFINISHED, tags: [`trigger:${nameOf(trigger)}`] };
  const { executions } = await store.list(filter, { limit: MOST_ACTIVE });
  return executions.map(({ id }) => id);
}

function known({ executions }: TriggeredConductor, executionId: string): Fired {
  const result = executions.result(executionId).then(
    ({ success, data, outputs, error }): FiredResult => ({
      success,
      data,
      ...(outputs && { outputs }),
      ...(error && { error: { code: error.code, message: error.message } }),
    }),
    (error): FiredResult => ({
      success: false,
      error: { code: error?.code, message: messageOf(error) },
      isElsewhere: true,
    }),
  );
  return { executionId, isNew: false, isKept: true, result };
}

function resultOf({ success, data, outputs, error, metadata }: RequestResult): FiredResult {
  const code = metadata?.error?.code;
  return {
    success,
    data,
    ...(outputs && { outputs }),
    ...(error !== undefined && { error: { ...(code && { code }), message: error } }),
  };
}

/** The secret of a trigger: it is made with its first firing. */
async function secretOf(state: TriggerState): Promise<string> {
  const { secret } = await state.get();
  if (typeof secret === "string") return secret;
  const made = randomBytes(24).toString("base64url");
  const kept = await state.change((found) =>
    typeof found.secret === "string" ? undefined : { ...found, secret: made },
  );
  return kept.secret as string;
}

function hashOf(secret: string, key: string): string {
  return createHash("sha256").update(`${secret}\n${key}`).digest("hex").slice(0, 32);
}
