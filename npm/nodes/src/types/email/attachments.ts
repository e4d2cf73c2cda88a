import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";

import { throwIfAborted } from "../../contract/abort.js";
import { NodeError } from "../../contract/error.js";
import type { FileAccess } from "../../contract/file-access.js";
import { foundText } from "../../contract/issues.js";
import { isPlainObject, unwrap } from "../../data/input.js";
import { bytesOfBase64 } from "../../machine/base64.js";
import { unreadableFile } from "../../machine/missing-path.js";
import { rootedPath } from "../../machine/rooted-path.js";
import { headerText } from "./addresses.js";

/** An attachment with its content. */
export interface Attachment {
  filename: string;
  content: Buffer;
  contentType?: string;
}

/** Bytes of all attachments of a mail; servers take less. */
const MOST_BYTES = 50 * 1024 * 1024;
const KEYS = ["filename", "path", "content", "encoding", "contentType"];

/**
 * The attachments with their content, read from files where they name some.
 *
 * @param mayName whether they may name files: what an edge brings must not choose what is read
 * @param access where files may be read
 * @throws NodeError INVALID_PARAMETERS, EXECUTION_FAILED (no such file), MEMORY_LIMIT_EXCEEDED or CANCELLED
 */
export async function attachmentsOf(
  given: unknown,
  mayName: boolean,
  access: FileAccess | undefined,
  signal: AbortSignal | undefined,
): Promise<Attachment[]> {
  if (given === undefined || given === null) return [];
  if (!Array.isArray(given)) throw refused("attachments", "must be a list", given);
  const attachments: Attachment[] = [];
  let room = MOST_BYTES;
  for (const [position, each] of (given as unknown[]).entries()) {
    throwIfAborted(signal);
    const attachment = await attachmentOf(each, `attachments[${position}]`, mayName, access, room);
    room -= attachment.content.length;
    if (room < 0) throw tooLarge();
    attachments.push(attachment);
  }
  return attachments;
}

async function attachmentOf(
  given: unknown,
  place: string,
  mayName: boolean,
  access: FileAccess | undefined,
  room: number,
): Promise<Attachment> {
  if (!isPlainObject(given)) throw refused(place, "must be an object", given);
  const strange = Object.keys(given).filter((key) => !KEYS.includes(key));
  if (strange.length > 0) throw refused(place, `may have ${KEYS.join(", ")}`, strange.join(", "));
  const { path, encoding } = given;
  if (path !== undefined && !mayName) {
    throw new NodeError("INVALID_PARAMETERS", `\`${place}.path\` came over an edge; only parameters may name files`);
  }
  if ((path === undefined) === (given["content"] === undefined)) {
    throw refused(place, "must have either `path` or `content`", path === undefined ? undefined : "both");
  }
  const content =
    path === undefined ? contentOf(unwrap(given["content"]), encoding, place) : await fileOf(path, place, access, room);
  const filename = given["filename"] ?? (typeof path === "string" ? basename(path) : undefined);
  if (typeof filename !== "string" || filename === "") throw refused(`${place}.filename`, "must be text", filename);
  const contentType = given["contentType"];
  if (contentType !== undefined && typeof contentType !== "string") {
    throw refused(`${place}.contentType`, "must be text", contentType);
  }
  return {
    filename: headerText(filename, `${place}.filename`),
    content,
    ...(contentType !== undefined && { contentType: headerText(contentType, `${place}.contentType`) }),
  };
}

function contentOf(content: unknown, encoding: unknown, place: string): Buffer {
  if (content instanceof Uint8Array) return Buffer.from(content);
  if (typeof content !== "string") throw refused(`${place}.content`, "must be text or bytes", content);
  if (encoding === undefined || encoding === "utf8") return Buffer.from(content, "utf8");
  if (encoding !== "base64") throw refused(`${place}.encoding`, 'must be "utf8" or "base64"', encoding);
  const bytes = bytesOfBase64(content);
  if (bytes === undefined) throw refused(`${place}.content`, "must be base64", content);
  return bytes;
}

async function fileOf(path: unknown, place: string, access: FileAccess | undefined, room: number): Promise<Buffer> {
  if (typeof path !== "string" || path === "") throw refused(`${place}.path`, "must be text", path);
  try {
    const file = await rootedPath(access, path);
    const facts = await stat(file);
    if (!facts.isFile()) throw new NodeError("EXECUTION_FAILED", `\`${place}.path\` is not a file: ${path}`);
    if (facts.size > room) throw tooLarge();
    return await readFile(file);
  } catch (error) {
    if (error instanceof NodeError) throw error;
    throw await unreadableFile(`${place}.path`, path, error);
  }
}

function tooLarge(): NodeError {
  return new NodeError("MEMORY_LIMIT_EXCEEDED", `The attachments have more than ${MOST_BYTES} bytes`, {
    advice: ["Put large files where the recipients can fetch them, and send the address."],
    retry: false,
  });
}

function refused(name: string, rule: string, value: unknown): NodeError {
  return new NodeError("INVALID_PARAMETERS", `\`${name}\` ${rule}, found ${foundText(value)}`);
}
