/** What errors of the database mean. */
import { messageOf, NodeError } from "../../../contract/error.js";

/** What PostgreSQL tells of an error. */
interface DatabaseError {
  /** SQLSTATE, or the code of a system error. */
  code?: string;
  detail?: string;
  hint?: string;
  /** In the text of the statement, from 1. */
  position?: string;
}

/** Classes of SQLSTATE, and single ones, of which another try may end well. */
const PASSING = /^(?:08|40|53|55P03|57P0[1-4])/;

/**
 * The failure of a statement; one that `changes` the database is not tried again where its answer was lost, since it may have
 * been carried out. The address of the database is in none of its words.
 */
export function databaseFailure(error: unknown, sql?: string, changes = false): NodeError {
  if (error instanceof NodeError) return error;
  const { code = "", detail, hint, position } = error as DatabaseError;
  const place = sql === undefined || position === undefined ? "" : ` ${placeIn(sql, Number(position))}`;
  // What it says of these is the row itself, with all that is in it.
  const isRow = code === "23502" || code === "23514";
  const more = [isRow ? undefined : detail, hint].filter((each) => each !== undefined && each !== "").join(" ");
  const isSqlState = /^[0-9A-Z]{5}$/.test(code) && !code.startsWith("E");
  const words = `${messageOf(error) || code}${isSqlState ? ` (${code})` : ""}${place}${more === "" ? "" : `: ${more}`}`;
  const isPassing = !isSqlState || (PASSING.test(code) && code !== "08P01");
  if (changes && !isSqlState) {
    const advice = ["Look into the database before it is run again."];
    const unsure = `${words}; whether the database was changed is not known`;
    return new NodeError("EXECUTION_FAILED", unsure, { cause: error, advice, retry: false });
  }
  return new NodeError("EXECUTION_FAILED", words, {
    cause: error,
    advice: adviceFor(code),
    ...(!isPassing && { retry: false }),
  });
}

function placeIn(sql: string, position: number): string {
  // PostgreSQL counts characters, not units of UTF-16.
  const before = [...sql].slice(0, position - 1).join("");
  const line = before.split("\n").length;
  return `at line ${line}, column ${before.length - before.lastIndexOf("\n")}`;
}

function adviceFor(code: string): string[] | undefined {
  switch (code) {
    case "25006":
      return ["Use `operation: execute` for what changes the database; `query` only reads."];
    case "08P01":
      return [
        "Give `parameters` a value for each of $1, $2 … in the statement, and no more; values by name are an object.",
      ];
    case "42601":
      return ["Correct the statement; it must be one alone, without a second one after a semicolon."];
    case "42P01":
      return ["Check the name of the table, its schema, and upper and lower case."];
    case "42P10":
      return ["`keys` must be all columns of a primary key or unique index of the table."];
    case "23505":
      return ["Set `onConflict: ignore` or `onConflict: update`, if rows may be there already."];
    case "28P01":
    case "28000":
      return ["Check the account and its password in `connection`."];
    case "3D000":
      return ["Check the name of the database in `connection`."];
    case "42501":
      return ["Give the account of `connection` the right to do this."];
    case "ECONNREFUSED":
    case "ENOTFOUND":
    case "ENOENT":
    case "ETIMEDOUT":
      return ["Check host and port of `connection`, and that the database runs."];
    default:
      return undefined;
  }
}
