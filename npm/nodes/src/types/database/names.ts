/** Names of tables and columns in SQL. */
import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";

/** A name as SQL takes it whatever is in it. */
export function quotedName(name: string): string {
  if (name === "" || name.includes("\0")) {
    throw new NodeError("INVALID_PARAMETERS", `${foundText(name)} is no name of a column`);
  }
  return `"${name.replaceAll('"', '""')}"`;
}

const PART = '"(?:[^"]|"")+"|[^".\\0]+';
const TABLE = new RegExp(`^(?:${PART})(?:\\.(?:${PART})){0,2}$`);

/**
 * A table as SQL takes it: `table`, `schema.table`, or with parts in quotes where they have dots.
 *
 * @throws NodeError INVALID_PARAMETERS
 */
export function quotedTable(table: string): string {
  if (!TABLE.test(table)) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      `\`table\` must be a name such as \`orders\` or \`shop.orders\`, found ${foundText(table)}`,
    );
  }
  const parts = table.match(new RegExp(PART, "g")) ?? [];
  return parts.map((part) => (part.startsWith('"') ? part : quotedName(part))).join(".");
}
