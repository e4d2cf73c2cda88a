import type { NativeTable } from "@atomiton/conductor-native";
import { messageOf, NodeError } from "../contract/error.js";
import type { Doubt } from "../data/doubtful-conditions.js";
import { fieldOf, isEmpty, numberOf, valuesOf } from "../data/field.js";
import { foundTextAdvice } from "../data/spelled-numbers.js";
import { doubtOfKeys, MOST_LOOKED_AT, ordersOfNumbers, textDoubt } from "../data/text-among-numbers.js";
import { doubtOfTextOrder } from "../data/text-order.js";
import { type Condition, type Where, whereJson } from "../data/where.js";
import { cancellable, native } from "../table/addon.js";
import { recordsIn } from "../table/table-output.js";

/** Rows of a stream that are read once more for the text that a failure tells of. */
const MOST_READ_AGAIN = 1_000_000;

/** As `doubtsOfText`, of a table: rows are counted natively, and made only for a sample where there are some. */
export async function doubtsOfTextIn(
  whole: NativeTable,
  filter: Where,
  signal: AbortSignal | undefined,
): Promise<Doubt[]> {
  const table = await firstOf(whole);
  const doubts: Doubt[] = [];
  for (const { condition, others } of ordersOfNumbers(filter)) {
    const { field } = condition;
    const isAll = filter.match === "all";
    const open = isAll && others.length > 0 ? await filtered(table, signal, { where: others, match: "all" }) : table;
    const numbersAndEmpty = [...anyNumber(field), { field, operator: "isEmpty" } as const];
    const decided = await filtered(open, signal, {
      where: [...numbersAndEmpty, ...(isAll ? [] : others)],
      match: "any",
    });
    const count = open.rowCount - decided.rowCount;
    doubts.push(...textDoubt(condition, count, count > 0 ? sampleIn(open, field) : undefined, whole.rowCount));
  }
  return doubts;
}

/** As `doubtOfKeys`, of the first rows of a column. */
export async function doubtOfColumn(
  whole: NativeTable,
  field: string,
  signal: AbortSignal | undefined,
): Promise<Doubt | undefined> {
  const table = await firstOf(whole);
  const numbers = anyNumber(field);
  const countOf = async (where: Condition[]) => (await filtered(table, signal, { where, match: "any" })).rowCount;
  if ((await countOf(numbers)) === 0) return doubtOfTextOrder(valuesIn(table, field), field);
  const known = await countOf([...numbers, { field, operator: "isEmpty" }]);
  return known === table.rowCount ? undefined : doubtOfKeys([...valuesIn(table, field)], field);
}

/** Of which one holds for each number, and none for text. */
function anyNumber(field: string): Condition[] {
  return [
    { field, operator: "gte", value: 0 },
    { field, operator: "lt", value: 0 },
  ];
}

/** The rows that are looked at. */
export async function firstOf(table: NativeTable): Promise<NativeTable> {
  return table.rowCount <= MOST_LOOKED_AT ? table : native((addon) => addon.sliceTable(table, 0, MOST_LOOKED_AT));
}

function filtered(table: NativeTable, signal: AbortSignal | undefined, where: Where): Promise<NativeTable> {
  return cancellable(signal, (addon, cancel) => addon.filterTable(table, whereJson(where), cancel));
}

/** Some text of a column that is no number. */
function sampleIn(table: NativeTable, field: string): unknown {
  for (const value of valuesIn(table, field)) if (!isEmpty(value) && numberOf(value) === undefined) return value;
  return undefined;
}

function valuesIn(table: NativeTable, field: string): Generator<unknown> {
  return valuesOf(recordsIn(table), field);
}

/** One row. */
export function recordAt(table: NativeTable, position: number): unknown {
  return (JSON.parse(table.recordsText(position, 1).text) as unknown[])[0];
}

/** The failure of an aggregate of a table, with the text that is no number, and what to do about it. */
export async function withTextFound(
  error: unknown,
  tableUpTo: (count: number) => Promise<NativeTable>,
): Promise<unknown> {
  const found = /^Cannot take the \w+ of field "(.*)": item (\d+) holds text, not a number$/s.exec(messageOf(error));
  if (!(error instanceof NodeError) || found === null) return error;
  const [field, position] = [found[1] as string, Number(found[2])];
  if (position >= MOST_READ_AGAIN) return error;
  const text = fieldOf(recordAt(await tableUpTo(position + 1), position), field);
  if (typeof text !== "string") return error;
  return new NodeError(error.code, `${error.message}${foundTextAdvice(text, field)}`, { cause: error });
}
