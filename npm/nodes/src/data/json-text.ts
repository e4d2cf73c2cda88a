import { NodeError } from "../contract/error.js";

/**
 * The value of JSON text; a byte order mark in front of it does not count.
 *
 * @param what the text, in the words of a message
 * @throws NodeError DESERIALIZATION_FAILED with line and column, where the parser tells them
 */
export function jsonValue(text: string, what: string): unknown {
  const source = text.startsWith("\ufeff") ? text.slice(1) : text;
  try {
    return JSON.parse(source);
  } catch (error) {
    const { message } = error as SyntaxError;
    throw new NodeError("DESERIALIZATION_FAILED", `${what} is not JSON: ${message}${placeOf(message, source)}`, {
      cause: error,
    });
  }
}

/** Some versions of the parser tell the position alone. */
function placeOf(message: string, source: string): string {
  const [, digits] = /at position (\d+)$/.exec(message) ?? [];
  if (digits === undefined) return "";
  const before = source.slice(0, Number(digits)).split("\n");
  return ` (line ${before.length} column ${(before.at(-1) ?? "").length + 1})`;
}
