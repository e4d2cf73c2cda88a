/** Names and text in DuckDB's SQL. */
import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";

/** Text as SQL writes it. */
export function quotedText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as SQL takes it whatever is in it. */
export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * Demands names that SQL can tell apart: it takes no notice of upper and lower case.
 *
 * @param subject what has the names, at the beginning of a sentence
 * @throws NodeError INVALID_PARAMETERS
 */
export function demandDistinct(names: readonly string[], subject: string): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    if (name === "" || name.includes("\0")) {
      throw new NodeError("INVALID_PARAMETERS", `${subject} has ${foundText(name)}, which SQL takes for no name`);
    }
    const before = seen.get(name.toLowerCase());
    if (before !== undefined) {
      const two = before === name ? `\`${name}\` twice` : `\`${before}\` and \`${name}\``;
      throw new NodeError(
        "INVALID_PARAMETERS",
        `${subject} has ${two}, which SQL cannot tell apart; rename one before, such as by edit-fields`,
      );
    }
    seen.set(name.toLowerCase(), name);
  }
}
