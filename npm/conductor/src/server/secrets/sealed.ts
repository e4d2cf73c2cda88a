/** Secrets as they are kept: encrypted, and bound to all that stands beside them, so that no entry can take the place of another. */
import { coded } from "../../engine/failure.js";
import { decrypted, encrypted } from "../encrypted-text.js";
import type { SecretKey } from "./secret-key.js";

/** What may be seen of a secret without its key. */
export interface SecretFacts {
  name: string;
  /** Where the value comes from each time that it is needed, such as `env:API_KEY`; missing for a value that is kept. */
  from?: string;
  /** ISO 8601. */
  createdAt: string;
  /** ISO 8601: when it got the value that it has. A new key changes nothing of it. */
  changedAt: string;
}

/** A secret as its entry has it. */
export interface SealedSecret extends SecretFacts {
  /** The id of the key. */
  key: string;
  /** Nonce, tag and encrypted value, in base64. */
  sealed: string;
}

const VERSION = 1;

/** Encrypts a value. */
export function sealed(facts: SecretFacts, value: string, { id, bytes }: SecretKey): SealedSecret {
  return { ...facts, key: id, sealed: encrypted(value, bytes, boundTo(facts)) };
}

/** The value of a secret. Throws DESERIALIZATION_FAILED where the entry is not as it was written under this name. */
export function opened(secret: SealedSecret, { bytes }: SecretKey): string {
  const value = decrypted(secret.sealed, bytes, boundTo(secret));
  if (value !== undefined) return value;
  throw coded(
    "DESERIALIZATION_FAILED",
    `The secret ${JSON.stringify(secret.name)} cannot be opened: its entry in the store was changed, or is that of another secret. Set it again`,
    undefined,
  );
}

/** The content of an entry. */
export function textOfSealed({ name: _, ...secret }: SealedSecret): string {
  return JSON.stringify({ version: VERSION, ...secret });
}

/** The secret of an entry. Throws DESERIALIZATION_FAILED for an entry that is not a sealed secret. */
export function sealedIn(name: string, content: string): SealedSecret {
  let found: unknown;
  try {
    found = JSON.parse(content);
  } catch {
    // Told below.
  }
  const { version, key, sealed: text, from, createdAt, changedAt } = (found ?? {}) as Record<string, unknown>;
  const isText = [key, text, createdAt, changedAt].every((part) => typeof part === "string");
  if (version === VERSION && isText && (from === undefined || typeof from === "string")) {
    const secret = { name, key, sealed: text, createdAt, changedAt } as SealedSecret;
    return from === undefined ? secret : { ...secret, from };
  }
  const why =
    typeof version === "number" && version > VERSION
      ? `is of version ${version}, and ${VERSION} is known`
      : "is not a sealed secret";
  throw coded("DESERIALIZATION_FAILED", `The entry of the secret ${JSON.stringify(name)} ${why}`, undefined);
}

function boundTo({ name, from, createdAt, changedAt }: SecretFacts): string {
  return JSON.stringify([VERSION, name, from ?? null, createdAt, changedAt]);
}
