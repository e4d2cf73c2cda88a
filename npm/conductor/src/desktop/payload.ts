/** How large a message from a page may be, and which keys it may have. */
import { sizeOf } from "@atomiton/values";
import type { PayloadLimits } from "./limits.js";

/** With these an object would say something about its own prototype. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/**
 * What is wrong with a value, in words with its place; `undefined` when it is within the limits. Stops where a limit is
 * passed, so that a huge value costs no more than one at the limit.
 *
 * An object counts as often as it can be reached: to share objects takes a message few bytes, but code that writes the
 * value out, or copies it, writes each of them as often.
 */
export function payloadProblem(value: unknown, limits: PayloadLimits): string | undefined {
  const size = sizeOf(value, { ...limits, forbidden: FORBIDDEN_KEYS }, "every way");
  if (size.over === undefined) return undefined;
  // Of what is too large or too deep the place tells nothing, and would be as long as it is deep.
  if (size.over !== "forbidden") return `The limit "${size.over}" is ${limits[size.over]}, found more`;
  return `The key "${size.key}" is not allowed${size.place.length > 0 ? ` at ${size.place.join(".")}` : ""}`;
}

/** About how many bytes a value takes in memory, what is shared in it once; `undefined` when it is more than the limit. */
export function memoryBytes(value: unknown, limit: number): number | undefined {
  const size = sizeOf(value, { bytes: limit }, "once");
  return size.over === undefined ? size.bytes : undefined;
}
