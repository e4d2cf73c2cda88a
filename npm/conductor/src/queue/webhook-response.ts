/** What a flow answers to the webhook that started it. */
export interface WebhookResponse {
  statusCode?: number;
  headers?: Record<string, string>;
  body?: unknown;
  [key: string]: unknown;
}

/** A response, and the execution whose it is. */
export interface WebhookAnswer {
  executionId: string;
  response: unknown;
}

/**
 * A response with its body as data: a text is parsed as JSON, and stays text where it is not JSON. A response that is only a
 * text is its own body. What is given stays as it is.
 */
export function decodeWebhookResponse(response: unknown): unknown {
  if (typeof response === "string") return parsed(response);
  if (typeof response !== "object" || response === null) return response;
  const { body } = response as WebhookResponse;
  return typeof body === "string" ? { ...response, body: parsed(body) } : response;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
