/** Signatures of the Standard Webhooks specification, https://www.standardwebhooks.com. */
import { NodeError } from "../../contract/error.js";
import { toBase64 } from "../../data/base64.js";
import { hmacSha256 } from "../../library/web-crypto.js";

/** A secret that says that it is one, in base64. */
const PREFIX = "whsec_";
/** Bytes that the specification wants of a key at least. */
export const SHORTEST_KEY = 24;

/** What is signed. */
export interface Message {
  id: string;
  /** Seconds since 1970. */
  timestamp: number;
  body: string;
}

/** The value of `webhook-signature`: one signature for each key, with spaces between them. */
export async function signatures(
  { id, timestamp, body }: Message,
  keys: readonly Uint8Array<ArrayBuffer>[],
): Promise<string> {
  const signed = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
  const each = await Promise.all(keys.map(async (key) => `v1,${toBase64(await hmacSha256(key, signed))}`));
  return each.join(" ");
}

/**
 * The key of a secret.
 *
 * @throws NodeError INVALID_PARAMETERS for `whsec_` with what is no base64; no part of it is told
 */
export function keyOf(secret: string): Uint8Array<ArrayBuffer> {
  if (!secret.startsWith(PREFIX)) return new TextEncoder().encode(secret);
  const text = secret.slice(PREFIX.length);
  const refused = () =>
    new NodeError("INVALID_PARAMETERS", "`secret` begins with whsec_, after which base64 must follow");
  if (text === "" || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw refused();
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    throw refused();
  }
}
