import type { ParameterSchema } from "../definition/node-type.js";

/**
 * The message of a schema for a value that is missing or empty; `undefined` where it has none, or something else is wrong.
 *
 * @param path of the issue, below the value
 */
export function requiredMessage(
  schema: ParameterSchema | undefined,
  path: readonly PropertyKey[],
  code: string | undefined,
): string | undefined {
  const isMissing = path.length === 0 && (code === "invalid_type" || code === "too_small");
  return isMissing ? schema?.["x-required-message"] : undefined;
}
