/** Requests of pages: running a stored flow by its id, whichever way they come in. */
import { messageOf } from "@atomiton/values";
import { z } from "zod/v3";
import { flowIdOf, refusal } from "../api/requests.js";
import { failure } from "../engine/failure.js";
import type { ActiveExecution } from "../types/api.js";
import type { ExecutionResult } from "../types/execution.js";
import { createExecutionId } from "../types/ids.js";
import type { ExecutionRequest, RequestResult } from "../types/request.js";
import { issuesOf, issuesText } from "./channels/node-schema.js";
import { activeOf, type Execution, Executions } from "./executions.js";
import { type Keeping, notKept } from "./kept-results.js";
import { DATA_LIMITS, type PayloadLimits } from "./limits.js";
import { payloadProblem } from "./payload.js";
import { plainRequestResult } from "./plain-result.js";

/** What requests are carried out with; a conductor's `execute` and `node.cancel` fit. */
export interface RequestDependencies {
  execute(request: ExecutionRequest): Promise<RequestResult>;
  cancel?(executionId: string): unknown;
}

/** Carries out requests, and knows those that are not over and how the last ones ended. */
export interface Requests {
  /** What is wrong with a request; `undefined` when nothing is. Never names a value. */
  problem(request: unknown): string | undefined;
  /**
   * Never rejects; the result can be cloned. A request with the `context.executionId` and the flow of one that goes on is
   * the same request: it is answered with that one's result.
   */
  execute(request: unknown): Promise<RequestResult>;
  /** Those that are not over, by the ids of their flows. */
  active(): ActiveExecution[];
  /** The result of one of them, or of one that is over, without its trace; `undefined` when it is not known. */
  result(executionId: string): Promise<ExecutionResult> | undefined;
  cancelAll(): void;
  /** Forgets results, and keeps no more. */
  dispose(): void;
}

const LONGEST_ID = 256;
const flowId = z.string().min(1, "Flow ID is required").max(1024);
const record = z.record(z.unknown());
const positive = z.number().min(0);

const requestSchema = z
  .object({
    flowId: flowId.nullish(),
    compositeId: flowId.nullish(),
    blueprintId: flowId.nullish(),
    inputs: record.nullish(),
    context: z
      .object({ executionId: z.string().max(LONGEST_ID).nullish(), variables: record.nullish() })
      .passthrough()
      .nullish(),
    options: z.object({ retries: positive.optional(), timeout: positive.optional() }).passthrough().nullish(),
    config: z
      .object({
        timeout: positive.optional(),
        maxRetries: positive.optional(),
        parallel: z.union([z.boolean(), positive]).optional(),
        debugMode: z.boolean().optional(),
        errorStrategy: z.enum(["fail", "continue", "retry"]).optional(),
      })
      .passthrough()
      .nullish(),
  })
  .passthrough()
  .refine((request) => request.flowId ?? request.compositeId ?? request.blueprintId, {
    message: "Required",
    path: ["flowId"],
  });

/** See the module's description. */
export function createRequests(
  dependencies: RequestDependencies,
  limits: PayloadLimits = DATA_LIMITS,
  keep?: Keeping,
): Requests {
  const executions = new Executions<RequestResult>(keep, lesser);

  const problem = (request: unknown): string | undefined => {
    const found = payloadProblem(request, limits) ?? (issuesText(issuesOf(requestSchema, request)) || undefined);
    return found === undefined ? undefined : `Invalid request: ${found}`;
  };
  const run = (request: ExecutionRequest): Promise<RequestResult> => {
    const flowId = flowIdOf(request) ?? "";
    const chosen = request.context?.executionId;
    const same = chosen ? executions.repeated(chosen, flowId) : undefined;
    if (same !== undefined) return same;
    // Named here, so that it can be cancelled.
    const execution = executions.begin(createExecutionId(chosen), flowId);
    void follow(execution, request);
    return execution.done;
  };
  /** Never rejects. */
  const follow = async (execution: Execution<RequestResult>, request: ExecutionRequest): Promise<void> => {
    const { executionId } = execution;
    let result: RequestResult;
    try {
      const context = { ...request.context, executionId };
      result = plainRequestResult(await dependencies.execute({ ...request, context }));
    } catch (error) {
      result = refused("EXECUTION_FAILED", messageOf(error), execution);
    }
    executions.leave(execution);
    execution.answer(result);
  };

  return {
    problem,
    async execute(request) {
      const found = problem(request);
      return found === undefined ? run(request as ExecutionRequest) : refused("VALIDATION_FAILED", found);
    },
    active: () => executions.list().map(activeOf),
    result: (executionId) => executions.result(executionId)?.then(executionResultOf),
    cancelAll() {
      for (const { executionId } of executions.list()) {
        Promise.resolve(dependencies.cancel?.(executionId)).catch(() => {});
      }
    },
    dispose: () => executions.close(),
  };
}

function refused(
  code: "EXECUTION_FAILED" | "VALIDATION_FAILED",
  message: string,
  execution?: ActiveExecution,
): RequestResult {
  const { executionId, nodeId: flowId = "", startTime = Date.now() } = execution ?? {};
  return refusal(failure(code, message, executionId === undefined ? {} : { executionId }), flowId, startTime);
}

/** The result as that of an execution; of a fallback that gave no output of a flow, what it gave. */
function executionResultOf({ success, data, outputs, error, metadata }: RequestResult): ExecutionResult {
  const result: ExecutionResult = { success };
  if (success) result.data = data === undefined ? outputs : data;
  else result.error = metadata?.error ?? failure("EXECUTION_FAILED", error ?? "The request failed", {});
  if (metadata !== undefined) {
    result.duration = metadata.duration;
    result.executedNodes = metadata.executedNodes;
    if (metadata.warnings !== undefined) result.warnings = metadata.warnings;
  }
  return result;
}

function lesser(_result: RequestResult, execution: ActiveExecution, limit: number): [RequestResult] {
  return [refusal(notKept(execution, limit), execution.nodeId, execution.startTime)];
}
