/** A key that secrets are encrypted with, and what places of keys have in common. */
import { createHash, randomBytes } from "node:crypto";
import { coded } from "../../engine/failure.js";

/** A key. */
export interface SecretKey {
  /** The beginning of a hash of it: names it without telling of it. */
  id: string;
  bytes: Buffer;
}

/** Where keys come from. The last one encrypts; those before it open what they encrypted. */
export interface SecretKeys {
  /** How it is named in messages. */
  readonly name: string;
  /** All keys as they are now; none where the place is not there. Throws INVALID_PARAMETERS for what is no key. */
  all(): readonly SecretKey[];
  /** Makes a key, the last one from now on, and keeps it before it is used. Throws INVALID_PARAMETERS where there is no place to keep it in. */
  add(): SecretKey;
  /** The key with this id, if it is one of them. */
  find(id: string): SecretKey | undefined;
}

const BYTES = 32;

/** A new random key. */
export function newKey(): SecretKey {
  return keyOf(randomBytes(BYTES));
}

/** The keys on these lines, of which some may be empty. Throws INVALID_PARAMETERS for what is no key. */
export function keysIn(lines: readonly string[], name: string): SecretKey[] {
  return lines.flatMap((line, index) => {
    if (line === "") return [];
    if (/^[A-Za-z0-9+/]{43}=$/.test(line)) return keyOf(Buffer.from(line, "base64"));
    throw refused(`${name} has something else than a key at place ${index + 1}: a key is base64 of ${BYTES} bytes`);
  });
}

function keyOf(bytes: Buffer): SecretKey {
  const id = createHash("sha256").update("conductor secret key\0").update(bytes).digest("hex").slice(0, 16);
  return { id, bytes };
}

export function refused(message: string): Error {
  return coded("INVALID_PARAMETERS", message, undefined);
}
