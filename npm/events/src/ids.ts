/** Names for events and sessions, unique across processes. */

/** A new non-empty id of at most 256 characters at each call, never the same twice, in no process that is linked. */
export type CreateId = () => string;

/** Longest id that is accepted from another process, in characters. */
export const LONGEST_ID = 256;

/** One random 128-bit prefix and a counter: as unique as a UUID each, and much cheaper. */
export function createIdSource(): CreateId {
  // Not randomUUID: browsers leave it out on pages that did not come over https.
  const random = globalThis.crypto.getRandomValues(new Uint8Array(16));
  const prefix = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
  let count = 0;
  return () => `${prefix}-${(++count).toString(36)}`;
}

/** Throws a `TypeError` when a given generator returns what cannot be an id. */
export function checkId(id: unknown): string {
  if (typeof id === "string" && id.length > 0 && id.length <= LONGEST_ID) return id;
  throw new TypeError(`createId must return a string of 1 to ${LONGEST_ID} characters`);
}
