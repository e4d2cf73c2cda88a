/** Texts that are encrypted with AES-256-GCM, each under a nonce of its own, and bound to what stands beside them. */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts a text: nonce, tag and encrypted bytes, in base64.
 *
 * @param key 32 bytes
 * @param boundTo is not in it, and has to be the same where it is decrypted
 */
export function encrypted(text: string, key: Uint8Array, boundTo: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(boundTo));
  const bytes = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), bytes]).toString("base64");
}

/** The text again; `undefined` where it was changed, or belongs to another key or to something else. */
export function decrypted(sealed: string, key: Uint8Array, boundTo: string): string | undefined {
  const found = Buffer.from(sealed, "base64");
  const [nonce, tag] = [found.subarray(0, NONCE_BYTES), found.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES)];
  try {
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(boundTo));
    decipher.setAuthTag(tag);
    const bytes = found.subarray(NONCE_BYTES + TAG_BYTES);
    return Buffer.concat([decipher.update(bytes), decipher.final()]).toString("utf8");
  } catch {
    return undefined;
  }
}
