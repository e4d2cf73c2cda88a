/** Messages that have come: what is in a file as mail servers and programs for mail keep it. */
import { readFile, stat } from "node:fs/promises";
import type PostalMime from "postal-mime";
import type { Address, Attachment, Email, Mailbox } from "postal-mime";

import { throwIfAborted } from "../../contract/abort.js";
import { messageOf, NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { findData } from "../../data/input.js";
import type { NodeWork } from "../../library/work.js";
import { optionalPackage } from "../../machine/optional-package.js";
import { checkFile } from "../../machine/readable-file.js";
import { rootedPath } from "../../machine/rooted-path.js";

/** Bytes of a message; servers take less. */
const MOST_BYTES = 50 * 1024 * 1024;
/** Headers of which every message has one. */
const KNOWN_HEADERS = new Set(["from", "sender", "to", "date", "subject", "message-id", "received", "return-path"]);
/** Attachments whose bytes are text: by type, or by the ending of the name. */
const TEXT_TYPE = /^text\/|^application\/(?:json|xml|yaml|csv|x-ndjson|[\w.-]+\+(?:json|xml))$/;
const TEXT_NAME = /\.(?:csv|tsv|json|jsonl|xml|txt|md|ya?ml|ics|vcf|html?)$/i;

/** An attachment as a node hands it on. */
interface ReadAttachment {
  /** A name alone, without folders; made up where the message has none. */
  filename: string;
  contentType: string;
  /** Bytes. */
  size: number;
  /** Where its bytes are text. */
  text?: string;
  /** In base64. */
  content: string;
  isInline: boolean;
}

type Work = NodeWork<{ path?: string }>;

/**
 * Reads one message: from the file that `path` names, else from what an edge brings.
 *
 * @throws NodeError INVALID_PARAMETERS, EXECUTION_FAILED (postal-mime is not installed, no such file), DESERIALIZATION_FAILED (no
 *   message), MEMORY_LIMIT_EXCEEDED or CANCELLED
 */
export async function readMail(work: Work): Promise<object> {
  const { default: Parser } = await optionalPackage("postal-mime", "email", () => import("postal-mime"));
  const raw = await bytesOf(work);
  if (raw.length > MOST_BYTES) throw tooLarge(raw.length);
  throwIfAborted(work.signal);
  const place = work.parameters.path ?? "The message";
  const mail = await parsed(Parser, raw, place);
  const attachments = mail.attachments.map((attachment, index) => attachmentOf(attachment, index, work));
  const message = {
    subject: mail.subject ?? "",
    from: mailboxesOf(mail.from === undefined ? [] : [mail.from])[0] ?? null,
    to: mailboxesOf(mail.to),
    cc: mailboxesOf(mail.cc),
    replyTo: mailboxesOf(mail.replyTo),
    date: mail.date ?? null,
    messageId: mail.messageId ?? null,
    text: mail.text ?? "",
    html: mail.html ?? "",
    attachments,
    headers: mail.headers.map(({ key, value }) => ({ name: key, value })),
  };
  return { result: message, ...message };
}

async function bytesOf({ parameters, input, files }: Work): Promise<Uint8Array> {
  const { path } = parameters;
  if (path !== undefined) {
    const file = await rootedPath(files, path);
    await checkFile(file, path, "Message");
    const { size } = await stat(file);
    if (size > MOST_BYTES) throw tooLarge(size);
    return readFile(file);
  }
  const given = findData(input, ["message", "content"]);
  if (typeof given === "string") return Buffer.from(given, "utf8");
  if (given instanceof Uint8Array) return given;
  throw new NodeError(
    "INVALID_PARAMETERS",
    `\`operation: read\` needs \`path\`, or a message as text or bytes over an edge, found ${foundText(given)}`,
  );
}

async function parsed(Parser: typeof PostalMime, raw: Uint8Array, place: string): Promise<Email> {
  if (Buffer.from(raw.subarray(0, 5)).toString("latin1") === "From ") {
    throw notRead(`${place} begins with "From ", as files of many messages do (mbox)`, [
      "Split it into one file for each message, or export the messages as .eml.",
    ]);
  }
  let mail: Email;
  try {
    mail = await Parser.parse(raw);
  } catch (error) {
    throw notRead(`${place} cannot be read as an email: ${messageOf(error)}`, [], error);
  }
  if (mail.headers.some(({ key }) => KNOWN_HEADERS.has(key))) return mail;
  throw notRead(`${place} is no email: it has no header such as From, Date or Subject`, [
    "Read messages as mail servers keep them: .eml files, or files of a Maildir.",
  ]);
}

function notRead(message: string, advice: string[], cause?: unknown): NodeError {
  return new NodeError("DESERIALIZATION_FAILED", message, { cause, advice, retry: false });
}

function tooLarge(size: number): NodeError {
  return new NodeError("MEMORY_LIMIT_EXCEEDED", `The message has ${size} bytes, and ${MOST_BYTES} are the most`, {
    retry: false,
  });
}

/** Members of a group stand by themselves. */
function mailboxesOf(addresses: readonly Address[] = []): { name: string; address: string }[] {
  const boxes = addresses.flatMap((each): Mailbox[] => (each.group === undefined ? [each] : each.group));
  return boxes.map(({ name, address }) => ({ name, address }));
}

function attachmentOf(attachment: Attachment, index: number, work: Work): ReadAttachment {
  const { mimeType, content: given, disposition, related } = attachment;
  const bytes = typeof given === "string" ? Buffer.from(given, "utf8") : Buffer.from(given as Uint8Array);
  const filename = safeName(attachment.filename, index);
  const isText = TEXT_TYPE.test(mimeType) || TEXT_NAME.test(filename);
  return {
    filename,
    contentType: mimeType,
    size: bytes.length,
    ...(isText && { text: textOf(bytes, filename, work) }),
    content: bytes.toString("base64"),
    isInline: disposition === "inline" || related === true,
  };
}

/** A name that leads to no other folder: senders choose it, and flows write files by it. */
function safeName(given: string | null, index: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  const name = (given ?? "").replace(/[/\\:*?"<>|\u0000-\u001f\u007f]/g, "_").replace(/^[. ]+|[. ]+$/g, "");
  return name === "" ? `attachment-${index + 1}` : name.slice(0, 200);
}

/** UTF-8, as nearly all are; else Windows-1252, which is told. */
function textOf(bytes: Uint8Array, filename: string, { warn }: Work): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    warn("not-utf-8", `The attachment ${filename} is not UTF-8; its text was read as Windows-1252`);
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
