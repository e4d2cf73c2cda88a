/** What the functions of a window are, and what they need. */
import { NodeError } from "../../contract/error.js";
import { demandDifferent, type Row, setField, shownNames } from "../../data/rows.js";

/** A function over the rows of a partition. */
export interface WindowFunction {
  function:
    | "rowNumber"
    | "rank"
    | "denseRank"
    | "percentRank"
    | "lag"
    | "lead"
    | "firstValue"
    | "lastValue"
    | "runningSum"
    | "runningAvg"
    | "runningMin"
    | "runningMax"
    | "runningCount"
    | "total"
    | "share";
  field?: string;
  as: string;
  offset: number;
  default?: unknown;
}

const RANKS: ReadonlySet<string> = new Set(["rank", "denseRank", "percentRank"]);

/**
 * Demands what the schema cannot say of functions.
 *
 * @throws NodeError INVALID_PARAMETERS for a field that is missing or too much, for ranks without an order, and for names
 *   that are taken
 */
export function demandFunctions(functions: readonly WindowFunction[], isOrdered: boolean): void {
  if (functions.length === 0) throw refused("`functions` is empty; name one function at least");
  functions.forEach((each, position) => {
    const where = `\`functions[${position}]\` (${each.function})`;
    const isRank = RANKS.has(each.function);
    if ((isRank || each.function === "rowNumber") && each.field !== undefined) {
      throw refused(`${where} takes no \`field\`; say what to order by with \`orderBy\``);
    }
    if (isRank && !isOrdered) throw refused(`${where} needs \`orderBy\`: without it all rows are equal`);
    if (!isRank && each.function !== "rowNumber" && each.function !== "runningCount" && each.field === undefined) {
      throw refused(`${where} needs a \`field\``);
    }
  });
  const names = functions.map(({ as }) => as);
  demandDifferent(names, "functions");
}

/**
 * Demands that no row has a field of the name of a new one.
 *
 * @throws NodeError INVALID_PARAMETERS
 */
export function demandNewNames(functions: readonly WindowFunction[], names: ReadonlySet<string>): void {
  const taken = functions.map(({ as }) => as).filter((name) => names.has(name));
  if (taken.length === 0) return;
  throw refused(`The rows have ${shownNames(taken)} already; choose another name with \`as\``);
}

/** The fields that functions read. */
export function fieldsOf(functions: readonly WindowFunction[]): string[] {
  return [...new Set(functions.flatMap(({ field }) => field ?? []))];
}

/** Whether a function compares values, so that these have to be of one kind. */
export function isComparing({ function: name }: WindowFunction): boolean {
  return name === "runningMin" || name === "runningMax";
}

/** A new field of all rows, by position. */
export type NewField = unknown[];

/** A row and its new fields. */
export function withFields(row: Row, names: readonly string[], fields: readonly NewField[], position: number): Row {
  const made = { ...row };
  for (const [at, name] of names.entries()) setField(made, name, fields[at]?.[position]);
  return made;
}

function refused(message: string): NodeError {
  return new NodeError("INVALID_PARAMETERS", message);
}
