import { NodeError } from "../contract/error.js";

/**
 * Text of bytes by the rules of the web: a byte order mark says what they are, else the `charset` of the content type does,
 * else they are UTF-8.
 *
 * @throws NodeError DESERIALIZATION_FAILED for a charset that is not known here
 */
export function decodeText(bytes: Uint8Array, contentType: string): string {
  const charset = markedBy(bytes) ?? charsetOf(contentType) ?? "utf-8";
  const decoder = decoderOf(charset);
  const text = decoder.decode(bytes);
  return decoder.encoding === "windows-1252" ? text.replace(/[\u0080-\u009f]/g, inWindows1252) : text;
}

/** From 0x80 to 0x9f, where versions of Node decode the control characters of ISO 8859-1. */
export const WINDOWS_1252 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

function inWindows1252(character: string): string {
  return WINDOWS_1252[character.charCodeAt(0) - 0x80] as string;
}

function decoderOf(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset);
  } catch (error) {
    throw new NodeError(
      "DESERIALIZATION_FAILED",
      `The answer says that its charset is ${JSON.stringify(charset)}, which is not known here; ask the server for UTF-8`,
      { cause: error },
    );
  }
}

function markedBy([first, second, third]: Uint8Array): string | undefined {
  if (first === 0xef && second === 0xbb && third === 0xbf) return "utf-8";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  return first === 0xff && second === 0xfe ? "utf-16le" : undefined;
}

function charsetOf(contentType: string): string | undefined {
  const [, quoted, plain] = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;"]+))/i.exec(contentType) ?? [];
  return (quoted ?? plain)?.trim() || undefined;
}
