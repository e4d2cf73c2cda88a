import type { NodeExecutable } from "../../contract/executable.js";
import { inBatches } from "../../contract/pace.js";
import { groupsOf, membersOf, numberedGroups } from "../../data/groups.js";
import { keysOfGroups } from "../../data/key.js";
import { warnOfLostDigits, warnOfLostSum } from "../../data/lost-digits.js";
import { type Column, columnOfExtremes, comparisonOf, type OrderBy } from "../../data/ordering.js";
import { sortedPositions } from "../../data/positions.js";
import { demandDifferent, demandFields, fieldNames, missingFields, type Row, rowsOf } from "../../data/rows.js";
import { executable, type NodeWork } from "../../library/work.js";
import { type Partition, type Steps, stepsOf } from "./compute.js";
import { window } from "./definition.js";
import {
  demandFunctions,
  demandNewNames,
  fieldsOf,
  isComparing,
  type NewField,
  type WindowFunction,
  withFields,
} from "./functions.js";

interface Parameters {
  partitionBy?: string[];
  orderBy?: OrderBy[];
  functions: WindowFunction[];
}

/**
 * Adds to each row what its place among other rows gives, as `{result, count}`; rows come out in the order in which they came.
 *
 * Fails with TYPE_MISMATCH (no records, values that cannot be ordered or summed), INVALID_PARAMETERS (a function without
 * what it needs, names that are taken, a partition by a field that no row has), CANCELLED.
 */
export const windowNode: NodeExecutable = executable<Parameters>(window, async (work) => {
  const { partitionBy = [], orderBy = [], functions } = work.parameters;
  const { signal } = work;
  const ordered = orderBy.map(({ field }) => field);
  demandFunctions(functions, orderBy.length > 0);
  demandDifferent(partitionBy, "partitionBy");
  demandDifferent(ordered, "orderBy");
  const rows = rowsOf(work.input);
  demandNewNames(functions, await fieldNames(rows, signal));
  demandFields(rows, partitionBy, "partitionBy");
  const warn = (rule: string, message: string) => work.warn(rule, message);
  for (const { message } of missingFields(rows, ordered, "orderBy")) warn("missing-field", message);
  for (const { message } of missingFields(rows, fieldsOf(functions), "functions")) warn("missing-field", message);
  warnOfLostDigits(rows, partitionBy, warn);
  const compare = await comparisonOf(rows, orderBy, signal, warn);
  const partitions = await partitionsOf(rows, partitionBy, await sortedPositions(rows.length, compare, signal), signal);
  const columns = await comparedColumns(rows, work);
  const fields: NewField[] = [];
  const lossy = new Set<WindowFunction>();
  const sight = { rows, compare, columns, onLostDigits: (each: WindowFunction) => void lossy.add(each) };
  for (const each of functions) {
    fields.push(await newField(partitions, rows.length, stepsOf(each, sight), signal));
  }
  for (const { function: name, field } of lossy) warnOfLostSum(name, field, warn);
  const names = functions.map(({ as }) => as);
  const result: Row[] = [];
  await inBatches(rows.length, signal, (from, to) => {
    for (let position = from; position < to; position++) {
      result.push(withFields(rows[position] as Row, names, fields, position));
    }
  });
  return { result, count: result.length };
});

async function newField(
  partitions: readonly Partition[],
  count: number,
  { begin, at }: Steps,
  signal: AbortSignal | undefined,
): Promise<NewField> {
  const field: NewField = new Array(count).fill(null);
  let current = 0;
  let index = 0;
  await inBatches(count, signal, (from, to) => {
    for (let step = from; step < to; step++) {
      const partition = partitions[current] as Partition;
      if (index === 0) begin?.(partition);
      field[partition[index] as number] = at(index, partition);
      if (++index < partition.length) continue;
      index = 0;
      current++;
    }
  });
  return field;
}

/** The rows of each partition in their order. */
async function partitionsOf(
  rows: readonly Row[],
  partitionBy: readonly string[],
  order: Partition,
  signal: AbortSignal | undefined,
): Promise<Partition[]> {
  if (partitionBy.length === 0) return [order];
  const keyOf = keysOfGroups(partitionBy);
  // Positions in the order, so that the members of each partition are in theirs.
  const { groupOf, numbers } = await numberedGroups(rows.length, (at) => keyOf(rows[order[at] as number]), signal);
  const groups = groupsOf(groupOf, numbers.size);
  return Array.from({ length: numbers.size }, (_, group) => {
    const members = membersOf(groups, group);
    const partition = new Uint32Array(members.length);
    for (let at = 0; at < members.length; at++) partition[at] = order[members[at] as number] as number;
    return partition;
  });
}

async function comparedColumns(rows: readonly Row[], work: NodeWork<Parameters>): Promise<Map<string, Column>> {
  const columns = new Map<string, Column>();
  for (const field of fieldsOf(work.parameters.functions.filter(isComparing))) {
    columns.set(field, await columnOfExtremes(rows, field, work.signal, work.warn));
  }
  return columns;
}
