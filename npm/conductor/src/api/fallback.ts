/** What a failed request is answered with instead. */
import { isRecord } from "@atomiton/values";
import type { ExecutionRequest, RequestResult } from "../types/request.js";
import { type FlowNames, flowIdOf } from "./requests.js";

type Execute = (request: ExecutionRequest) => Promise<RequestResult>;

/** Asks for the last good outputs of the same flow and inputs. */
const CACHED = "cached-data";

type Outputs = Map<string, Pick<RequestResult, "outputs" | "data">>;

/** Outputs of requests that succeeded, for those that do not. */
export class Fallbacks {
  private outputs: Outputs = new Map();

  /** @param capacity how many outputs are kept; those used longest ago leave first */
  constructor(private readonly capacity: number) {}

  /** Forgets what is kept, also that of requests under way: the user or the server may be another one from now on. */
  clear(): void {
    this.outputs = new Map();
  }

  /** Carries out a request; when it fails and names a fallback, answers with that. */
  async execute(request: ExecutionRequest, execute: Execute): Promise<RequestResult> {
    const { outputs } = this;
    const result = await execute(request);
    const fallback = request.options?.fallback;
    const key = this.capacity > 0 ? keyOf(request) : undefined;
    if (result.success) {
      if (key !== undefined && result.metadata?.fallbackUsed === undefined) this.keep(outputs, key, result);
      return result;
    }
    // A cancelled request needs no fallback.
    if (fallback === undefined || result.metadata?.error?.code === "CANCELLED") return result;
    if (fallback === CACHED) {
      const found = key === undefined ? undefined : outputs.get(key);
      return found === undefined ? result : instead(result, CACHED, found);
    }
    const flowId = flowIdOf(fallback as FlowNames);
    if (flowId !== undefined) return other(flowId, request, result, execute);
    return instead(result, "value", { outputs: asOutputs(fallback), data: fallback });
  }

  private keep(kept: Outputs, key: string, { outputs, data }: RequestResult): void {
    kept.delete(key);
    // A list of its own: the caller may change what it got.
    kept.set(key, { ...(outputs !== undefined && { outputs: { ...outputs } }), data });
    if (kept.size <= this.capacity) return;
    const [oldest] = kept.keys();
    kept.delete(oldest as string);
  }
}

/** Another flow with the same inputs; when that fails as well, the first failure counts. */
async function other(
  flowId: string,
  { inputs, context, options, config, metadata }: ExecutionRequest,
  result: RequestResult,
  execute: Execute,
): Promise<RequestResult> {
  const executionId = result.metadata?.executionId;
  const second = await execute({
    flowId,
    ...(inputs !== undefined && { inputs }),
    // It is an execution inside the other one, so that cancelling that cancels this, and it has no fallback.
    context: { ...context, ...(executionId !== undefined && { executionId: `${executionId}/fallback` }) },
    ...(options !== undefined && { options: without(options, "fallback") }),
    ...(config !== undefined && { config }),
    ...(metadata !== undefined && { metadata }),
  });
  return second.success ? instead(result, "flow", second) : result;
}

function without<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
  const copy = { ...value };
  delete copy[key];
  return copy;
}

function instead(
  failed: RequestResult,
  fallbackUsed: "cached-data" | "value" | "flow",
  { outputs, data }: Pick<RequestResult, "outputs" | "data">,
): RequestResult {
  const { metadata } = failed;
  return {
    success: true,
    outputs: { ...outputs },
    data,
    ...(metadata !== undefined && { metadata: { ...metadata, fallbackUsed } }),
  };
}

function asOutputs(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : { result: value };
}

/**
 * The same for the same flow, inputs and variables, whatever the order of keys; nothing for values that JSON cannot tell
 * apart.
 */
function keyOf(request: ExecutionRequest): string | undefined {
  try {
    const { inputs = null, context } = request;
    return JSON.stringify([flowIdOf(request), inputs, context?.variables ?? {}], (_key, value: unknown) => {
      if (!isPlain(value)) throw new TypeError("JSON would make something else of it");
      if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
      return Object.fromEntries(Object.entries(value).sort(([one], [two]) => (one < two ? -1 : 1)));
    });
  } catch {
    return undefined;
  }
}

function isPlain(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return typeof value !== "function" && typeof value !== "symbol";
  return Array.isArray(value) || isRecord(value);
}
