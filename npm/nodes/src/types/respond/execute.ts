import { NodeError } from "../../contract/error.js";
import { findData } from "../../data/input.js";
import { headersOf } from "../../library/http-headers.js";
import { executable } from "../../library/work.js";
import { respond } from "./definition.js";

interface Parameters {
  status: number;
  headers?: unknown;
  body?: unknown;
}

/** Headers that belong to the connection, or to the server. */
const OF_CONNECTION = [
  "connection",
  "content-length",
  "content-security-policy",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Statuses of answers without a body. */
const BODILESS = [204, 205, 304];

/**
 * Answers, as `{status, headers, body, sent}`.
 *
 * Fails with INVALID_PARAMETERS: a header that is not valid, or not a flow's to set; a body with a status that has none.
 */
export const respondNode = executable<Parameters>(respond, async (work) => {
  const { status, headers: given = {} } = work.parameters;
  const taken = [...headersOf(given).keys()].filter((name) => OF_CONNECTION.includes(name));
  if (taken.length > 0) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      `\`headers\` may not have ${taken.join(", ")}, which the server makes itself`,
    );
  }
  const found = work.isGiven("body") ? work.parameters.body : (findData(work.input, ["data"]) ?? work.input);
  const body = BODILESS.includes(status) && !work.isGiven("body") ? null : (found ?? null);
  if (BODILESS.includes(status) && body !== null) {
    throw new NodeError("INVALID_PARAMETERS", `An answer with the status ${status} has no body; leave \`body\` out`);
  }
  const headers = given as Record<string, string>;
  const sent = work.respond?.({ status, headers, body }) ?? false;
  if (work.respond !== undefined && !sent) {
    work.warn("answered-before", "The request was answered before, or does not wait any more; this answer is not sent");
  }
  return { status, headers, body, sent };
});
