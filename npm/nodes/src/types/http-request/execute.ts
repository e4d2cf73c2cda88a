import type { NodeExecutable } from "../../contract/executable.js";
import { answerOf } from "../../library/http-answer.js";
import { exchange } from "../../library/http-client.js";
import { headersObject } from "../../library/http-headers.js";
import { executable, type NodeWork } from "../../library/work.js";
import { httpRequest } from "./definition.js";
import type { Network } from "./network.js";
import { type Parameters, requestOf } from "./request.js";
import { failingStatuses, statusFailure } from "./status.js";

/**
 * Sends one HTTP request with `fetch` and follows redirects. What an edge brings (`url`, `method`, `headers`, `body`,
 * `params` for the query, `auth`) goes before the parameters. An answer with an error status is an answer, unless
 * the flow asks for retries of the node, takes its error over an edge, or says so with `failOn`.
 *
 * Fails with INVALID_PARAMETERS (no or bad URL, `auth` or `params` of another shape), TIMEOUT, CANCELLED,
 * DESERIALIZATION_FAILED (a successful answer that says it is JSON and is not, or names a charset that is not known) or
 * EXECUTION_FAILED (`fetch failed`, or an answer of more than 256 MiB).
 */
export function httpRequestNode(network: Network): NodeExecutable {
  return executable<Parameters>(httpRequest, (work) => send(work, network), { fromPorts: ["url"] });
}

async function send(work: NodeWork<Parameters>, network: Network): Promise<object> {
  const request = requestOf(work);
  const { url, method, headers } = request;
  network.check(url, headers);
  const isFailure = failingStatuses(work.parameters.failOn, work.errorsHandled);
  const { response, value, duration } = await exchange(
    work,
    network,
    { ...request, redirect: "follow" },
    async (response) => {
      const result = await answerOf(response);
      if (isFailure(response.status)) throw statusFailure(response, method, new URL(response.url || url), result);
      return result;
    },
  );
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
