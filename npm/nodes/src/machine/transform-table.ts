import type { NativeTable } from "@atomiton/conductor-native";

import { NodeError } from "../contract/error.js";
import { type Aggregate, hasExtremes, warnOfExtremes } from "../data/aggregate.js";
import { doubtsOfFilter } from "../data/doubtful-conditions.js";
import { warnOfLostSum } from "../data/lost-digits.js";
import { whereJson } from "../data/where.js";
import { isFunctionText, isIdentityText } from "../sandbox/user-function.js";
import { cancellable, native } from "../table/addon.js";
import { recordBatches, recordsIn, recordsOf } from "../table/table-output.js";
import { aggregationFor, groupFieldOf, type TableAnswer, type Transformation } from "../types/transform/execute.js";
import {
  doubtsOfFunction,
  doubtsOfSums,
  keptBy,
  mapped,
  pathOf,
  reduced,
  transformItems,
} from "../types/transform/items.js";
import { doubtOfColumn, doubtsOfTextIn, firstOf, recordAt, withTextFound } from "./text-in-table.js";

const END = 0xffffffff;

/** Transforms a table without making objects of its rows, but where user code makes new items of them. */
export async function transformTable(table: NativeTable, transformation: Transformation): Promise<TableAnswer> {
  const { parameters, code, signal, warn } = transformation;
  const isCode = isFunctionText(code) || parameters.operation === "map";
  // All rows have the same fields, so one without values stands for them.
  const row = Object.fromEntries(table.headers.map((name) => [name, null]));
  const doubts = isCode ? doubtsOfFunction([row], transformation) : [];
  const sums = isCode ? doubtsOfSums({ [Symbol.iterator]: () => recordsIn(table) }, transformation) : [];
  for (const { rule, message } of [...doubts, ...sums]) warn(rule, message);
  switch (parameters.operation) {
    case "map":
      if (isIdentityText(code)) return { table };
      if (isFunctionText(code)) {
        const rowAt = (position: number) => recordAt(table, position);
        return { value: await mapped(() => recordBatches(table), rowAt, transformation, doubts) };
      }
      return { value: recordsOf(table).map((record) => pathOf(record, code)) };
    case "filter":
      return filter(table, transformation);
    case "reduce":
      if (isFunctionText(code)) return { value: await reduced(() => recordBatches(table), transformation) };
      throw new NodeError("INVALID_PARAMETERS", "reduce needs a function of (acc, item, index)");
    case "sort": {
      const { sortKey, sortDirection } = parameters;
      // Records as such have no order, so without a key all stay where they are.
      if (sortKey === undefined) return { table };
      const sorted = await native((addon) => addon.sortTable(table, sortKey, sortDirection === "desc"));
      const doubt = await doubtOfColumn(table, sortKey, signal);
      if (doubt !== undefined) warn(doubt.rule, doubt.message);
      return { table: sorted };
    }
    case "group":
      return group(table, groupFieldOf(parameters));
    case "flatten":
      return { table };
    case "unique":
      return { table: await native((addon) => addon.uniqueTable(table, parameters.uniqueKey)) };
    case "reverse":
      return { table: await native((addon) => addon.reverseTable(table)) };
    case "limit":
      return slice(table, 0, parameters.limitCount);
    case "skip":
      return slice(table, parameters.skipCount, END);
    case "slice":
      return slice(table, parameters.sliceStart, parameters.sliceEnd ?? END);
    case "aggregate": {
      const aggregation = aggregationFor(parameters, warn);
      const { text, lostDigits } = await cancellable(signal, (addon, cancel) =>
        addon.aggregateTable(table, JSON.stringify(aggregation), cancel),
      ).catch(async (error: unknown) => {
        throw await withTextFound(error, async () => table);
      });
      for (const at of lostDigits) {
        const { operation, field } = aggregation.aggregates[at] as Aggregate;
        warnOfLostSum(operation, field, warn);
      }
      if (hasExtremes(aggregation)) {
        const first = Array.from(recordsIn(await firstOf(table)));
        warnOfExtremes(first, aggregation, warn);
      }
      return { value: JSON.parse(text) as unknown };
    }
  }
}

async function filter(table: NativeTable, transformation: Transformation): Promise<TableAnswer> {
  const { parameters, code, signal, warn } = transformation;
  const { where, match } = parameters;
  if (where) {
    const text = whereJson({ where, match });
    const kept = await cancellable(signal, (addon, cancel) => addon.filterTable(table, text, cancel));
    const doubts = doubtsOfFilter(where, () => recordsIn(table), kept.rowCount === 0, true);
    const told = doubts.length > 0 ? doubts : await doubtsOfTextIn(table, { where, match }, signal);
    for (const { rule, message } of told) warn(rule, message);
    return { table: kept };
  }
  if (isIdentityText(code)) return { table };
  if (isFunctionText(code)) {
    const positions = await keptBy(() => recordBatches(table), transformation);
    return { table: await native((addon) => addon.pickRows(table, Uint32Array.from(positions))) };
  }
  return { value: await transformItems(recordsOf(table), transformation) };
}

async function slice(table: NativeTable, start: number, end: number): Promise<TableAnswer> {
  return { table: await native((addon) => addon.sliceTable(table, Math.min(start, END), Math.min(end, END))) };
}

async function group(table: NativeTable, field: string): Promise<TableAnswer> {
  const groups = await native((addon) => addon.groupTable(table, field));
  return {
    count: groups.keys.length,
    lazy: () => {
      const records = recordsOf(groups.table);
      let start = 0;
      return Object.fromEntries(
        groups.keys.map((key, i) => {
          const end = start + (groups.sizes[i] as number);
          const group = records.slice(start, end);
          start = end;
          return [key, group];
        }),
      );
    },
  };
}
