/** Requests of pages: running a stored flow by its id, whichever way they come in. */
import { z } from "zod/v3";
import { refusal } from "../api/requests.js";
import { failure } from "../engine/failure.js";
import { createExecutionId } from "../types/ids.js";
import type { ExecutionRequest, RequestResult } from "../types/request.js";
import { messageOf } from "./channel-server.js";
import { issuesOf, issuesText } from "./channels/node-schema.js";
import { DATA_LIMITS, type PayloadLimits, payloadProblem } from "./payload.js";
import { plainRequestResult } from "./plain-result.js";

/** What requests are carried out with; a conductor's `execute` and `node.cancel` fit. */
export interface RequestDependencies {
  execute(request: ExecutionRequest): Promise<RequestResult>;
  cancel?(executionId: string): unknown;
}

/** Carries out requests, and knows those that are not over. */
export interface Requests {
  /** What is wrong with a request; `undefined` when nothing is. Never names a value. */
  problem(request: unknown): string | undefined;
  /** Never rejects; the result can be cloned. */
  execute(request: unknown): Promise<RequestResult>;
  cancelAll(): void;
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
export function createRequests(dependencies: RequestDependencies, limits: PayloadLimits = DATA_LIMITS): Requests {
  const active = new Set<string>();

  const problem = (request: unknown): string | undefined => {
    const found = payloadProblem(request, limits) ?? (issuesText(issuesOf(requestSchema, request)) || undefined);
    return found === undefined ? undefined : `Invalid request: ${found}`;
  };
  const run = async (request: ExecutionRequest): Promise<RequestResult> => {
    // Named here, so that it can be cancelled.
    const executionId = createExecutionId(request.context?.executionId);
    active.add(executionId);
    try {
      return plainRequestResult(
        await dependencies.execute({ ...request, context: { ...request.context, executionId } }),
      );
    } catch (error) {
      return refused("EXECUTION_FAILED", messageOf(error), executionId);
    } finally {
      active.delete(executionId);
    }
  };

  return {
    problem,
    async execute(request) {
      const found = problem(request);
      return found === undefined ? run(request as ExecutionRequest) : refused("VALIDATION_FAILED", found);
    },
    cancelAll() {
      for (const executionId of active) Promise.resolve(dependencies.cancel?.(executionId)).catch(() => {});
    },
  };
}

function refused(code: "EXECUTION_FAILED" | "VALIDATION_FAILED", message: string, executionId?: string): RequestResult {
  return refusal(failure(code, message, executionId === undefined ? {} : { executionId }), "", Date.now());
}
