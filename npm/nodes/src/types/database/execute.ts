import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { findData } from "../../data/input.js";
import { AnswerSize } from "../../library/answer-size.js";
import { executable, type NodeWork } from "../../library/work.js";
import { plainValue, portValue } from "../../table/port-value.js";
import { database } from "./definition.js";
import { insertRows, rowsOf } from "./insert.js";
import type { Parameters } from "./parameters.js";
import { objectsOf } from "./rows.js";
import { type Answer, withSession } from "./session.js";

type Work = NodeWork<Parameters>;

/**
 * Reads from and writes to PostgreSQL or SQLite. Values never stand in the text of a statement: they are bound.
 *
 * Fails with INVALID_PARAMETERS, TYPE_MISMATCH (rows, parameters), EXECUTION_FAILED (pg is not installed, no connection, no such
 * file, an error of the database, which tells whether another try makes sense), MEMORY_LIMIT_EXCEEDED, TIMEOUT or CANCELLED.
 */
export const databaseNode = executable<Parameters>(database, (work) =>
  work.parameters.operation === "insert" ? insert(work) : statement(work),
);

async function statement(work: Work): Promise<object> {
  const isChange = work.parameters.operation === "execute";
  const sql = required(work, "sql");
  const values = valuesOf(work);
  const advice = ["Read fewer rows or columns, such as with `limit`, or raise `maxRows` or `maxBytes`."];
  if (isChange) advice.push("Nothing was changed.");
  const size = new AnswerSize(work.parameters, advice);
  return outputOf(
    await withSession(work, (session) =>
      isChange ? session.change(sql, values, size) : session.read(sql, values, size),
    ),
  );
}

async function insert(work: Work): Promise<object> {
  const { onConflict, keys = [], returning = [] } = work.parameters;
  const table = required(work, "table");
  const rows = rowsOf(plainValue(findData(work.input, ["rows", "data", "records"])) ?? work.parameters.rows);
  if (rows.length === 0) return { result: [], rowCount: 0, fields: [] };
  const { signal, progress } = work;
  const insertion = { table, rows, onConflict, keys, returning, signal, progress };
  return outputOf(await withSession(work, (session) => insertRows(session, insertion)));
}

function required({ parameters }: Work, name: "sql" | "table"): string {
  const value = parameters[name];
  if (value !== undefined && value.trim() !== "") return value;
  throw new NodeError("INVALID_PARAMETERS", `\`operation: ${parameters.operation}\` needs \`${name}\``);
}

function valuesOf({ parameters, input }: Work): unknown[] {
  const values = portValue(input, "parameters") ?? parameters.parameters ?? [];
  if (Array.isArray(values)) return values;
  throw new NodeError("TYPE_MISMATCH", `\`parameters\` must be a list, found ${foundText(values)}`);
}

function outputOf(answer: Answer): object {
  const fields = answer.fields.map(({ name, type }) => ({ name, type }));
  return { result: objectsOf(answer), rowCount: answer.count, fields };
}
