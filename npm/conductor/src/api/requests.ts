/** Requests: finds the flow that is asked for, runs it, and makes of what comes out the answer that was asked for. */
import { describe, loadedOnce } from "@atomiton/values";
import { failure } from "../engine/failure.js";
import { type Caused, causeOf, type Typed, typedOf } from "../types/cause.js";
import type { NodeDefinition } from "../types/definition.js";
import { type ErrorCode, type ExecutionError, isErrorCode } from "../types/errors.js";
import type { ConductorExecutionContext, ExecutionResult } from "../types/execution.js";
import { createExecutionId } from "../types/ids.js";
import type { ExecutionRequest, RequestResult } from "../types/request.js";
import type { ExecutionLineage } from "./execution.js";
import { RunResult } from "./result.js";
import type { RunSettings } from "./settings.js";
import { demandVariables, refuseVariables, withDefaults } from "./variables.js";

/** What requests are answered with. */
export interface RequestSources {
  /** The flow of an id; `undefined` for an unknown id. */
  find(flowId: string): Promise<NodeDefinition | undefined>;
  run(
    flow: NodeDefinition,
    context: Partial<ConductorExecutionContext>,
    settings: RunSettings,
  ): Promise<ExecutionResult>;
  /** Notes an execution that is about to begin; what is returned ends that, and says whether it was cancelled. */
  announce(coming: ExecutionLineage & { nodeId: string }): () => boolean;
  /** For `parallel: true`. */
  processors(): number;
}

/** Further attempts when a request only says that it wants some. */
const DEFAULT_RETRIES = 3;

/** The names of a flow's id. */
export interface FlowNames {
  flowId?: unknown;
  compositeId?: unknown;
  blueprintId?: unknown;
}

/** The id of the flow that is asked for, under the first of its names that is there. */
export function flowIdOf(request: FlowNames | null | undefined): string | undefined {
  const id: unknown = request?.flowId ?? request?.compositeId ?? request?.blueprintId;
  return typeof id === "string" && id !== "" ? id : undefined;
}

/** Whether something is a request, not a node: it has neither id nor type, but may name a stored flow. */
export function isRequest(value: unknown): value is ExecutionRequest {
  if (typeof value !== "object" || value === null) return true;
  const { id, type } = value as Partial<NodeDefinition>;
  return type === undefined && (flowIdOf(value) !== undefined || id === undefined);
}

/** Loaded for the first request that says something about its execution: to look an `import()` up each time takes as long as the check. */
const loadMetadata = loadedOnce(() => import("./durable/metadata.js"));

/** Runs the flow that a request names, in this process. Never rejects. */
export async function runRequest(sources: RequestSources, request: ExecutionRequest): Promise<RequestResult> {
  const startedAt = Date.now();
  const flowId = flowIdOf(request) as string;
  const executionId = createExecutionId(text(request.context?.executionId));
  const begin = sources.announce({ executionId, nodeId: flowId, parentContext: request.context?.parentContext });
  let cancelled = false;
  try {
    let flow: NodeDefinition | undefined;
    let metadata: RunSettings["metadata"];
    try {
      if (request.metadata != null) {
        metadata = (await loadMetadata()).checkedMetadata(request.metadata);
      }
      flow = await sources.find(flowId);
    } finally {
      cancelled = begin();
    }
    if (cancelled) throw failure("CANCELLED", "Execution cancelled", { executionId });
    if (flow === undefined) return unbegun(refusal(noSuchFlow(flowId, executionId), flowId, startedAt));
    // What is refused here has begun nothing.
    const doubts = demandVariables(flow, request.context?.variables ?? {});
    if ((request as Typed)[typedOf]) refuseVariables(doubts.filter(({ rule }) => rule === "variable-type"));
    const cause = (request as Caused)[causeOf];
    const settings = { ...settingsOf(request, sources), ...(metadata && { metadata }), ...(cause && { cause }) };
    const result = await sources.run(flow, contextOf(request, flow, executionId), settings);
    return answerOf(result, flowId, executionId, startedAt);
  } catch (error) {
    return unbegun(refusal(errorOf(error, executionId), flowId, startedAt));
  }
}

