import { NodeError } from "../contract/error.js";
import { isPlainObject } from "../data/input.js";

/**
 * A parameter that is an object or the JSON text of one.
 *
 * @throws NodeError INVALID_PARAMETERS naming the parameter
 */
export function jsonObject(value: unknown, name: string): Record<string, unknown> {
  if (isPlainObject(value)) return value;
  if (typeof value === "string") {
    if (value.trim() === "") return {};
    try {
      const parsed: unknown = JSON.parse(value);
      if (isPlainObject(parsed)) return parsed;
    } catch {
      // Said below, in words that do not quote the text.
    }
  }
  throw new NodeError("INVALID_PARAMETERS", `${name} must be an object or the JSON text of one`);
}
