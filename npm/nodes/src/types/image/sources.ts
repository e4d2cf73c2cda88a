import { messageOf, NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { isRouted } from "../../contract/routed.js";
import { isPlainObject, ownValue, type PlainObject } from "../../data/input.js";
import { bytesOfBase64 } from "../../machine/base64.js";
import { checkFile } from "../../machine/readable-file.js";
import { rootedPath } from "../../machine/rooted-path.js";
import { wasRead } from "../../machine/writing-over.js";
import type { ImageWork } from "./parameters.js";

/** A picture that is not read yet: a file, or what would be in one. */
export type Picture = { path: string; bytes?: undefined } | { path?: undefined; bytes: Uint8Array };

/** A picture by the name that messages call it. */
export type NamedPicture = { name: string } & Picture;

/** How deep outputs of nodes are looked for inside outputs of nodes. */
const MOST_WRAPPINGS = 8;
/** Where outputs keep their content, first the bytes or lists that are, then paths; text comes last, being often no picture. */
const CONTENT = ["result", "value", "bytes", "data", "content", "body"];
const PATHS = ["imagePath", "path", "filePath"];
/** How base64 of PNG, JPEG, GIF, WebP, TIFF, BMP and AVIF begins. */
const BASE64_STARTS = /^(?:iVBORw0KGgo|\/9j\/|R0lGOD|UklGR|SUkqA|TU0AK|Qk|AAAA..Z0eXBhdml)/;
/** Characters of the smallest picture as base64; a shorter text that begins like one is a path. */
const SHORTEST_BASE64 = 48;

/**
 * The picture in a value: a path, bytes, a data URL, base64, or what a node gives that has one of them. `undefined` where
 * it has none.
 *
 * @throws NodeError DESERIALIZATION_FAILED for a data URL that is broken, INVALID_PARAMETERS for an address of the web
 */
export function pictureIn(value: unknown, depth = 0): Picture | undefined {
  if (value instanceof Uint8Array) return { bytes: value };
  if (typeof value === "string") return ofText(value);
  if (!isPlainObject(value) || depth > MOST_WRAPPINGS) return undefined;
  if (isRouted(value) && Object.hasOwn(value, "value")) return pictureIn(value["value"], depth + 1);
  const bytes = ofBufferText(value);
  if (bytes) return { bytes };
  const contents = CONTENT.map((key) => ownValue(value, key));
  const found = contents.find((content) => content instanceof Uint8Array);
  if (found instanceof Uint8Array) return { bytes: found };
  for (const key of PATHS) {
    const path = ownValue(value, key);
    if (typeof path === "string" && path !== "") return ofText(path);
  }
  for (const content of contents) {
    const picture = Array.isArray(content) ? undefined : pictureIn(content, depth + 1);
    if (picture) return picture;
  }
  return undefined;
}

/** The path that a text is; `undefined` for base64, a data URL and an address. */
export function picturePath(text: string): string | undefined {
  try {
    return ofText(text)?.path;
  } catch {
    return undefined;
  }
}

/** The list in a value: itself, or what a node gives that has one. */
export function listIn(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (!isPlainObject(value)) return undefined;
  const inside = ownValue(value, isRouted(value) ? "value" : "result");
  return Array.isArray(inside) ? inside : undefined;
}

/**
 * A picture as native code takes it, by the name that messages call it.
 *
 * @throws NodeError EXECUTION_FAILED `<what> file not found: p`, INVALID_PARAMETERS for a path outside of the owner's folders
 */
export async function sourceOf(work: ImageWork, picture: Picture, what: string): Promise<NamedPicture> {
  if (picture.path === undefined) return { name: what, bytes: picture.bytes };
  const path = await rootedPath(work.files, picture.path);
  await checkFile(path, picture.path, `${what} file`);
  wasRead(work, path);
  return { name: `${what} \`${picture.path}\``, path };
}

function ofText(text: string): Picture | undefined {
  if (text === "") return undefined;
  if (/^data:/i.test(text)) return { bytes: bytesOfDataUrl(text) };
  if (text.length >= SHORTEST_BASE64 && BASE64_STARTS.test(text)) {
    const bytes = bytesOfBase64(text);
    if (bytes) return { bytes };
  }
  if (/^https?:\/\//i.test(text)) {
    throw new NodeError("INVALID_PARAMETERS", `A picture is a file or bytes, not an address: ${text}`, {
      advice: ["Get it with a node of type http-request, whose result is a picture."],
    });
  }
  return { path: text };
}

function bytesOfDataUrl(text: string): Uint8Array {
  const comma = text.indexOf(",");
  const isBase64 = /;base64$/i.test(text.slice(0, Math.max(comma, 0)));
  let bytes: Uint8Array | undefined;
  try {
    if (comma > 0)
      bytes = isBase64
        ? bytesOfBase64(text.slice(comma + 1))
        : Buffer.from(decodeURIComponent(text.slice(comma + 1)), "latin1");
  } catch (error) {
    throw new NodeError("DESERIALIZATION_FAILED", `A data URL cannot be read: ${messageOf(error)}`, { cause: error });
  }
  if (bytes !== undefined) return bytes;
  throw new NodeError("DESERIALIZATION_FAILED", `A data URL cannot be read: ${foundText(text)}`);
}

/** What JSON makes of a Buffer. */
function ofBufferText(value: PlainObject): Uint8Array | undefined {
  const data = ownValue(value, "data");
  return ownValue(value, "type") === "Buffer" && Array.isArray(data) ? Uint8Array.from(data as number[]) : undefined;
}