/** The code is that of nodes as well, for which its advice is. */
function noSuchFlow(flowId: string, executionId: string): ExecutionError {
  const error = failure("NODE_NOT_FOUND", `Flow with id ${flowId} not found`, { executionId });
  const suggestions = [
    "Check the id: no flow is saved under it.",
    "List the flows: `storage.listFlows()`, `conductor flows list`, or GET /api/flows of a server.",
  ];
  return { ...error, recovery: { retryable: false, ...error.recovery, suggestions } };
}

const UNBEGUN: unique symbol = Symbol.for("@atomiton/unbegun") as never;

/** Marks the result of a request that began no execution. The mark stays within this process, and is not seen. */
export function unbegun(result: RequestResult): RequestResult {
  return Object.defineProperty(result, UNBEGUN, { value: true });
}

/** Whether a result says that a request began no execution. */
export function isUnbegun(result: unknown): boolean {
  return (result as { [UNBEGUN]?: true } | null | undefined)?.[UNBEGUN] === true;
}

/** What a request that could not be run is answered with. */
export function refusal(error: ExecutionError, flowId: string, startedAt: number, attempts = 1): RequestResult {
  const { executionId } = error;
  const facts = { flowId, duration: Date.now() - startedAt, executedNodes: [], attempts, error };
  return { success: false, error: error.message, metadata: { executionId: createExecutionId(executionId), ...facts } };
}

/** Whatever went wrong before there was a run, as error. */
export function errorOf(thrown: unknown, executionId: string): ExecutionError {
  const { code, message, stack } = (thrown ?? {}) as { code?: unknown; message?: unknown; stack?: unknown };
  const text = typeof message === "string" ? message : describe(thrown);
  const known: ErrorCode = isErrorCode(code) ? code : "EXECUTION_FAILED";
  return failure(
    known,
    text,
    { executionId },
    { ...(typeof stack === "string" && { stack }), ...(thrown instanceof Error && { cause: thrown }) },
  );
}

function answerOf(result: ExecutionResult, flowId: string, executionId: string, startedAt: number): RequestResult {
  const { success, data, error, executedNodes = [], outputs, warnings } = result;
  const duration = Date.now() - startedAt;
  const attempts = RunResult.attemptsOf(result);
  const warned = warnings === undefined ? {} : { warnings };
  const facts = { executionId, flowId, duration, executedNodes, attempts, ...warned };
  if (success) return { success, outputs: outputs ?? {}, data, metadata: facts };
  const why = error as ExecutionError;
  return { success, error: why.message, metadata: { ...facts, error: why } };
}

function contextOf(
  { inputs, context, config }: ExecutionRequest,
  flow: NodeDefinition,
  executionId: string,
): Partial<ConductorExecutionContext> {
  const debug = context?.debug ?? (config?.debugMode ? true : undefined);
  return {
    executionId,
    variables: withDefaults(flow, context?.variables),
    ...(inputs !== undefined && { input: inputs }),
    ...(context?.parentContext !== undefined && { parentContext: context.parentContext }),
    ...(context?.slowMo !== undefined && { slowMo: context.slowMo }),
    ...(debug !== undefined && { debug }),
  };
}

function settingsOf({ options, config }: ExecutionRequest, sources: RequestSources): RunSettings {
  const retries = count(options?.retries) ?? count(config?.maxRetries);
  const timeout = options?.timeout ?? config?.timeout;
  const wanted = retries ?? (config?.errorStrategy === "retry" ? DEFAULT_RETRIES : undefined);
  const nodes = parallel(config?.parallel, sources);
  return {
    ...(wanted !== undefined && { retries: wanted }),
    ...(typeof timeout === "number" && { timeout }),
    ...(nodes !== undefined && { concurrency: nodes }),
    ...(config?.maxMemory !== undefined && { maxMemory: config.maxMemory }),
    ...(config?.errorStrategy === "continue" && { keepGoing: true }),
  };
}

function parallel(wanted: boolean | number | undefined, { processors }: RequestSources): number | undefined {
  if (wanted === true) return processors();
  return wanted === false ? 1 : wanted;
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 ? Math.floor(value) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
