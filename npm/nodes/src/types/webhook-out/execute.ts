import { NodeError } from "../../contract/error.js";
import type { NodeExecutable } from "../../contract/executable.js";
import { foundText } from "../../contract/issues.js";
import { chosenData } from "../../library/chosen-data.js";
import { addressOf, originOf, takeCredentials } from "../../library/http-address.js";
import { postJson } from "../../library/http-client.js";
import { authorize, headersOf } from "../../library/http-headers.js";
import { stepId } from "../../library/step-id.js";
import { executable, type NodeWork } from "../../library/work.js";
import { plainValue, portValue } from "../../table/port-value.js";
import type { Network } from "../http-request/network.js";
import type { StatusAdvice } from "../http-request/status.js";
import { webhookOut } from "./definition.js";
import { keyOf, SHORTEST_KEY, signatures } from "./sign.js";

interface Parameters {
  url: string;
  secret: string | string[];
  data?: unknown;
  headers: Record<string, unknown> | string;
}

type Work = NodeWork<Parameters>;

const ADVICE: StatusAdvice = {
  401: ["Check that the receiver has the same `secret`, and that the clocks of both agree."],
  404: ["Check the address of the receiver."],
  410: ["The receiver wants no more messages: take the node out of the flow."],
};

/** Headers that belong to the specification. */
const OWN_HEADERS = ["webhook-id", "webhook-timestamp", "webhook-signature"];

/**
 * Posts data as JSON with the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`. The id is the same for
 * every attempt at the step, so that a receiver can tell a retry from another message. Errors tell the address without
 * its path, which may be a secret.
 *
 * Fails with INVALID_PARAMETERS (address, secret, headers, no data), TYPE_MISMATCH (data that is no JSON), TIMEOUT, CANCELLED,
 * DESERIALIZATION_FAILED (the answer is not what it says) or EXECUTION_FAILED (nothing answers, an error status, a redirect).
 */
export function webhookOutNode(network: Network): NodeExecutable {
  return executable<Parameters>(webhookOut, (work) => send(work, network), { fromPorts: ["url"] });
}

async function send(work: Work, network: Network): Promise<object> {
  const url = addressOf(portValue(work.input, "url") ?? work.parameters.url, "url");
  const headers = ownHeaders(work);
  authorize(headers, takeCredentials(url));
  const keys = keysOf(work);
  const body = bodyOf(work);
  const id = `msg_${await stepId(work.stepKey)}`;
  const timestamp = Math.floor(Date.now() / 1000);
  headers.set("webhook-id", id);
  headers.set("webhook-timestamp", String(timestamp));
  headers.set("webhook-signature", await signatures({ id, timestamp, body }, keys));
  const { response, value, duration } = await postJson(work, network, {
    url,
    told: originOf(url),
    headers,
    body,
    advice: ADVICE,
  });
  return { result: value, status: response.status, id, timestamp, duration };
}

function ownHeaders({ parameters }: Work): Headers {
  const headers = headersOf(parameters.headers);
  const taken = OWN_HEADERS.filter((name) => headers.has(name));
  if (taken.length === 0) return headers;
  throw new NodeError(
    "INVALID_PARAMETERS",
    `\`headers\` may not have ${taken.join(", ")}, which the node makes itself`,
  );
}

function keysOf(work: Work): Uint8Array<ArrayBuffer>[] {
  const { secret } = work.parameters;
  const keys = (Array.isArray(secret) ? secret : [secret]).map(keyOf);
  if (keys.length === 0) throw new NodeError("INVALID_PARAMETERS", "`secret` is an empty list; it must have a secret");
  if (keys.some(({ length }) => length < SHORTEST_KEY)) {
    work.warn("short-secret", `A secret of fewer than ${SHORTEST_KEY} bytes can be guessed; make one of random bytes`);
  }
  return keys;
}

function bodyOf(work: Work): string {
  const data = plainValue(chosenData(work, "data", ["data", "body"]));
  if (data === undefined) throw new NodeError("INVALID_PARAMETERS", "There is no data to send: give the node `data`");
  try {
    const body = JSON.stringify(data) as string | undefined;
    if (body !== undefined) return body;
  } catch (error) {
    throw new NodeError("TYPE_MISMATCH", "The data cannot be written as JSON", { cause: error });
  }
  throw new NodeError("TYPE_MISMATCH", `The data cannot be written as JSON, found ${foundText(data)}`);
}
