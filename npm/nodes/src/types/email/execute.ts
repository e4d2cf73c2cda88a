import { isIP } from "node:net";
import { LONGEST_TIMER_MS } from "@atomiton/values";

import { throwIfAborted } from "../../contract/abort.js";
import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { sharedParameters } from "../../definition/node-type.js";
import { stepId } from "../../library/step-id.js";
import { executable, type NodeWork } from "../../library/work.js";
import { optionalPackage } from "../../machine/optional-package.js";
import { portValue } from "../../table/port-value.js";
import { addressesOf, headerText, type Mailbox, type ParseAddresses } from "./addresses.js";
import { attachmentsOf } from "./attachments.js";
import { email, operationProblem } from "./definition.js";
import { readMail } from "./read.js";
import { sendFailure } from "./send-failure.js";

interface Parameters {
  operation: "send" | "read";
  path?: string;
  host: string;
  port?: number;
  secure: boolean;
  requireTls?: boolean;
  user?: string;
  password?: string;
  from: string;
  to?: unknown;
  cc?: unknown;
  bcc?: unknown;
  replyTo?: unknown;
  subject?: string;
  text?: string;
  html?: string;
  attachments?: unknown;
  connectionTimeout: number;
}

type Work = NodeWork<Parameters>;

/** Hosts to which nothing goes over a network. */
const OWN_MACHINE = new Set(["localhost", "127.0.0.1", "::1"]);

/**
 * Sends one mail, or reads one. A mail that is sent: its `Message-ID` is the same for every attempt at the step. Recipients that the server refuses are warned
 * of; where it refuses all of them, the node fails.
 *
 * Fails with INVALID_PARAMETERS (addresses, line breaks in headers, no content), EXECUTION_FAILED (nodemailer is not
 * installed, nothing answers, the server refuses), TIMEOUT, CANCELLED or MEMORY_LIMIT_EXCEEDED (attachments); reading as
 * {@link readMail}.
 */
export const emailNode = executable<Parameters>(email, async (work) => {
  const [, problem] = operationProblem({ ...work.parameters }) ?? [];
  if (problem !== undefined) throw new NodeError("INVALID_PARAMETERS", problem);
  return work.parameters.operation === "read" ? readMail(work) : send(work);
});

async function send(work: Work): Promise<object> {
  const [{ createTransport }, parse] = await nodemailer();
  const mail = await mailOf(work, parse);
  throwIfAborted(work.signal);
  const limit = work.explicitTimeout === sharedParameters.timeout.default ? undefined : work.explicitTimeout;
  const deadline = limit === undefined ? undefined : AbortSignal.timeout(Math.min(Math.ceil(limit), LONGEST_TIMER_MS));
  const signal = AbortSignal.any([work.signal, deadline].filter((each) => each !== undefined));
  const transport = createTransport({ ...connectionOf(work.parameters), ...(await checkedHost(work)) });
  try {
    const info = await transport.sendMail({ ...mail, signal });
    return outputOf(work, info);
  } catch (error) {
    throwIfAborted(work.signal);
    if (deadline?.aborted) throw new NodeError("TIMEOUT", `The mail was given up after ${limit} ms`, { cause: error });
    throw sendFailure(error, work.parameters.host, portOf(work.parameters));
  } finally {
    transport.close();
  }
}

async function nodemailer() {
  const loaded = await optionalPackage("nodemailer", email.type, () =>
    Promise.all([import("nodemailer"), import("nodemailer/lib/addressparser")]),
  );
  const [{ createTransport }, { default: addressparser }] = loaded;
  const parse: ParseAddresses = (text) => addressparser(text, { flatten: true });
  return [{ createTransport }, parse] as const;
}

