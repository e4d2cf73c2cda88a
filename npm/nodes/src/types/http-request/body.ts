/** The bodies of requests. */
import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { isPlainObject } from "../../data/input.js";
import { textsOf } from "../../library/http-headers.js";
import type { Body } from "../../library/http-redirects.js";
import { jsonObject } from "../../library/json-parameter.js";
import type { httpRequest } from "./definition.js";
import { filePiece, type Piece, refused, type TransferFiles } from "./files.js";
import { multipartPieces } from "./multipart.js";

/** How a body is written. */
export type BodyType = (typeof httpRequest.parameterSchema.properties.bodyType.enum)[number];

/** A body as parameters or an edge give it. */
export interface GivenBody {
  type: BodyType;
  value: unknown;
  /** Whether it may name files: what an edge brings must not choose what is read. */
  mayName: boolean;
}

/**
 * The body that is sent; sets `content-type` where the request says none.
 *
 * @param files the files of this place; `undefined` in a page
 * @throws NodeError INVALID_PARAMETERS, TYPE_MISMATCH (no JSON), EXECUTION_FAILED (no such file), NO_TRANSPORT (a file in a page)
 */
export async function bodyOf(
  given: GivenBody,
  headers: Headers,
  files: TransferFiles | undefined,
): Promise<Body | undefined> {
  const { type, value } = given;
  if (value === undefined || value === null) {
    if (type === "auto") return undefined;
    throw new NodeError("INVALID_PARAMETERS", `\`bodyType: ${type}\` needs \`body\``);
  }
  switch (type) {
    case "auto":
      if (typeof value === "string") return value;
      if (value instanceof Uint8Array) return new Uint8Array(value);
      return jsonOf(value, headers);
    case "json":
      return jsonOf(value, headers);
    case "text":
      if (typeof value !== "string") throw refused("body", "must be text for `bodyType: text`", value);
      announce(headers, "text/plain;charset=UTF-8");
      return value;
    case "form":
      announce(headers, "application/x-www-form-urlencoded;charset=UTF-8");
      return formOf(jsonObject(value, "body"));
    case "multipart": {
      if (headers.has("content-type")) {
        throw new NodeError(
          "INVALID_PARAMETERS",
          "`headers` may not have content-type for `bodyType: multipart`, which writes it with the boundary of its parts",
        );
      }
      const { pieces, contentType } = await multipartPieces(jsonObject(value, "body"), given.mayName, files);
      headers.set("content-type", contentType);
      return sent(pieces, files);
    }
    case "file":
      return sent([await fileOf(given, headers, files)], files);
  }
}

function announce(headers: Headers, type: string): void {
  if (!headers.has("content-type")) headers.set("content-type", type);
}

function jsonOf(value: unknown, headers: Headers): string {
  announce(headers, "application/json");
  try {
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) return text;
  } catch (error) {
    throw new NodeError("TYPE_MISMATCH", "The body cannot be written as JSON", { cause: error });
  }
  throw new NodeError("TYPE_MISMATCH", `The body cannot be written as JSON, found ${foundText(value)}`);
}

function formOf(fields: Record<string, unknown>): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const text of textsOf(value, `body.${name}`)) form.append(name, text);
  }
  return form.toString();
}

async function fileOf(
  { value, mayName }: GivenBody,
  headers: Headers,
  files: TransferFiles | undefined,
): Promise<Piece> {
  const { path, contentType, ...others } = isPlainObject(value) ? value : { path: value };
  const strange = Object.keys(others);
  if (strange.length > 0) throw refused("body", "may have path and contentType", strange.join(", "));
  if (contentType !== undefined && typeof contentType !== "string") {
    throw refused("body.contentType", "must be text", contentType);
  }
  const piece = await filePiece(path, "body", mayName, files);
  announce(headers, contentType ?? "application/octet-stream");
  return piece;
}

/** Bytes alone go as they are; with files among them they are streamed. */
function sent(pieces: readonly Piece[], files: TransferFiles | undefined): Body {
  const length = pieces.reduce((sum, piece) => sum + (piece instanceof Uint8Array ? piece.length : piece.size), 0);
  if (files !== undefined && pieces.some((piece) => !(piece instanceof Uint8Array))) {
    return { length, open: () => files.stream(pieces) };
  }
  const whole = new Uint8Array(length);
  let position = 0;
  for (const piece of pieces as readonly Uint8Array[]) {
    whole.set(piece, position);
    position += piece.length;
  }
  return whole;
}
