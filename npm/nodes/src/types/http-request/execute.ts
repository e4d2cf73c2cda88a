import { NodeError } from "../../contract/error.js";
import type { NodeExecutable } from "../../contract/executable.js";
import { AnswerBudget, answerOf, LARGEST_ANSWER } from "../../library/http-answer.js";
import { headersObject } from "../../library/http-headers.js";
import { executable, type NodeWork } from "../../library/work.js";
import { httpRequest } from "./definition.js";
import type { Network } from "./network.js";
import { PageReader } from "./pages.js";
import { type GivenPagination, paginationOf } from "./pagination.js";
import { type Parameters, type PreparedRequest, requestOf } from "./request.js";
import { downloadOf, quoted } from "./save.js";
import { sendRequest } from "./send.js";
import { ERRORS, failingStatuses, statusFailure, statusText } from "./status.js";

/**
 * Sends one HTTP request with `fetch` and follows redirects. What an edge brings (`url`, `method`, `headers`, `body`,
 * `params` for the query, `auth`) goes before the parameters. An answer with an error status is an answer, unless
 * the flow asks for retries of the node, takes its error over an edge, or says so with `failOn`.
 *
 * With `saveTo` the answer goes to a file, with `pagination` the items of one page after the other are gathered.
 *
 * Fails with INVALID_PARAMETERS (no or bad URL; `auth`, `params`, `body` or `pagination` of another shape; settings that do not go
 * together; a file outside of the owner's folders), TYPE_MISMATCH (a body that is no JSON, a page without items), TIMEOUT,
 * CANCELLED, DESERIALIZATION_FAILED (a successful answer that says it is JSON or compressed and is not, or names a charset that is
 * not known), NO_TRANSPORT (files in a page) or EXECUTION_FAILED (`fetch failed`, an error status, no such file, no token, an
 * answer that is too large, or JSON that is cut short where the method is GET).
 */
export function httpRequestNode(network: Network): NodeExecutable {
  return executable<Parameters>(httpRequest, (work) => run(work, network), { fromPorts: ["url"] });
}

async function run(work: NodeWork<Parameters>, network: Network): Promise<object> {
  const { failOn, saveTo, pagination, maxSize, idempotency } = work.parameters;
  if (saveTo !== undefined && pagination !== undefined) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      "`saveTo` writes one answer as it comes, and `pagination` gathers items of several",
      {
        advice: ["Gather the items, and write them with a node of type file-system."],
      },
    );
  }
  if (idempotency === true && pagination !== undefined) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      "`idempotency` makes one key for one request, and `pagination` sends several, of which a server would answer all like the first; leave one of them out",
    );
  }
  if (saveTo === undefined && maxSize !== undefined && maxSize > LARGEST_ANSWER) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      `\`maxSize\` may be ${LARGEST_ANSWER} at most where there is no \`saveTo\``,
    );
  }
  const request = await requestOf(work, network);
  const failsBy = failingStatuses(failOn, work.errorsHandled);
  if (pagination !== undefined) return gathered(work, network, request, failsBy);
  const download = await downloadOf(work, network, request);
  const warn = (rule: string, message: string) => work.warn(rule, message);
  const { response, value, duration } = await sendRequest(work, network, request, async (response, secret) => {
    const isFailure = failsBy(response.status) || (download !== undefined && !response.ok);
    if (isFailure) throw await failureOf(response, request, secret, download !== undefined);
    return download === undefined
      ? { result: await answerOf(response, warn, new AnswerBudget(maxSize), { method: request.method, secret }) }
      : download.output(response, await download.save(response));
  });
  if (response.status >= 400 && failOn === undefined && !work.errorsHandled)
    work.warn("error-status", dataText(response, request));
  return { ...value, ...factsOf(response, request), duration };
}

/** Of an error that is handed on as data, because the flow does not say that it is one. */
function dataText(response: Response, { method, url }: PreparedRequest): string {
  const words = statusText(response, method, new URL(response.url || url));
  return `${words} was handed on as data; set \`failOn: ${ERRORS}\` for such an answer to be a failure, or \`failOn: []\` where it is not one`;
}

async function gathered(
  work: NodeWork<Parameters>,
  network: Network,
  first: PreparedRequest,
  failsBy: (status: number) => boolean,
): Promise<object> {
  const started = performance.now();
  const pagination = paginationOf(work.parameters.pagination as GivenPagination);
  const reader = new PageReader(work, network, first, pagination, async (response, request, secret) => {
    if (!response.ok || failsBy(response.status)) throw await failureOf(response, request, secret, true);
  });
  const { items, pages, more, response, request } = await reader.gather();
  const duration = Math.round(performance.now() - started);
  return { result: items, pages, count: items.length, more, ...factsOf(response, request), duration };
}

/** What every answer has. */
function factsOf(response: Response, { url, secretName }: PreparedRequest): object {
  return {
    status: response.status,
    statusText: response.statusText,
    headers: headersObject(response.headers),
    success: response.ok,
    url: shownUrl(response.url || url.href, secretName),
    ok: response.ok,
  };
}

/** @param isLarge whether an answer of this request may be larger than what an error needs of it */
async function failureOf(
  response: Response,
  { method, url }: PreparedRequest,
  secret: string | undefined,
  isLarge: boolean,
): Promise<NodeError> {
  const said = withoutSecret(await (isLarge ? quoted(response) : answerOf(response)), secret);
  return statusFailure(response, method, new URL(response.url || url), said);
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
