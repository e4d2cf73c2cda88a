import { NodeError } from "../../contract/error.js";
import type { NodeExecutable } from "../../contract/executable.js";
import { foundText } from "../../contract/issues.js";
import { textOf } from "../../data/field.js";
import { isPlainObject } from "../../data/input.js";
import { addressOf, originOf, takeCredentials } from "../../library/http-address.js";
import { postJson } from "../../library/http-client.js";
import { authorize } from "../../library/http-headers.js";
import { executable, type NodeWork } from "../../library/work.js";
import { portValue } from "../../table/port-value.js";
import type { Network } from "../http-request/network.js";
import type { StatusAdvice } from "../http-request/status.js";
import { message as definition } from "./definition.js";
import { type Message, services } from "./services.js";

interface Parameters {
  service: keyof typeof services;
  url: string;
  text: string;
  title?: string;
  username?: string;
  fields?: unknown;
}

type Work = NodeWork<Parameters>;

const ADVICE: StatusAdvice = {
  403: ["Check that the webhook still exists and may write into its channel."],
  404: ["Check the address of the webhook; it may have been deleted."],
  429: ["Send fewer messages, or give the node a `policy` with more `retries`."],
};

/** Bytes of a message in the form of Teams that nothing can be cut off from. */
const LARGEST_FRAME = 27_000;

/**
 * Posts a message to a webhook, in the form of its service. What is too long is cut off and warned of. Errors tell the
 * address without its path, which is a secret.
 *
 * Fails with INVALID_PARAMETERS, TYPE_MISMATCH (fields), TIMEOUT, CANCELLED or EXECUTION_FAILED (nothing answers, an error
 * status, a redirect).
 */
export function messageNode(network: Network): NodeExecutable {
  return executable<Parameters>(definition, (work) => send(work, network), { fromPorts: ["text", "url"] });
}

async function send(work: Work, network: Network): Promise<object> {
  const { service } = work.parameters;
  const url = addressOf(work.parameters.url, "url");
  const headers = new Headers();
  authorize(headers, takeCredentials(url));
  const lost: string[] = [];
  const content = services[service](messageOf(work), (what) => lost.push(what));
  if (lost.length > 0) {
    work.warn("truncated-message", `The message for ${service} was sent without ${lost.join(", ")}, which is too much`);
  }
  const call = { url, told: originOf(url), headers, body: JSON.stringify(content), advice: ADVICE };
  const { response, value, duration } = await postJson(work, network, call);
  return { result: value, status: response.status, truncated: lost.length > 0, duration };
}

function messageOf(work: Work): Message {
  const { parameters, input } = work;
  const title = textParameter(portValue(input, "title") ?? parameters.title, "title");
  const fields = fieldsOf(portValue(input, "fields") ?? parameters.fields);
  if (parameters.service === "teams") {
    const frame = JSON.stringify([title, fields]).length;
    if (frame > LARGEST_FRAME) {
      throw new NodeError(
        "INVALID_PARAMETERS",
        `Title and fields have ${frame} characters, where Teams takes 28 KB; send fewer fields`,
      );
    }
  }
  return { text: parameters.text, title, username: textParameter(parameters.username, "username"), fields };
}

function textParameter(value: unknown, name: string): string | undefined {
  if (value === undefined || value === "" || value === null) return undefined;
  if (typeof value === "object")
    throw new NodeError("TYPE_MISMATCH", `\`${name}\` must be text, found ${foundText(value)}`);
  return String(value);
}

function fieldsOf(given: unknown): Message["fields"] {
  if (given === undefined || given === null) return [];
  if (isPlainObject(given)) return Object.entries(given).map(([name, value]) => ({ name, value: textOf(value) }));
  if (!Array.isArray(given)) {
    throw new NodeError(
      "TYPE_MISMATCH",
      `\`fields\` must be an object or a list of { name, value }, found ${foundText(given)}`,
    );
  }
  return given.map((field: unknown, position) => {
    if (isPlainObject(field) && Object.hasOwn(field, "name") && Object.hasOwn(field, "value")) {
      return { name: textOf(field["name"]), value: textOf(field["value"]) };
    }
    const found = isPlainObject(field)
      ? `an object with ${Object.keys(field).slice(0, 5).join(", ")}`
      : foundText(field);
    throw new NodeError("TYPE_MISMATCH", `\`fields[${position}]\` must have \`name\` and \`value\`, found ${found}`);
  });
}
