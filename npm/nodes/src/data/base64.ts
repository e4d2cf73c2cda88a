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
