/** Text of files as bytes, in the encodings that files of people have. */
import { isUtf8 } from "node:buffer";

import { NodeError } from "../contract/error.js";
import { decodeText, WINDOWS_1252 } from "../data/charset.js";

/** How the characters of a file are written. `windows-1252` is Latin-1 with the quotes, dashes and the euro sign. */
export const TEXT_ENCODINGS = ["utf-8", "utf-16le", "utf-16be", "windows-1252"] as const;

export type TextEncodingName = (typeof TEXT_ENCODINGS)[number];

/**
 * The text of bytes, without a byte order mark.
 *
 * @param what the bytes, in the words of a message
 * @throws NodeError DESERIALIZATION_FAILED for bytes that are not in this encoding
 */
export function textOfBytes(bytes: Uint8Array, encoding: TextEncodingName, what: string): string {
  if (encoding === "windows-1252") return decodeText(bytes, "text/plain; charset=windows-1252");
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    const marked = markOf(bytes);
    const hint = marked === undefined || marked === encoding ? "" : `; it begins with the mark of ${marked}`;
    throw new NodeError("DESERIALIZATION_FAILED", `${what} is not text in ${encoding}${hint}`, {
      cause: error,
      advice: [`Set \`encoding\` to one of ${TEXT_ENCODINGS.join(", ")}, or read it as \`format: bytes\`.`],
      retry: false,
    });
  }
}

/** What bytes seem to be that are not UTF-8, in words; `undefined` for UTF-8. */
export function notUtf8(bytes: Uint8Array): string | undefined {
  if (isUtf8(bytes)) return undefined;
  const marked = markOf(bytes);
  return marked === undefined ? "is not text in UTF-8" : `begins with the mark of ${marked}`;
}

function markOf([first, second]: Uint8Array): TextEncodingName | undefined {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : undefined;
}

/**
 * Text as bytes, without a byte order mark.
 *
 * @throws NodeError SERIALIZATION_FAILED for a character that the encoding does not have
 */
export function bytesOfText(text: string, encoding: TextEncodingName): Uint8Array {
  if (encoding === "utf-8") return Buffer.from(text, "utf8");
  if (encoding === "utf-16le") return Buffer.from(text, "utf16le");
  if (encoding === "utf-16be") return Buffer.from(text, "utf16le").swap16();
  const bytes = Buffer.alloc(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const special = WINDOWS_1252.indexOf(text[at] as string);
    if (special >= 0) bytes[at] = 0x80 + special;
    else if (code < 0x80 || (code >= 0xa0 && code <= 0xff)) bytes[at] = code;
    else {
      const found = JSON.stringify(String.fromCodePoint(text.codePointAt(at) as number));
      const words = `${encoding} has no character ${found}, which is character ${at + 1} of the content`;
      throw new NodeError("SERIALIZATION_FAILED", words, {
        advice: ["Write it as `encoding: utf-8`, or replace the character first."],
        retry: false,
      });
    }
  }
  return bytes;
}
