/** Bytes written as text, and read again. */
import { NodeError } from "../contract/error.js";
import { toBase64 } from "./base64.js";

/** How bytes are written. */
export type BytesEncoding = "hex" | "base64" | "base64url";

/** Text of two digits for each byte has to be shorter than the longest that there is. */
const MOST_HEX_BYTES = 200 * 1024 * 1024;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Bytes as text; base64url has no padding. */
export function bytesText(bytes: Uint8Array, encoding: BytesEncoding): string {
  if (encoding === "hex") {
    if (bytes.length > MOST_HEX_BYTES) {
      throw new NodeError("MEMORY_LIMIT_EXCEEDED", `At most ${MOST_HEX_BYTES} bytes can be written as digits`);
    }
    let text = "";
    for (const byte of bytes) text += HEX[byte] as string;
    return text;
  }
  const text = toBase64(bytes);
  return encoding === "base64" ? text : text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/**
 * The bytes that text says in hexadecimal digits. Blanks between them do not count.
 *
 * @param what the text, in the words of a message
 * @throws NodeError DESERIALIZATION_FAILED saying where the text is not hexadecimal
 */
export function hexBytes(text: string, what: string): Uint8Array<ArrayBuffer> {
  const digits = text.replace(/[\t\n\r ]+/g, "");
  const wrong = digits.search(/[^0-9a-fA-F]/);
  if (wrong >= 0) throw unreadable(what, "hexadecimal", digits, wrong);
  if (digits.length % 2 === 1) {
    throw new NodeError(
      "DESERIALIZATION_FAILED",
      `${what} has ${digits.length} hexadecimal digits, and needs two for each byte`,
    );
  }
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) =>
    Number.parseInt(digits.slice(at * 2, at * 2 + 2), 16),
  );
}

/**
 * The bytes that text says in base64 or base64url, with or without padding. Blanks do not count.
 *
 * @throws NodeError DESERIALIZATION_FAILED saying where the text is not base64
 */
export function base64Bytes(text: string, what: string): Uint8Array<ArrayBuffer> {
  const written = text
    .replace(/[\t\n\r ]+/g, "")
    .replaceAll("-", "+")
    .replaceAll("_", "/");
  const plain = written.endsWith("==") ? written.slice(0, -2) : written.endsWith("=") ? written.slice(0, -1) : written;
  const wrong = plain.search(/[^A-Za-z0-9+/]/);
  if (wrong >= 0) throw unreadable(what, "base64", plain, wrong);
  if (plain.length % 4 === 1 || (plain.length < written.length && written.length % 4 !== 0)) {
    throw new NodeError(
      "DESERIALIZATION_FAILED",
      `${what} is base64 that was cut off: it has ${written.length} characters`,
    );
  }
  const binary = atob(plain);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function unreadable(what: string, code: string, text: string, at: number): NodeError {
  const found = JSON.stringify(String.fromCodePoint(text.codePointAt(at) as number));
  return new NodeError("DESERIALIZATION_FAILED", `${what} is not ${code}: character ${at + 1} is ${found}`);
}
