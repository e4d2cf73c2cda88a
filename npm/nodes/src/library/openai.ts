/** Endpoints that talk like OpenAI's. */
import { NodeError } from "../contract/error.js";
import { isPlainObject } from "../data/input.js";
import type { StatusAdvice } from "../types/http-request/status.js";
import { addressOf, takeCredentials } from "./http-address.js";
import { authorize, headersOf } from "./http-headers.js";

/** The parameters of `definition/endpoint.ts`, checked. */
export interface EndpointParameters {
  baseUrl: string;
  apiKey?: string;
  model: string;
  headers: Record<string, unknown> | string;
  prices?: { input?: number; output?: number };
}

/** What to do about statuses of such an endpoint. */
export const endpointAdvice: StatusAdvice = {
  400: ["Look at what the service says; not every model takes every parameter."],
  401: ["Check `apiKey`."],
  403: ["Check what the key is allowed to do."],
  404: ["Check `baseUrl`, which ends with the version, and `model`."],
  429: ["Give the node a `policy` with more `retries` and a longer `retryDelay`, or a `rateLimit`."],
};

/** The address of a path below the base, and the headers of a request there. */
export function endpointOf(parameters: EndpointParameters, path: string): { url: URL; headers: Headers } {
  const url = addressOf(parameters.baseUrl, "baseUrl");
  const headers = headersOf(parameters.headers);
  const credentials = takeCredentials(url);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
  const { apiKey } = parameters;
  if (!headers.has("authorization")) {
    authorize(headers, apiKey === undefined || apiKey === "" ? credentials : { type: "bearer", token: apiKey });
  }
  return { url, headers };
}

/** Tokens that requests took. */
export interface Usage {
  promptTokens: number;
  completionTokens: number;
  totalTokens: number;
}

/** The usage that an answer tells; `undefined` where it tells none. */
export function usageOf(told: unknown): Usage | undefined {
  if (!isPlainObject(told)) return undefined;
  // Under other names they would count as none, and cost nothing.
  if (typeof told["prompt_tokens"] !== "number" && typeof told["completion_tokens"] !== "number") return undefined;
  const count = (name: string): number => (typeof told[name] === "number" ? (told[name] as number) : 0);
  const [promptTokens, completionTokens] = [count("prompt_tokens"), count("completion_tokens")];
  return { promptTokens, completionTokens, totalTokens: count("total_tokens") || promptTokens + completionTokens };
}

/** Both together; `undefined` where one is not known. */
export function sumOf(one: Usage | undefined, other: Usage | undefined): Usage | undefined {
  if (one === undefined || other === undefined) return undefined;
  return {
    promptTokens: one.promptTokens + other.promptTokens,
    completionTokens: one.completionTokens + other.completionTokens,
    totalTokens: one.totalTokens + other.totalTokens,
  };
}

/** What tokens cost, as an output has it; warns where the service does not say how many there were. */
export function costOf(
  prices: EndpointParameters["prices"],
  usage: Usage | undefined,
  warn: (rule: string, message: string) => void,
): { cost?: number } {
  if (prices === undefined) return {};
  if (usage === undefined) {
    warn("unknown-cost", "The service does not say how many tokens there were, so that `cost` cannot be worked out");
    return {};
  }
  const { input = 0, output = 0 } = prices;
  return { cost: (usage.promptTokens * input + usage.completionTokens * output) / 1_000_000 };
}

/** The failure of an answer that is not what the endpoint promises. */
export function strangeAnswer(what: string, answer: unknown): NodeError {
  const text = typeof answer === "string" ? answer : (JSON.stringify(answer) as string | undefined);
  const excerpt = (text ?? "nothing").replace(/\s+/g, " ").slice(0, 200);
  return new NodeError("DESERIALIZATION_FAILED", `${what}: ${excerpt}`, {
    advice: ["Check that `baseUrl` is an endpoint that talks like OpenAI's."],
  });
}
