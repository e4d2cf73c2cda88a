/** Answers to requests: results and refusals as JSON, resources with their versions, files. */
import { fromBase64 } from "../types/base64.js";
import type { ErrorCode } from "../types/errors.js";
import type { Limited, Refusal } from "./access.js";
import { encodeAnswer } from "./answer-text.js";
import type { CallResult } from "./calls.js";
import type { KeyRefusal } from "./idempotency.js";
import { LightResponse } from "./node-listener.js";
import type { Given, Resource } from "./resources.js";

/** What answers as JSON have as headers, but for those of one alone. */
const ANSWER_HEADERS = {
  "content-type": "application/json",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/** Answers that have those headers from the start, so that nothing has to look into them. */
const complete = new WeakSet<Response>();

/** Whether an answer has them. */
export function isComplete(response: Response): boolean {
  return complete.has(response);
}

const STATUS: Partial<Record<ErrorCode, 400 | 404 | 413 | 429 | 501>> = {
  NODE_NOT_FOUND: 404,
  VALIDATION_FAILED: 400,
  INVALID_PARAMETERS: 400,
  DESERIALIZATION_FAILED: 400,
  RATE_LIMIT_EXCEEDED: 429,
  IMPLEMENTATION_NOT_FOUND: 501,
};

/** The status of what is refused with a code. */
export function statusOf(code: ErrorCode): number {
  return STATUS[code] ?? 422;
}

/** The answer of a command, as clients of channels read it. */
export function channelAnswer(answer: CallResult): Response {
  if ("status" in answer) return refusedBy(answer);
  if (!("result" in answer)) return json({ ...answer, code: answer.code ?? "EXECUTION_FAILED" }, 422);
  return json(answer.result);
}

/** The answer of a command, as that of a resource. */
export function answerOf(answer: CallResult | KeyRefusal, resource: Resource, given: Given): Response {
  if ("status" in answer) return refusedBy(answer);
  if (!("result" in answer)) {
    const { error, code = "EXECUTION_FAILED" } = answer;
    const isStale = given.ifVersion !== undefined && code === "INVALID_PARAMETERS";
    return isStale ? problem(412, code, overHttp(error)) : problem(statusOf(code), code, error);
  }
  const { result } = answer;
  const { success, error, code } = (result ?? {}) as { success?: unknown; error?: unknown; code?: ErrorCode };
  // Older commands tell of what they do not find in their result. The output of a node may look the same.
  if (resource.answers !== "value" && success === false && typeof error === "string") {
    const known = code ?? "NODE_NOT_FOUND";
    return problem(statusOf(known), known, error);
  }
  if (resource.answers === "deleted" && result === 0) {
    return problem(404, "NODE_NOT_FOUND", `There is no execution ${given.params.id} that is over`);
  }
  switch (resource.answers) {
    case "nothing":
      return new Response(null, { status: 204 });
    case "created":
      return json(result, 201, versionOf(result));
    case "flow":
      return json(result, 200, versionOf(result));
    case "file": {
      const headers = { "content-type": "application/octet-stream", "content-disposition": "attachment" };
      return new Response(fromBase64(String(result)) as BodyInit, { headers });
    }
    default:
      return json(result === undefined ? null : result);
  }
}

/** Advice on how to save a flow, as requests say it. */
function overHttp(error: string): string {
  return error
    .replace(/ifVersion: 0 to make it anew$/, "`If-None-Match: *` to make it anew")
    .replace(/load it, (.*) ifVersion: (\d+)$/, 'load it again, $1 its ETag as `If-Match: "$2"`');
}

function versionOf(flow: unknown): Record<string, string> {
  const { storedVersion } = (flow ?? {}) as { storedVersion?: unknown };
  return typeof storedVersion === "number" ? { etag: `"${storedVersion}"` } : {};
}

/** The answer to a caller that may not do this, calls too often, or sends a key that is refused. */
export function refusedBy(refused: Refusal | Limited | KeyRefusal): Response {
  const { status, error, code } = refused;
  const headers: Record<string, string> = status === 401 ? { "www-authenticate": "Bearer" } : {};
  if ("retryAfter" in refused) headers["retry-after"] = String(refused.retryAfter);
  return json({ error, code, channelError: true }, status, headers);
}

/** Why a request is not carried out, in words and by a code. */
export function problem(status: number, code: ErrorCode, error: string): Response {
  return json({ error, code, channelError: true }, status);
}

/** An answer as JSON. */
export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  let text: string | undefined;
  try {
    text = encodeAnswer(value);
  } catch (error) {
    const body = { error: (error as Error).message, code: "SERIALIZATION_FAILED", channelError: true };
    return Response.json(body, { status: 422 });
  }
  const response = new LightResponse(text ?? "", { status, headers: { ...ANSWER_HEADERS, ...headers } });
  complete.add(response);
  return response;
}
