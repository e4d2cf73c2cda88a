/** Requests of pages: running a stored flow by its id, whichever way they come in. */
import { messageOf } from "@atomiton/values";
import * as z from "zod";
import { flowIdOf, isUnbegun, refusal, unbegun } from "../api/requests.js";
import { failure } from "../engine/failure.js";
import { activeOf } from "../executions/registry.js";
import type { ActiveExecution } from "../services/node.js";
import { conductor } from "../services/requests.js";
import { issuesOf } from "../services/schema.js";
import type { ExecutionResult } from "../types/execution.js";
import type { ExecutionRequest, RequestResult } from "../types/request.js";
import { plainRequestResult } from "./cloneable-result.js";
import { Executions } from "./executions.js";
import { DATA_LIMITS, type PayloadLimits } from "./limits.js";
import { issuesText } from "./middleware.js";
import { payloadProblem } from "./payload.js";
import { notKept, type Retention } from "./result-cache.js";

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
  /** What one of them, or one that is over, is answered with; `undefined` when it is not known. */
  answer(executionId: string): Promise<RequestResult> | undefined;
  /** The same as the result of an execution, without its trace. */
  result(executionId: string): Promise<ExecutionResult> | undefined;
  cancelAll(): void;
  /** Forgets results, and keeps no more. */
  dispose(): void;
}

const requestSchema = conductor.commands.execute.schema(z);

/** Serves requests of pages, which run a stored flow by its id. */
export function createRequests(
  dependencies: RequestDependencies,
  limits: PayloadLimits = DATA_LIMITS,
  keep?: Retention,
): Requests {
  const executions = new Executions<RequestResult>(keep, shrink);

  const problem = (request: unknown): string | undefined => {
    const found = payloadProblem(request, limits) ?? (issuesText(issuesOf(requestSchema, request)) || undefined);
    return found === undefined ? undefined : `Invalid request: ${found}`;
  };
  const run = (request: ExecutionRequest): Promise<RequestResult> =>
    executions.carryOut(request.context?.executionId, flowIdOf(request) ?? "", {
      // Named here, so that it can be cancelled.
      run: async ({ executionId }) => {
        const context = { ...request.context, executionId };
        const result = await dependencies.execute({ ...request, context });
        const plain = plainRequestResult(result);
        return isUnbegun(result) ? unbegun(plain) : plain;
      },
      failed: (error, execution) => refused("EXECUTION_FAILED", messageOf(error), execution),
    });

  return {
    problem,
    async execute(request) {
      const found = problem(request);
      return found === undefined ? run(request as ExecutionRequest) : unbegun(refused("VALIDATION_FAILED", found));
    },
    active: () => executions.list().map(activeOf),
    answer: (executionId) => executions.result(executionId),
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

function shrink(_result: RequestResult, execution: ActiveExecution, limit: number): [RequestResult] {
  return [refusal(notKept(execution, limit), execution.nodeId, execution.startTime)];
}
