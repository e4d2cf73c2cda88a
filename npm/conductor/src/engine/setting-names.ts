/** Settings as programs give them. */
import { isObject } from "@atomiton/values";
import { coded } from "./failure.js";

/**
 * Checks the names of settings: one that is misspelt must not look kept.
 *
 * @param what names them in the error, such as `limits.all`
 * @throws Error INVALID_PARAMETERS for what is no object, and for names that there are not
 */
export function demandNames(what: string, given: unknown, allowed: readonly string[]): void {
  if (!isObject(given)) throw coded("INVALID_PARAMETERS", `\`${what}\` must be an object`, undefined);
  const strange = Object.keys(given).filter((name) => !allowed.includes(name));
  if (strange.length === 0) return;
  const message = `\`${what}\` has no ${strange.join(", ")}. Allowed: ${allowed.join(", ")}`;
  throw coded("INVALID_PARAMETERS", message, undefined);
}
