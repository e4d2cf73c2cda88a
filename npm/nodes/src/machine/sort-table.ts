import type { NativeTable } from "@atomiton/conductor-native";

import { numberOf, valuesOf } from "../data/field.js";
import { mayBeMoment, type OrderBy, warnOfTextOrder } from "../data/ordering.js";
import { doubtOfTextOrder } from "../data/text-order.js";
import { cancellable } from "../table/addon.js";
import { recordsIn, type Taker } from "../table/table-output.js";
import { firstOf } from "./text-in-table.js";

/**
 * Orders a table natively, with the order and the warnings of its records. `undefined` for dates, for a field that is no column, and for
 * what is no column of numbers, or of text, alone.
 */
export async function sortTable(
  table: NativeTable,
  by: readonly OrderBy[],
  taker: Taker,
): Promise<NativeTable | undefined> {
  const first = [...recordsIn(await firstOf(table))];
  if (!by.every((order) => isNative(order, table, first))) return undefined;
  const orders = by.map(({ field, direction, nulls, as }) => ({
    field,
    descending: direction === "desc",
    emptyFirst: nulls === "first",
    asText: as === "text",
  }));
  const ordered = await cancellable(taker.signal, (addon, cancel) =>
    addon.orderTable(table, JSON.stringify(orders), cancel),
  );
  if (ordered === null) return undefined;
  for (const { field, as } of by) {
    const doubt = as === "auto" ? doubtOfTextOrder(valuesOf(first, field), field) : undefined;
    if (doubt !== undefined) warnOfTextOrder(doubt, (rule, message) => taker.warn(rule, message));
  }
  return ordered;
}

/** Whether cells as numbers or as text give the order, as far as the first rows tell. */
function isNative({ field, as }: OrderBy, { headers }: NativeTable, first: readonly unknown[]): boolean {
  if (!headers.includes(field)) return false;
  const values = [...valuesOf(first, field)];
  switch (as) {
    case "date":
      return false;
    case "text":
      return true;
    case "number":
      // Then others that are none are noticed.
      return values.some((value) => numberOf(value) !== undefined);
    case "auto":
      // A column of nothing but times with zones is ordered by these.
      return !values.every(mayBeMoment);
  }
}
