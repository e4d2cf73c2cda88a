/** Hashes of texts, such as of what callers sign in with. */
import * as crypto from "node:crypto";

/** The SHA-256 of a text. */
export function sha256(text: string, encoding: "hex" | "base64" | "base64url"): string {
  // Without an object for each, which the first versions of Node 20 need: a third of the time, and each request takes some.
  return crypto.hash === undefined
    ? crypto.createHash("sha256").update(text).digest(encoding)
    : crypto.hash("sha256", text, encoding);
}
