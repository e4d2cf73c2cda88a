/** Values by name in SQL: `:name` and `$name` become `$1`, `$2` …, and are bound like these. */
import { closeNames, meantText, namesText } from "../../contract/close-names.js";
import { NodeError } from "../../contract/error.js";
import { type Dialect, type Token, tokensOf } from "./tokens.js";

/** A statement with its values by place. */
export interface Statement {
  sql: string;
  values: readonly unknown[];
  /** The name of each value; empty where they have none. */
  names: readonly string[];
}

/**
 * Puts values by name in their places. Names in texts, quoted names, comments and dollar quotes stay what they are, as do `::`
 * and `:=`. A name that stands twice is one value.
 *
 * @throws NodeError INVALID_PARAMETERS for a name without a value, a value that the statement does not name, `$1` or `?` beside
 *   names, and in PostgreSQL `:name` inside of brackets, which could be a slice
 */
export function boundByName(sql: string, values: Readonly<Record<string, unknown>>, dialect: Dialect): Statement {
  const { text, names } = namesIn(sql, dialect);
  const problem = problemOf(names, values);
  if (problem !== undefined) throw refused(problem);
  const bound = names.map((name) => values[name]);
  const empty = bound.indexOf(undefined);
  if (empty >= 0) {
    throw refused(
      `\`parameters.${names[empty]}\` is undefined: give \`null\` where there is no value, such as \`?? null\``,
    );
  }
  return { sql: text, values: bound, names };
}

/** What is wrong with names and values that are known before the node runs; `undefined` where nothing is. */
export function nameProblem(
  sql: string,
  values: Readonly<Record<string, unknown>>,
  dialect: Dialect,
): string | undefined {
  try {
    return problemOf(namesIn(sql, dialect).names, values);
  } catch (error) {
    if (error instanceof NodeError) return error.message;
    throw error;
  }
}

/** The statement with places for names, and the names in the order of their places. */
function namesIn(sql: string, dialect: Dialect): { text: string; names: string[] } {
  const places = new Map<string, number>();
  let text = "";
  for (const token of tokensOf(sql, dialect)) {
    if (token.kind === "other") text += token.text;
    else {
      const name = nameOf(token);
      const place = places.get(name) ?? places.size + 1;
      places.set(name, place);
      // As long as it was, so that errors of the database name the right column.
      text += `$${place}`.padEnd(token.text.length);
    }
  }
  return { text, names: [...places.keys()] };
}

function nameOf({ kind, text }: Token): string {
  if (kind === "place") {
    throw refused(
      `The statement has \`${text}\` for a value, and \`parameters\` has values by name: write :name or $name, or give a list for $1, $2 …`,
    );
  }
  if (kind === "slice") {
    throw refused(
      `\`${text}\` inside of brackets may be a value or the end of a slice: write \`$${text.slice(1)}\` for the value, or a space behind the colon for the slice`,
    );
  }
  return text.slice(1);
}

function problemOf(names: readonly string[], values: Readonly<Record<string, unknown>>): string | undefined {
  const given = Object.keys(values);
  const missing = names.find((name) => !Object.hasOwn(values, name));
  if (missing !== undefined) {
    const close = closeNames(missing, given);
    const has = given.length === 0 ? "it is empty" : `it has ${namesText(given.slice(0, MOST_NAMED))}`;
    const hint = meantText(close);
    return `The statement names the value \`${missing}\`, which \`parameters\` does not have; ${has}${hint}`;
  }
  const unused = given.find((name) => !names.includes(name));
  if (unused === undefined) return undefined;
  const named = names.length === 0 ? "it names none" : `it names ${namesText(names.slice(0, MOST_NAMED))}`;
  return `The statement does not name the value \`${unused}\` of \`parameters\`; ${named}. Take it out, or write :${unused} where it belongs`;
}

/** Names that a message lists. */
const MOST_NAMED = 20;

function refused(message: string): NodeError {
  return new NodeError("INVALID_PARAMETERS", message, { retry: false });
}
