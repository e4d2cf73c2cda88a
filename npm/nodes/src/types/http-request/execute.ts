import type { NodeExecutable } from "../../contract/executable.js";
import { answerOf } from "../../library/http-answer.js";
import { headersObject } from "../../library/http-headers.js";
import { executable, type NodeWork } from "../../library/work.js";
import { httpRequest } from "./definition.js";
import type { Network } from "./network.js";
import { type Parameters, requestOf } from "./request.js";
import { sendRequest } from "./send.js";
import { failingStatuses, statusFailure } from "./status.js";

/**
 * Sends one HTTP request with `fetch` and follows redirects. What an edge brings (`url`, `method`, `headers`, `body`,
 * `params` for the query, `auth`) goes before the parameters. An answer with an error status is an answer, unless
 * the flow asks for retries of the node, takes its error over an edge, or says so with `failOn`.
 *
 * Fails with INVALID_PARAMETERS (no or bad URL, `auth`, `params` or `body` of another shape), TYPE_MISMATCH (a body that is no
 * JSON), TIMEOUT, CANCELLED, DESERIALIZATION_FAILED (a successful answer that says it is JSON and is not, or names a charset
 * that is not known), NO_TRANSPORT (files in a page) or EXECUTION_FAILED (`fetch failed`, no such file, no token, or an answer of
 * more than 256 MiB).
 */
export function httpRequestNode(network: Network): NodeExecutable {
  return executable<Parameters>(httpRequest, (work) => run(work, network), { fromPorts: ["url"] });
}

async function run(work: NodeWork<Parameters>, network: Network): Promise<object> {
  const request = await requestOf(work, network);
  const { url, method } = request;
  const isFailure = failingStatuses(work.parameters.failOn, work.errorsHandled);
  const { response, value, duration } = await sendRequest(work, network, request, async (response, secret) => {
    const result = await answerOf(response);
    if (!isFailure(response.status)) return result;
    throw statusFailure(response, method, new URL(response.url || url), withoutSecret(result, secret));
  });
  return {
    result: value,
    status: response.status,
    statusText: response.statusText,
    headers: headersObject(response.headers),
    success: response.ok,
    duration,
    url: shownUrl(response.url || url.href, request.secretName),
    ok: response.ok,
  };
}

/** The address that answered, without the key that its query carries. */
function shownUrl(href: string, secretName: string | undefined): string {
  if (secretName === undefined) return href;
  const url = new URL(href);
  url.searchParams.delete(secretName);
  return url.href;
}

/** An answer as an error may quote it. */
function withoutSecret(answer: unknown, secret: string | undefined): unknown {
  if (secret === undefined || answer === undefined) return answer;
  return (typeof answer === "string" ? answer : JSON.stringify(answer)).replaceAll(secret, "***");
}
