import { NodeError } from "../../contract/error.js";
import type { NodeExecutable } from "../../contract/executable.js";
import { foundText } from "../../contract/issues.js";
import { inBatches } from "../../contract/pace.js";
import { fieldOf, isEmpty, textOf } from "../../data/field.js";
import { groupsOf, membersOf, NONE, numberedGroups } from "../../data/groups.js";
import { keysOfGroups } from "../../data/key.js";
import { warnOfLostDigits, warnOfLostSum } from "../../data/lost-digits.js";
import { columnOfExtremes } from "../../data/ordering.js";
import { countText, demandDifferent, demandFields, filledRow, type Row, rowsOf, setField } from "../../data/rows.js";
import { executable, type NodeWork } from "../../library/work.js";
import { type CellAggregate, type CellValue, cellValue } from "./cells.js";
import { pivot, valueNeeded } from "./definition.js";

interface Parameters {
  index?: string[];
  column: string;
  value?: string;
  aggregate: CellAggregate;
  fill: unknown;
}

const MOST_COLUMNS = 10_000;
const MOST_CELLS = 10_000_000;
/** Fields of new rows that are made before other work gets its turn. */
const FIELDS_AT_ONCE = 100_000;

/**
 * Turns the values of a field into columns, as `{result, count, columns}`.
 *
 * Fails with TYPE_MISMATCH (no records, a value that cannot be aggregated or be the name of a column), INVALID_PARAMETERS
 * (fields that no row has), MEMORY_LIMIT_EXCEEDED (too many columns or cells), CANCELLED.
 */
export const pivotNode: NodeExecutable = executable<Parameters>(pivot, async (work) => {
  const { index = [], column, value, aggregate, fill } = work.parameters;
  if (value === undefined && aggregate !== "count") throw new NodeError("INVALID_PARAMETERS", valueNeeded(aggregate));
  demandDifferent(index, "index");
  const { signal } = work;
  const rows = rowsOf(work.input);
  demandFields(rows, index, "index");
  demandFields(rows, [column], "column");
  if (value !== undefined) demandFields(rows, [value], "value");
  const columns = await columnsOf(rows, work);
  const names = [...columns.numbers.keys()];
  const keyOf = keysOfGroups(index);
  const lines = await numberedGroups(
    rows.length,
    (position) => (columns.groupOf[position] === NONE ? undefined : keyOf(rows[position])),
    signal,
  );
  demandRoom(lines.numbers.size, names.length);
  const warn = (rule: string, message: string) => work.warn(rule, message);
  warnOfLostDigits(rows, [...index, column], warn);
  let lostDigits = false;
  const ofCell = cellValue(rows, aggregate, value, await comparedColumn(rows, work), () => {
    lostDigits = true;
  });
  const result = await firstRows(rows, lines, index, filledRow([...index, ...names], fill), signal);
  await fillCells(result, names, columns.groupOf, lines.groupOf, ofCell, signal);
  if (lostDigits) warnOfLostSum(aggregate, value, warn);
  return { result, count: result.length, columns: names };
});

type Numbered = Awaited<ReturnType<typeof numberedGroups>>;

/** The column of each row by its name. Rows without one are left out. */
async function columnsOf(rows: readonly Row[], work: NodeWork<Parameters>): Promise<Numbered> {
  const { column, index = [] } = work.parameters;
  let without = 0;
  const names = new Set<string>();
  const numbered = await numberedGroups(
    rows.length,
    (position) => {
      const name = columnName(fieldOf(rows[position], column), column, position);
      if (name === undefined) without++;
      else if (!names.has(name)) {
        names.add(name);
        if (names.size > MOST_COLUMNS) throw tooManyColumns(column);
        if (index.includes(name)) throw takenName(column, name, position);
      }
      return name;
    },
    work.signal,
  );
  if (without > 0) {
    work.warn(
      "no-column",
      `${countText(without)} of ${countText(rows.length)} rows have no \`${column}\` and are left out`,
    );
  }
  return numbered;
}