async function mailOf(work: Work, parse: ParseAddresses) {
  const { parameters, input, signal } = work;
  const given = (name: keyof Parameters): unknown => portValue(input, name) ?? parameters[name];
  const [from, ...others] = addressesOf(parameters.from, "from", parse);
  if (from === undefined || others.length > 0) {
    throw new NodeError("INVALID_PARAMETERS", `\`from\` must be one address, found ${foundText(parameters.from)}`);
  }
  const recipients = {
    to: addressesOf(given("to"), "to", parse),
    cc: addressesOf(given("cc"), "cc", parse),
    bcc: addressesOf(given("bcc"), "bcc", parse),
  };
  if (Object.values(recipients).every((each) => each.length === 0)) {
    throw new NodeError("INVALID_PARAMETERS", "The mail has no recipient: give it `to`, `cc` or `bcc`");
  }
  const subject = headerText(textOf(given("subject"), "subject") ?? "", "subject");
  const [text, html] = [textOf(given("text"), "text"), textOf(given("html"), "html")];
  const brought = portValue(input, "attachments");
  const attachments = await attachmentsOf(brought ?? parameters.attachments, brought === undefined, work.files, signal);
  if (text === undefined && html === undefined && attachments.length === 0) {
    throw new NodeError("INVALID_PARAMETERS", "The mail is empty: give it `text`, `html` or `attachments`");
  }
  if (subject === "") work.warn("no-subject", "The mail was sent without a subject");
  return {
    from,
    ...recipients,
    replyTo: addressesOf(given("replyTo"), "replyTo", parse),
    subject,
    ...(text !== undefined && { text }),
    ...(html !== undefined && { html }),
    attachments,
    messageId: `<${await stepId(work.stepKey)}@${domainOf(from)}>`,
    // What comes from data is content, and never the name of a file or an address to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function domainOf({ address }: Mailbox): string {
  return address.slice(address.lastIndexOf("@") + 1);
}

function textOf(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new NodeError("INVALID_PARAMETERS", `\`${name}\` must be text, found ${foundText(value)}`);
}

function connectionOf(parameters: Parameters) {
  const { host, secure, requireTls, user, password, connectionTimeout } = parameters;
  if (password !== undefined && user === undefined) {
    throw new NodeError("INVALID_PARAMETERS", "There is a `password` without a `user`");
  }
  return {
    host,
    port: portOf(parameters),
    secure,
    requireTLS: !secure && (requireTls ?? (password !== undefined && !OWN_MACHINE.has(host))),
    ...(user !== undefined && { auth: { user, pass: password ?? "" } }),
    connectionTimeout,
    greetingTimeout: connectionTimeout,
    socketTimeout: connectionTimeout,
    logger: false,
  } as const;
}

/** Where the owner of the conductor says where nodes may connect, the address that was checked. */
async function checkedHost({ access, parameters }: Work): Promise<{ host?: string; tls?: { servername: string } }> {
  if (access === undefined) return {};
  const { guardOf } = await import("../../machine/guard/guard.js");
  const { host } = parameters;
  try {
    const address = await guardOf(access).addressOf(host, portOf(parameters));
    return { host: address, ...(isIP(host) === 0 && { tls: { servername: host } }) };
  } catch (error) {
    throw error instanceof NodeError ? error : sendFailure(error, host, portOf(parameters));
  }
}

function portOf({ port, secure }: Parameters): number {
  return port ?? (secure ? 465 : 587);
}

interface Sent {
  messageId: string;
  accepted?: readonly unknown[] | undefined;
  rejected?: readonly unknown[] | undefined;
  rejectedErrors?: readonly { response?: string | undefined; message: string }[] | undefined;
  response?: string | undefined;
}

function outputOf(work: Work, info: Sent): object {
  const [accepted, rejected] = [info.accepted ?? [], info.rejected ?? []].map((list) => list.map(String));
  if (rejected !== undefined && rejected.length > 0) {
    const reasons = new Set(info.rejectedErrors?.map(({ response, message }) => response ?? message));
    const why = reasons.size === 0 ? "" : `: ${[...reasons].slice(0, 3).join("; ")}`;
    work.warn("rejected-recipients", `The server refused ${rejected.slice(0, 10).join(", ")}${why}`);
  }
  return { result: info.messageId, messageId: info.messageId, accepted, rejected, response: info.response ?? "" };
}
