/** What becomes of the values that fall into one cell of a pivot. */
import { tallyOf } from "../../data/aggregate.js";
import { fieldOf, isEmpty } from "../../data/field.js";
import type { Column } from "../../data/ordering.js";
import type { Row } from "../../data/rows.js";

/** The ways to make one value of several. */
export type CellAggregate = "sum" | "avg" | "min" | "max" | "count" | "first" | "last" | "list" | "median";

/** Gives the value of a cell by the positions of its rows, in their order. */
export type CellValue = (positions: Int32Array) => unknown;

/**
 * Begins cells of an aggregate; `column` holds the values for min and max, which compare them. `onLostDigits` is called for
 * cells whose sum is of whole numbers that a number does not keep.
 *
 * @returns a function that fails with TYPE_MISMATCH where a sum, an average or a median meets what is no finite number
 */
export function cellValue(
  rows: readonly Row[],
  aggregate: CellAggregate,
  field: string | undefined,
  column: Column | undefined,
  onLostDigits: () => void,
): CellValue {
  const valueAt = (position: number): unknown =>
    field === undefined ? true : (fieldOf(rows[position], field) ?? null);
  switch (aggregate) {
    case "sum":
    case "avg":
    case "count":
    case "median":
      return (positions) => {
        const tally = tallyOf(field === undefined ? { operation: aggregate } : { operation: aggregate, field });
        for (const position of positions) tally.add(valueAt(position), position);
        if (tally.lostDigits?.()) onLostDigits();
        return tally.result();
      };
    case "first":
    case "last":
      return (positions) => {
        const isAny = (position: number) => !isEmpty(valueAt(position));
        const found = aggregate === "first" ? positions.find(isAny) : positions.findLast(isAny);
        return found === undefined ? null : valueAt(found);
      };
    case "list":
      return (positions) => Array.from(positions, valueAt);
    case "min":
    case "max":
      return (positions) => extreme(positions, column as Column, aggregate === "max" ? 1 : -1);
  }
}

function extreme(positions: Int32Array, column: Column, sign: 1 | -1): unknown {
  let best: number | undefined;
  for (const position of positions) {
    if (column.isNothing(position)) continue;
    if (best === undefined || sign * column.compare(position, best) > 0) best = position;
  }
  return best === undefined ? null : column.valueAt(best);
}
