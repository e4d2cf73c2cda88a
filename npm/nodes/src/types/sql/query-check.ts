/** What the text of a query may be: one query that reads tables. */
import type { DuckDBPreparedStatement } from "@duckdb/node-api";

import { NodeError } from "../../contract/error.js";
import { isPlainObject } from "../../data/input.js";
import type { Engine } from "./engine.js";

/**
 * Functions that may stand where a table does. Others of DuckDB read files, run text as SQL, take addresses in memory, or
 * change how the engine works: one of those that set up logs ends the whole process when it is refused a folder.
 */
const TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  "range",
  "generate_series",
  "unnest",
  "repeat",
  "repeat_row",
  "json_each",
  "json_tree",
  "histogram",
  "histogram_values",
]);

/**
 * Checks the text before the engine binds it, and prepares it.
 *
 * @throws NodeError INVALID_PARAMETERS, naming what is not allowed, and what can be done instead
 */
export async function preparedQuery({ duckdb, connection }: Engine, text: string): Promise<DuckDBPreparedStatement> {
  const parsed = await connection.runAndReadAll("select json_serialize_sql($1::varchar)", [text]);
  const [[tree]] = parsed.getRows() as [[string]];
  const found = JSON.parse(tree) as { error: boolean; statements?: unknown[] } & ParseError;
  if (found.error) throw refusal(found, text);
  if (found.statements?.length !== 1) {
    throw refused(`\`sql\` must be one query, found ${found.statements?.length ?? 0} statements`);
  }
  const name = forbiddenFunction(found.statements);
  if (name !== undefined) throw refused(`The query calls the table function \`${name}\`, which is not allowed here`);
  const statement = await connection.prepare(text);
  if (statement.statementType !== duckdb.StatementType.SELECT) throw refused("`sql` must be a query that reads");
  return statement;
}

interface ParseError {
  error_type?: string;
  error_message?: string;
  position?: string;
}

function refusal({ error_type: kind, error_message: message = "", position }: ParseError, text: string): NodeError {
  if (kind === "not implemented" && message.startsWith("Only SELECT")) {
    return refused("`sql` must be a query that reads: SELECT, FROM, WITH or VALUES");
  }
  if (position === undefined) return new NodeError("INVALID_PARAMETERS", `The query cannot be read: ${message}`);
  // DuckDB counts bytes of UTF-8.
  const before = Buffer.from(text).subarray(0, Number(position)).toString();
  const line = before.split("\n").length;
  const column = before.length - before.lastIndexOf("\n");
  return new NodeError("INVALID_PARAMETERS", `The query cannot be read: ${message} at line ${line}, column ${column}`);
}

function refused(message: string): NodeError {
  return new NodeError("INVALID_PARAMETERS", message, {
    advice: [
      "Name files in `files`, values in `parameters`, and the file to write in `output`; the query itself only reads tables.",
    ],
    retry: false,
  });
}

/** The first function that may not stand where a table does, anywhere in the tree of a statement. */
function forbiddenFunction(tree: unknown): string | undefined {
  const open = [tree];
  while (open.length > 0) {
    const part = open.pop();
    if (Array.isArray(part)) {
      for (const each of part) open.push(each);
      continue;
    }
    if (!isPlainObject(part)) continue;
    if (part["type"] === "TABLE_FUNCTION") {
      const name = functionName(part["function"]);
      if (!TABLE_FUNCTIONS.has(name.toLowerCase())) return name;
    }
    for (const each of Object.values(part)) open.push(each);
  }
  return undefined;
}

function functionName(call: unknown): string {
  const name = isPlainObject(call) ? call["function_name"] : undefined;
  return typeof name === "string" ? name : "of an unknown name";
}
