import { adviceOf, NodeError, retryOf } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { isPlainObject } from "../../data/input.js";
import { writableRows } from "../../data/loop-rows.js";
import { AnswerSize } from "../../library/answer-size.js";
import { chosenData } from "../../library/chosen-data.js";
import { executable, type NodeWork } from "../../library/work.js";
import { plainValue, portValue } from "../../table/port-value.js";
import { database } from "./definition.js";
import { insertRows, rowsOf } from "./insert.js";
import { boundByName, type Statement } from "./named.js";
import type { Parameters } from "./parameters.js";
import { objectsOf } from "./rows.js";
import { type Answer, withSession } from "./session.js";
import { dialectOf } from "./tokens.js";

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
  const statement = boundOf(work, sql);
  const advice = ["Read fewer rows or columns, such as with `limit`, or raise `maxRows` or `maxBytes`."];
  if (isChange) advice.push("Nothing was changed.");
  const size = new AnswerSize(work.parameters, advice);
  return outputOf(
    await withSession(work, (session) =>
      isChange ? session.change(statement, size) : session.read(statement, size),
    ).catch((error: unknown) => {
      throw withNames(error, statement);
    }),
  );
}

async function insert(work: Work): Promise<object> {
  const { onConflict, keys = [], returning = [] } = work.parameters;
  const table = required(work, "table");
  const rows = rowsOf(plainValue(chosenData(work, "rows", ["rows", "data", "records"], writableRows)));
  if (rows.length === 0) return { result: [], rowCount: 0, fields: [] };
  const { signal, progress } = work;
  const warn = (rule: string, message: string) => work.warn(rule, message);
  const insertion = { table, rows, onConflict, keys, returning, signal, progress, warn };
  return outputOf(await withSession(work, (session) => insertRows(session, insertion)));
}

function required({ parameters }: Work, name: "sql" | "table"): string {
  const value = parameters[name];
  if (value !== undefined && value.trim() !== "") return value;
  throw new NodeError("INVALID_PARAMETERS", `\`operation: ${parameters.operation}\` needs \`${name}\``);
}

function boundOf({ parameters, input }: Work, sql: string): Statement {
  const values = portValue(input, "parameters") ?? parameters.parameters ?? [];
  if (Array.isArray(values)) return { sql, values, names: [] };
  if (isPlainObject(values)) return boundByName(sql, values, dialectOf(parameters.connection));
  throw new NodeError(
    "TYPE_MISMATCH",
    `\`parameters\` must be a list of values for $1, $2 …, or an object with values by name, found ${foundText(values)}`,
  );
}

/** An error that speaks of `$1` where the flow has a name says which one. */
function withNames(error: unknown, { names }: Statement): unknown {
  if (!(error instanceof NodeError) || names.length === 0) return error;
  const message = error.message.replace(/\$([1-9]\d*)(?!\w)/g, (place, number: string) => {
    const name = names[Number(number) - 1];
    return name === undefined ? place : `:${name}`;
  });
  if (message === error.message) return error;
  return new NodeError(error.code, message, { cause: error.cause, advice: adviceOf(error), retry: retryOf(error) });
}

function outputOf(answer: Answer): object {
  const fields = answer.fields.map(({ name, type }) => ({ name, type }));
  return { result: objectsOf(answer), rowCount: answer.count, fields };
}
