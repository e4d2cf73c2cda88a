/** Bytes written as text, and read again, in pieces between which other work of the thread has its turn. */
import { NodeError } from "../contract/error.js";
import { inBatches } from "../contract/pace.js";
import { toBase64 } from "./base64.js";

/** How bytes are written. */
export type BytesEncoding = "hex" | "base64" | "base64url";

/** Text of two digits for each byte has to be shorter than the longest that there is. */
export const MOST_HEX_BYTES = 200 * 1024 * 1024;

/** Bytes or characters that are worked on at once. A multiple of three, so that base64 is padded only at its end. */
const PIECE = 3 * 256 * 1024;

/** Values of characters, by their codes: of a digit what it counts, of others one of these. */
const BLANK = 64;
const NONE = 65;

const HEX_DIGITS = new TextEncoder().encode("0123456789abcdef");
const HEX_VALUES = valuesOf("0123456789abcdef", "0123456789ABCDEF");
const BASE64_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE64_VALUES = valuesOf(`${BASE64_LETTERS}+/`, `${BASE64_LETTERS}-_`);

/**
 * Bytes as text; base64url has no padding.
 *
 * @throws NodeError MEMORY_LIMIT_EXCEEDED for more than 200 MiB in hexadecimal digits, CANCELLED
 */
export async function bytesText(bytes: Uint8Array, encoding: BytesEncoding, signal?: AbortSignal): Promise<string> {
  if (encoding === "hex" && bytes.length > MOST_HEX_BYTES) {
    throw new NodeError("MEMORY_LIMIT_EXCEEDED", `At most ${MOST_HEX_BYTES} bytes can be written as digits`);
  }
  const pieces: string[] = [];
  const write = (from: number, to: number) => pieces.push(pieceText(bytes.subarray(from, to), encoding));
  await inBatches(bytes.length, signal, write, PIECE);
  return pieces.join("");
}

/** A few bytes in hexadecimal digits. */
export function hexText(bytes: Uint8Array): string {
  const digits = new Uint8Array(bytes.length * 2);
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    digits[at * 2] = HEX_DIGITS[byte >> 4] as number;
    digits[at * 2 + 1] = HEX_DIGITS[byte & 15] as number;
  }
  return new TextDecoder().decode(digits);
}

/**
 * The bytes that text says in hexadecimal digits. Blanks between them do not count.
 *
 * @param what the text, in the words of a message
 * @throws NodeError DESERIALIZATION_FAILED saying where the text is not hexadecimal, CANCELLED
 */
export async function hexBytes(text: string, what: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(text.length >> 1);
  let digits = 0;
  let high = 0;
  const read = (from: number, to: number) => {
    for (let at = from; at < to; at++) {
      const value = HEX_VALUES[text.charCodeAt(at)] ?? NONE;
      if (value === BLANK) continue;
      if (value === NONE) throw unreadable(what, "hexadecimal", text, at);
      if (digits % 2 === 0) high = value;
      else bytes[digits >> 1] = (high << 4) | value;
      digits++;
    }
  };
  await inBatches(text.length, signal, read, PIECE);
  if (digits % 2 === 1) {
    throw new NodeError(
      "DESERIALIZATION_FAILED",
      `${what} has ${digits} hexadecimal digits, and needs two for each byte`,
    );
  }
  return whole(bytes, digits >> 1);
}

/**
 * The bytes that text says in base64 or base64url, with or without padding. Blanks do not count.
 *
 * @throws NodeError DESERIALIZATION_FAILED saying where the text is not base64, CANCELLED
 */
export async function base64Bytes(text: string, what: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const { end, padding } = unpadded(text);
  const bytes = new Uint8Array(Math.floor(end * 0.75));
  let letters = 0;
  let bits = 0;
  let length = 0;
  const read = (from: number, to: number) => {
    for (let at = from; at < to; at++) {
      const value = BASE64_VALUES[text.charCodeAt(at)] ?? NONE;
      if (value === BLANK) continue;
      if (value === NONE) throw unreadable(what, "base64", text, at);
      letters++;
      bits = (bits << 6) | value;
      // Each letter but the first of four completes a byte; of the bits before it those that are left over count.
      if (letters % 4 !== 1) bytes[length++] = bits >> ((-letters & 3) * 2);
    }
  };
  await inBatches(end, signal, read, PIECE);
  const isCutOff = letters % 4 === 1 || (padding > 0 && (letters + padding) % 4 !== 0);
  if (isCutOff) {
    throw new NodeError(
      "DESERIALIZATION_FAILED",
      `${what} is base64 that was cut off: it has ${letters + padding} characters`,
    );
  }
  return whole(bytes, length);
}

/** Where text ends without its padding and the blanks around that, and of how many characters the padding is. */
function unpadded(text: string): { end: number; padding: number } {
  let end = text.length;
  let padding = 0;
  for (; end > 0; end--) {
    const last = text.charCodeAt(end - 1);
    if (last === 0x3d && padding < 2) padding++;
    else if (BASE64_VALUES[last] !== BLANK) break;
  }
  return { end, padding };
}

function pieceText(bytes: Uint8Array, encoding: BytesEncoding): string {
  if (encoding === "hex") return hexText(bytes);
  const text = toBase64(bytes);
  return encoding === "base64" ? text : text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** What the characters of alphabets count, by their codes. */
function valuesOf(...alphabets: string[]): Uint8Array {
  const values = new Uint8Array(128).fill(NONE);
  for (const blank of "\t\n\r ") values[blank.charCodeAt(0)] = BLANK;
  for (const alphabet of alphabets) for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i;
  return values;
}

/** The first bytes, in memory of their own where there were more. */
function whole(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  return length === bytes.length ? bytes : bytes.slice(0, length);
}

function unreadable(what: string, code: string, text: string, at: number): NodeError {
  const found = JSON.stringify(String.fromCodePoint(text.codePointAt(at) as number));
  return new NodeError("DESERIALIZATION_FAILED", `${what} is not ${code}: character ${at + 1} is ${found}`);
}
