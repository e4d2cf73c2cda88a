/** Bytes encoded at once: a call takes only so many arguments. A multiple of three, so that nothing is padded in between. */
const PIECE = 3 * 8192;

/** Bytes as base64. */
export function toBase64(bytes: Uint8Array): string {
  // Node has a faster way. Looked up on the global object, because some bundlers replace the name by a polyfill.
  const { Buffer } = globalThis;
  if (Buffer) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  const pieces: string[] = [];
  for (let start = 0; start < bytes.length; start += PIECE) {
    pieces.push(btoa(String.fromCharCode(...bytes.subarray(start, start + PIECE))));
  }
  return pieces.join("");
}

/** The bytes of base64, as {@link toBase64} writes it. */
export function fromBase64(text: string): Uint8Array {
  const { Buffer } = globalThis;
  if (Buffer) return new Uint8Array(Buffer.from(text, "base64"));
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
