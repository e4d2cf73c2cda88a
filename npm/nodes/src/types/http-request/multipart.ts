/** Bodies of several parts, as forms with files have them (RFC 7578). */
import { isPlainObject } from "../../data/input.js";
import { textsOf } from "../../library/http-headers.js";
import { filePiece, type Piece, refused, type TransferFiles } from "./files.js";

const KEYS = ["path", "content", "filename", "contentType"];

/**
 * The parts of a body: text, numbers, bytes, `{ path }` for a file, `{ content, filename }` for one that is made here, or a
 * list of these.
 *
 * @throws NodeError INVALID_PARAMETERS naming the part, and what `filePiece` throws
 */
export async function multipartPieces(
  fields: Record<string, unknown>,
  mayName: boolean,
  files: TransferFiles | undefined,
): Promise<{ pieces: Piece[]; contentType: string }> {
  const random = crypto.getRandomValues(new Uint8Array(16));
  const boundary = `----conductor${[...random].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  const pieces: Piece[] = [];
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (one === undefined || one === null) continue;
      const { content, filename, type } = await partOf(one, `body.${name}`, mayName, files);
      const file = filename === undefined ? "" : `; filename="${escaped(filename)}"`;
      const headers = [`Content-Disposition: form-data; name="${escaped(name)}"${file}`];
      if (type !== undefined) headers.push(`Content-Type: ${type}`);
      pieces.push(encoded(`--${boundary}\r\n${headers.join("\r\n")}\r\n\r\n`), content, encoded("\r\n"));
    }
  }
  pieces.push(encoded(`--${boundary}--\r\n`));
  return { pieces, contentType: `multipart/form-data; boundary=${boundary}` };
}

interface Part {
  content: Piece;
  filename?: string;
  type?: string;
}

async function partOf(
  given: unknown,
  place: string,
  mayName: boolean,
  files: TransferFiles | undefined,
): Promise<Part> {
  if (given instanceof Uint8Array) return { content: new Uint8Array(given), filename: "blob", type: BYTES };
  if (!isPlainObject(given)) return { content: encoded(textsOf(given, place).join("")) };
  const strange = Object.keys(given).filter((key) => !KEYS.includes(key));
  if (strange.length > 0) throw refused(place, `may have ${KEYS.join(", ")}`, strange.join(", "));
  const { path, content } = given;
  if ((path === undefined) === (content === undefined)) {
    throw refused(place, "must have either `path` or `content`", path === undefined ? undefined : "both");
  }
  const type = headerText(given["contentType"], `${place}.contentType`) ?? BYTES;
  const filename = textOrNone(given["filename"], `${place}.filename`);
  if (path !== undefined) {
    const piece = await filePiece(path, `${place}.path`, mayName, files);
    return { content: piece, filename: filename ?? baseName(path as string), type };
  }
  if (typeof content === "string") return { content: encoded(content), filename: filename ?? "blob", type };
  if (content instanceof Uint8Array) return { content: new Uint8Array(content), filename: filename ?? "blob", type };
  throw refused(`${place}.content`, "must be text or bytes", content);
}

const BYTES = "application/octet-stream";

function textOrNone(value: unknown, name: string): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  throw refused(name, "must be text", value);
}

/** Text that goes into a header as it is, and so must end none. */
function headerText(value: unknown, name: string): string | undefined {
  const text = textOrNone(value, name);
  if (text === undefined || /^[\x20-\x7e]+$/.test(text)) return text;
  throw refused(name, "must be text without line breaks and foreign letters", value);
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** A name within quotes, as browsers write it. */
function escaped(name: string): string {
  return name.replaceAll("\r", "%0D").replaceAll("\n", "%0A").replaceAll('"', "%22");
}

function encoded(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
