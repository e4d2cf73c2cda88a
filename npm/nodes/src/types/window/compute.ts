/** Computes the functions of a window over the rows of one partition. */
import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { fieldOf, isEmpty, numberOf } from "../../data/field.js";
import type { Column, Compare } from "../../data/ordering.js";
import type { Row } from "../../data/rows.js";
import { Sum } from "../../data/sum.js";
import type { WindowFunction } from "./functions.js";

/** The rows of one partition in their order, by position. */
export type Partition = Uint32Array;

/** Gives the values of a new field, row by row of each partition. */
export interface Steps {
  /** Begins a partition. */
  begin?(partition: Partition): void;
  /** The value of the row at an index of the partition; called for one after the other. */
  at(index: number, partition: Partition): unknown;
}

/** What functions look at. */
export interface Sight {
  rows: readonly Row[];
  /** The order of rows; only ranks ask for it. */
  compare: Compare;
  /** Of fields that are compared. */
  columns: ReadonlyMap<string, Column>;
  /** Told of functions whose sum is of whole numbers that a number does not keep. */
  onLostDigits(spec: WindowFunction): void;
}

/**
 * Begins a function.
 *
 * @returns steps that fail with TYPE_MISMATCH where a sum meets what is no finite number
 */
export function stepsOf(spec: WindowFunction, { rows, compare, columns, onLostDigits }: Sight): Steps {
  const { function: name, offset, field = "", default: otherwise = null } = spec;
  const valueAt = (position: number | undefined): unknown =>
    position === undefined ? otherwise : (fieldOf(rows[position], field) ?? null);
  const summands: Summands = {
    valueAt: (position) => fieldOf(rows[position], field),
    numberAt: (position) => numberAt(spec, rows, position),
    look: (sum) => sum.lostDigits && onLostDigits(spec),
  };
  switch (name) {
    case "rowNumber":
      return { at: (index) => index + 1 };
    case "rank":
    case "denseRank":
    case "percentRank":
      return ranks(name, compare);
    case "lag":
      return { at: (index, partition) => valueAt(partition[index - offset]) };
    case "lead":
      return { at: (index, partition) => valueAt(partition[index + offset]) };
    case "firstValue":
      return { at: (_, partition) => valueAt(partition[0]) };
    case "lastValue":
      return { at: (_, partition) => valueAt(partition[partition.length - 1]) };
    case "runningMin":
    case "runningMax":
      return extremes(columns.get(field) as Column, name === "runningMax" ? 1 : -1);
    case "runningCount":
      return counts((position) => spec.field === undefined || !isEmpty(valueAt(position)));
    case "runningSum":
    case "runningAvg":
      return runningSums(name, summands);
    case "total":
    case "share":
      return totals(name, summands);
  }
}

/** What is added up. */
interface Summands {
  valueAt(position: number): unknown;
  numberAt(position: number): number | undefined;
  /** Looks at a sum for lost digits. */
  look(sum: Sum): void;
}

function ranks(name: "rank" | "denseRank" | "percentRank", compare: Compare): Steps {
  let rank = 1;
  let dense = 1;
  return {
    begin() {
      rank = dense = 1;
    },
    at(index, partition) {
      if (index > 0 && compare(partition[index - 1] as number, partition[index] as number) !== 0) {
        rank = index + 1;
        dense++;
      }
      if (name === "denseRank") return dense;
      if (name === "rank") return rank;
      return partition.length === 1 ? 0 : (rank - 1) / (partition.length - 1);
    },
  };
}

function extremes(column: Column, sign: 1 | -1): Steps {
  let best: number | undefined;
  return {
    begin() {
      best = undefined;
    },
    at(index, partition) {
      const position = partition[index] as number;
      if (!column.isNothing(position) && (best === undefined || sign * column.compare(position, best) > 0)) {
        best = position;
      }
      return best === undefined ? null : column.valueAt(best);
    },
  };
}

function counts(isCounted: (position: number) => boolean): Steps {
  let count = 0;
  return {
    begin() {
      count = 0;
    },
    at(index, partition) {
      if (isCounted(partition[index] as number)) count++;
      return count;
    },
  };
}

function runningSums(name: "runningSum" | "runningAvg", { valueAt, numberAt, look }: Summands): Steps {
  let sum = new Sum();
  let count = 0;
  return {
    begin() {
      sum = new Sum();
      count = 0;
    },
    at(index, partition) {
      const position = partition[index] as number;
      const number = numberAt(position);
      if (number !== undefined) {
        sum.add(number, valueAt(position));
        count++;
      }
      if (index === partition.length - 1) look(sum);
      if (name === "runningSum") return sum.value;
      return count === 0 ? null : sum.mean(count);
    },
  };
}

function totals(name: "total" | "share", { valueAt, numberAt, look }: Summands): Steps {
  let total = 0;
  return {
    begin(partition) {
      const sum = new Sum();
      for (const position of partition) sum.add(numberAt(position) ?? 0, valueAt(position));
      look(sum);
      total = sum.value;
    },
    at(index, partition) {
      if (name === "total") return total;
      const number = numberAt(partition[index] as number);
      return number === undefined || total === 0 || !Number.isFinite(total) ? null : number / total;
    },
  };
}

function numberAt({ function: name, field = "" }: WindowFunction, rows: readonly Row[], position: number) {
  const value = fieldOf(rows[position], field);
  if (isEmpty(value)) return undefined;
  const number = numberOf(value);
  if (number !== undefined) return number;
  throw new NodeError(
    "TYPE_MISMATCH",
    `${name} needs numbers, but \`${field}\` of row ${position} is ${foundText(value)}`,
  );
}
