/** One question to the model, and its answer. */
import { answerOf } from "../../library/http-answer.js";
import { postJson } from "../../library/http-client.js";
import { type EndpointParameters, endpointAdvice, endpointOf } from "../../library/openai.js";
import type { NodeWork } from "../../library/work.js";
import type { Network } from "../http-request/network.js";
import { type ChatAnswer, wholeAnswer } from "./answer.js";
import type { ChatMessage } from "./messages.js";
import { streamedAnswer } from "./streamed.js";

export interface Parameters extends EndpointParameters {
  prompt?: string;
  messages?: unknown[];
  system?: string;
  temperature?: number;
  maxTokens?: number;
  schema?: Record<string, unknown> | string;
  repairs: number;
  stream: boolean;
  options?: Record<string, unknown>;
  tools?: unknown[];
  maxRounds: number;
}

/** Where the newer name of the limit is the only one that all models know. */
const OPENAI_HOST = "api.openai.com";

/**
 * Asks once.
 *
 * @throws NodeError EXECUTION_FAILED (an error status, no answer, the model refuses), DESERIALIZATION_FAILED (no answer of
 *   such an endpoint), TIMEOUT or CANCELLED
 */
export async function chat(
  work: NodeWork<Parameters>,
  network: Network,
  messages: readonly ChatMessage[],
  schema: Record<string, unknown> | undefined,
  tools: readonly object[] | undefined,
): Promise<ChatAnswer> {
  const { parameters } = work;
  const { url, headers } = endpointOf(parameters, "chat/completions");
  const body = JSON.stringify(requestOf(parameters, url, messages, schema, tools));
  const call = { url, headers, body, advice: endpointAdvice };
  const { value, duration } = await postJson(work, network, call, async (response) => {
    const isStream = response.headers.get("content-type")?.toLowerCase().startsWith("text/event-stream") === true;
    if (isStream && response.body !== null) return streamedAnswer(response.body, parameters.maxTokens, work.progress);
    return wholeAnswer(await answerOf(response));
  });
  return { ...value, model: value.model ?? parameters.model, duration };
}

function requestOf(
  { model, temperature, maxTokens, stream, options }: Parameters,
  url: URL,
  messages: readonly ChatMessage[],
  schema: Record<string, unknown> | undefined,
  tools: readonly object[] | undefined,
): object {
  const limit = url.host === OPENAI_HOST ? "max_completion_tokens" : "max_tokens";
  return {
    ...options,
    model,
    messages,
    ...(tools !== undefined && { tools }),
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { [limit]: maxTokens }),
    ...(schema !== undefined && {
      response_format: { type: "json_schema", json_schema: { name: "answer", schema } },
    }),
    stream,
    ...(stream && { stream_options: { include_usage: true } }),
  };
}