function columnName(value: unknown, column: string, position: number): string | undefined {
  if (typeof value === "object" && value !== null && !(value instanceof Date)) {
    throw new NodeError(
      "TYPE_MISMATCH",
      `\`${column}\` of row ${position} is ${foundText(value)}, which cannot be the name of a column`,
    );
  }
  const name = isEmpty(value) || Number.isNaN(value) ? "" : textOf(value);
  return name === "" ? undefined : name;
}

async function comparedColumn(rows: readonly Row[], work: NodeWork<Parameters>) {
  const { aggregate, value } = work.parameters;
  if (value === undefined || (aggregate !== "min" && aggregate !== "max")) return undefined;
  return columnOfExtremes(rows, value, work.signal, work.warn);
}

/** A record for each group of rows, with the index fields as its first row has them and every column still to be filled. */
async function firstRows(
  rows: readonly Row[],
  { groupOf, numbers }: Numbered,
  index: readonly string[],
  template: Row,
  signal: AbortSignal | undefined,
): Promise<Row[]> {
  const result: Row[] = [];
  const atOnce = Math.ceil(FIELDS_AT_ONCE / (Object.keys(template).length + 1));
  await inBatches(
    rows.length,
    signal,
    (from, to) => {
      for (let position = from; position < to && result.length < numbers.size; position++) {
        if (groupOf[position] !== result.length) continue;
        const row = { ...template };
        for (const field of index) setField(row, field, fieldOf(rows[position], field) ?? null);
        result.push(row);
      }
    },
    atOnce,
  );
  return result;
}

async function fillCells(
  result: readonly Row[],
  names: readonly string[],
  columnOfRow: Int32Array,
  lineOfRow: Int32Array,
  ofCell: CellValue,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { groupOf, numbers } = await numberedCells(columnOfRow, lineOfRow, names.length, signal);
  const groups = groupsOf(groupOf, numbers.length);
  await inBatches(numbers.length, signal, (from, to) => {
    for (let cell = from; cell < to; cell++) {
      const place = numbers[cell] as number;
      const value = ofCell(membersOf(groups, cell));
      const line = result[Math.floor(place / names.length)] as Row;
      if (value !== null) setField(line, names[place % names.length] as string, value);
    }
  });
}

/** The cells in which there are rows, each with its place: that of its line times the number of columns, plus its column. */
async function numberedCells(
  columnOfRow: Int32Array,
  lineOfRow: Int32Array,
  columns: number,
  signal: AbortSignal | undefined,
): Promise<{ groupOf: Int32Array; numbers: number[] }> {
  const known = new Map<number, number>();
  const groupOf = new Int32Array(columnOfRow.length);
  await inBatches(columnOfRow.length, signal, (from, to) => {
    for (let position = from; position < to; position++) {
      const column = columnOfRow[position] as number;
      if (column === NONE) {
        groupOf[position] = NONE;
        continue;
      }
      const place = (lineOfRow[position] as number) * columns + column;
      const cell = known.get(place) ?? known.size;
      if (cell === known.size) known.set(place, cell);
      groupOf[position] = cell;
    }
  });
  return { groupOf, numbers: [...known.keys()] };
}

function demandRoom(lines: number, columns: number): void {
  if (lines * columns <= MOST_CELLS) return;
  throw new NodeError(
    "MEMORY_LIMIT_EXCEEDED",
    `The pivot would have ${countText(lines)} rows with ${countText(columns)} columns each, more than ${countText(MOST_CELLS)} cells; choose \`index\` and \`column\` with fewer different values`,
  );
}

function tooManyColumns(column: string): NodeError {
  return new NodeError(
    "MEMORY_LIMIT_EXCEEDED",
    `\`${column}\` has more than ${countText(MOST_COLUMNS)} different values, and each would be a column; did you mean it for \`index\`?`,
  );
}

function takenName(column: string, name: string, position: number): NodeError {
  return new NodeError(
    "TYPE_MISMATCH",
    `\`${column}\` of row ${position} would make a column \`${name}\`, which is the name of an \`index\` field; rename one of them first`,
  );
}
