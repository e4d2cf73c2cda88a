import { meantText } from "../../contract/close-names.js";
import { NodeError } from "../../contract/error.js";
import type { NodeExecutable } from "../../contract/executable.js";
import { type Issue, pathText, sentenceOf } from "../../contract/issues.js";
import { inBatches } from "../../contract/pace.js";
import { routedApart } from "../../contract/routed.js";
import { numberOf } from "../../data/field.js";
import { isPlainObject, type PlainObject } from "../../data/input.js";
import { likelyPaths } from "../../data/likely-paths.js";
import { isOnlyResult } from "../../data/loop-rows.js";
import { countText, listOf, shownNames } from "../../data/rows.js";
import { linearSchema } from "../../library/linear-schema.js";
import { executable, type NodeWork } from "../../library/work.js";
import { validate } from "./definition.js";
import { checkedSchema, schemaProblem } from "./schema.js";

interface Parameters {
  schema: PlainObject;
  onInvalid: "route" | "fail";
}

/** Something wrong with a row. */
interface RowProblem {
  /** Where in the row, such as `items[0].price`; empty text for the row as a whole. */
  path: string;
  message: string;
}

/** A row that does not fit. */
interface InvalidRow {
  row: unknown;
  /** From 0. */
  index: number;
  problems: RowProblem[];
}

/** Problems that are told of one row. */
const MOST_PROBLEMS = 20;
/** Bad rows that a failure tells of. */
const MOST_ROWS_TOLD = 5;
/** Fields that may be meant. */
const MOST_LIKELY = 3;
/** Rows that are checked before other work gets its turn. */
const AT_ONCE = 1000;

/**
 * Checks rows against a schema, as `{result, valid, invalid, validCount, invalidCount}`: the good rows
 * leave by `valid`, the bad ones by `invalid`, as far as there are such rows; no rows at all are valid. Good rows are handed on
 * by reference.
 *
 * Fails with INVALID_PARAMETERS (a schema of which a part would not be checked), TYPE_MISMATCH (no list; with
 * `onInvalid: fail` rows that do not fit), EXECUTION_FAILED (text that is too long for a pattern) or CANCELLED.
 */
export const validateNode: NodeExecutable = executable<Parameters>(validate, async (work) => {
  const { schema, onInvalid } = work.parameters;
  const problem = schemaProblem(schema);
  if (problem !== undefined) {
    throw new NodeError(
      "INVALID_PARAMETERS",
      `${problem.message} (at \`${problem.path.slice(1).replaceAll("/", ".")}\`)`,
    );
  }
  const rows = listOf(work.input);
  const check = await linearSchema(checkedSchema(schema));
  const valid: unknown[] = [];
  const invalid: InvalidRow[] = [];
  const spelled = new Map<string, number>();
  await inBatches(
    rows.length,
    work.signal,
    (from, to) => {
      for (let index = from; index < to; index++) {
        const row = rows[index];
        const { success, error } = check.safeParse(row);
        if (success) valid.push(row);
        else invalid.push({ row, index, problems: problemsOf(error.issues as Issue[], row, spelled) });
      }
    },
    AT_ONCE,
  );
  warnOfText(spelled, work);
  if (valid.length > 0) warnOfNothingChecked(rows, schema, work);
  if (invalid.length > 0 && onInvalid === "fail") throw failureOf(invalid, rows.length);
  const carried = new Map<string, readonly unknown[]>();
  if (valid.length > 0 || invalid.length === 0) carried.set("valid", valid);
  if (invalid.length > 0) carried.set("invalid", invalid);
  const counts = { validCount: valid.length, invalidCount: invalid.length };
  return routedApart({ result: valid, valid, invalid, ...counts }, carried);
});

/** Warns where no row has any of the fields that are described, so that all fit without having been looked into. */
function warnOfNothingChecked(rows: readonly unknown[], { properties }: PlainObject, { warn }: NodeWork<Parameters>) {
  const names = isPlainObject(properties) ? Object.keys(properties) : [];
  if (names.length === 0 || !rows.every(isPlainObject)) return;
  if (rows.some((row) => names.some((name) => Object.hasOwn(row, name)))) return;
  const [first = {}] = rows;
  const likely = names.flatMap((name) => likelyPaths(name, first)).slice(0, MOST_LIKELY);
  const hint = rows.every(isOnlyResult)
    ? ". They come from a loop: put a `transform` with `transformFunction: result` before this node"
    : meantText(likely);
  warn(
    "missing-field",
    `No row has a field that the schema describes, so that nothing of them was checked: it describes ${shownNames(names)}, and they have ${shownNames(Object.keys(first))}${hint}`,
  );
}

function problemsOf(issues: readonly Issue[], row: unknown, spelled: Map<string, number>): RowProblem[] {
  const problems = issues.slice(0, MOST_PROBLEMS).map((issue): RowProblem => {
    const path = pathText(issue.path ?? []);
    const isNumeric = issue.expected === "number" || issue.expected === "int";
    if (issue.code === "invalid_type" && isNumeric && isNumberText(row, issue.path ?? [])) {
      spelled.set(path, (spelled.get(path) ?? 0) + 1);
    }
    return { path, message: sentenceOf(issue, row, "the row") };
  });
  if (issues.length > MOST_PROBLEMS) problems.push({ path: "", message: `and ${issues.length - MOST_PROBLEMS} more` });
  return problems;
}

function isNumberText(row: unknown, path: readonly PropertyKey[]): boolean {
  let value = row;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return false;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return typeof value === "string" && numberOf(value) !== undefined;
}

function warnOfText(spelled: ReadonlyMap<string, number>, { warn }: NodeWork<Parameters>): void {
  for (const [path, count] of [...spelled].slice(0, MOST_PROBLEMS)) {
    warn(
      "types-differ",
      `\`${path}\` is text that spells a number ${countText(count)} times, as cells of CSV files are, and the schema wants a number; make numbers of them first, or describe it as text`,
    );
  }
}

function failureOf(invalid: readonly InvalidRow[], count: number): NodeError {
  const told = invalid
    .slice(0, MOST_ROWS_TOLD)
    .map(({ index, problems }) => `row ${index}: ${problems.map(({ message }) => message).join(", ")}`);
  if (invalid.length > MOST_ROWS_TOLD) told.push(`and ${countText(invalid.length - MOST_ROWS_TOLD)} more`);
  return new NodeError(
    "TYPE_MISMATCH",
    `${countText(invalid.length)} of ${countText(count)} rows do not fit the schema: ${told.join("; ")}`,
  );
}
