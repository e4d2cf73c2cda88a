import { coded } from "../../engine/failure.js";

/**
 * The SHA-256 of bytes in hexadecimal digits, where that takes a promise.
 *
 * @throws Error INVALID_PARAMETERS on a page that did not come over HTTPS, which has no such function
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const { subtle } = globalThis.crypto as { subtle?: SubtleCrypto };
  if (subtle === undefined) {
    const message = "This page has no Web Crypto, which keeping executions needs; serve it by HTTPS or from localhost";
    throw coded("INVALID_PARAMETERS", message, undefined);
  }
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes as BufferSource));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
