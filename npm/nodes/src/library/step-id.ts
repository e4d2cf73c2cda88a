import { toBase64 } from "../data/base64.js";
import { sha256 } from "./web-crypto.js";

/** Characters of an id: 144 bits. */
const LENGTH = 24;

/**
 * An id for what a step sends, of letters, digits, `-` and `_`: the same for every attempt at the step, so that a receiver
 * knows a retry. A random one where the caller names no execution.
 */
export async function stepId(stepKey: string | undefined): Promise<string> {
  if (stepKey === undefined) return crypto.randomUUID().replaceAll("-", "").slice(0, LENGTH);
  const digest = await sha256(new TextEncoder().encode(stepKey));
  return toBase64(digest).replaceAll("+", "-").replaceAll("/", "_").slice(0, LENGTH);
}
