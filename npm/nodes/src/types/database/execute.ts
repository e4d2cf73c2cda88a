import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { findData } from "../../data/input.js";
import { AnswerSize } from "../../library/answer-size.js";
import { executable, type NodeWork } from "../../library/work.js";
import { plainValue, portValue } from "../../table/port-value.js";
import { database } from "./definition.js";
import { insertRows, rowsOf } from "./insert.js";
import { objectsOf } from "./rows.js";
import { type Answer, type Pg, type Session, withSession } from "./session.js";
import { fieldsOf } from "./values.js";

interface Parameters {
  connection: string;
  operation: "query" | "execute" | "insert";
  sql?: string;
  parameters?: unknown[];
  maxRows: number;
  maxBytes: number;
  table?: string;
  rows?: unknown[];
  onConflict: "error" | "ignore" | "update";
  keys?: string[];
  returning?: string[];
}

type Work = NodeWork<Parameters>;

/** SQLSTATEs of a statement that cannot run in a transaction, and of a procedure that ends its own. */
const NO_TRANSACTION: ReadonlySet<unknown> = new Set(["25001", "2D000"]);

/**
 * Reads from and writes to PostgreSQL. Values never stand in the text of a statement: they are bound.
 *
 * Fails with INVALID_PARAMETERS, TYPE_MISMATCH (rows, parameters), EXECUTION_FAILED (pg is not installed, no connection, an
 * error of the database, which tells whether another try makes sense), MEMORY_LIMIT_EXCEEDED, TIMEOUT or CANCELLED.
 */
export const databaseNode = executable<Parameters>(database, (work) =>
  work.parameters.operation === "insert" ? insert(work) : statement(work),
);

async function statement(work: Work): Promise<object> {
  const { connection, operation } = work.parameters;
  const sql = required(work, "sql");
  refuseCopy(sql);
  const values = valuesOf(work);
  const advice = ["Read fewer rows or columns, such as with `limit`, or raise `maxRows` or `maxBytes`."];
  if (operation === "execute") advice.push("Nothing was changed.");
  const size = new AnswerSize(work.parameters, advice);
  return withSession(work, connection, async (session) => {
    if (operation === "execute") return outputOf(session.pg, await execute(session, sql, values, size));
    await session.run("begin transaction read only");
    const answer = await session.run(sql, values, { size });
    await session.run("commit");
    return outputOf(session.pg, answer);
  });
}

/** In a transaction, so that a statement whose answer is refused has changed nothing. */
async function execute(session: Session, sql: string, values: unknown[], size: AnswerSize): Promise<Answer> {
  await session.run("begin");
  let answer: Answer;
  try {
    answer = await session.run(sql, values, { size });
  } catch (error) {
    const { code } = ((error as NodeError).cause ?? {}) as { code?: string };
    if (!NO_TRANSACTION.has(code)) throw error;
    // Some statements, such as VACUUM, run outside of one alone. What was done by then is undone.
    await session.run("rollback");
    return session.run(sql, values, { size, changes: true });
  }
  await session.run("commit", [], { changes: true });
  return answer;
}

async function insert(work: Work): Promise<object> {
  const { connection, onConflict, keys = [], returning = [] } = work.parameters;
  const table = required(work, "table");
  const rows = rowsOf(plainValue(findData(work.input, ["rows", "data", "records"])) ?? work.parameters.rows);
  if (rows.length === 0) return { result: [], rowCount: 0, fields: [] };
  const { signal, progress } = work;
  const insertion = { table, rows, onConflict, keys, returning, signal, progress };
  return withSession(work, connection, async (session: Session) =>
    outputOf(session.pg, await insertRows(session, insertion)),
  );
}

/** COPY moves data past bound values and rows, and may run programs on the server, also where nothing is to be changed. */
function refuseCopy(sql: string): void {
  if (!/^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*copy\b/i.test(sql)) return;
  throw new NodeError(
    "INVALID_PARAMETERS",
    "COPY cannot be used here; read with `select`, and write with `operation: insert`",
  );
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

function outputOf(pg: Pg, answer: Answer): object {
  return { result: objectsOf(answer), rowCount: answer.count, fields: fieldsOf(pg.types, answer.fields) };
}
