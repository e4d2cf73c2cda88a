import { NodeError } from "../../contract/error.js";
import type { NodeExecutable } from "../../contract/executable.js";
import { inBatches } from "../../contract/pace.js";
import { nothingMatched } from "../../data/doubtful-keys.js";
import { fieldOf } from "../../data/field.js";
import { keyOfValue } from "../../data/key.js";
import { warnOfLostDigits } from "../../data/lost-digits.js";
import { nearlyMatched } from "../../data/near-keys.js";
import {
  countText,
  demandDifferent,
  demandFields,
  missingFields,
  type Row,
  rowsAt,
  setField,
} from "../../data/rows.js";
import { isSame } from "../../data/same.js";
import { executable, type NodeWork } from "../../library/work.js";
import { diff } from "./definition.js";
import { keyedRows } from "./keyed.js";

/** Rows of a list that is hardly replaced as a whole. */
const MANY = 10;

interface Parameters {
  keys: string[];
  fields?: string[];
  ignore?: string[];
}

/** A row that is in both lists, and differs. */
interface Changed {
  /** Values of the key fields, by their names. */
  key: Row;
  before: Row;
  after: Row;
  /** By the names of fields that differ: `{before, after}`, null where the field is missing. */
  changes: Row;
}

/**
 * Compares two lists of records by their keys, as `{result: {added, removed, changed, unchanged}, added, removed, changed,
 * unchanged}`. Rows are handed on by reference.
 *
 * Fails with TYPE_MISMATCH (an input that is missing or no list of records, rows without a key, two rows of one key),
 * INVALID_PARAMETERS (no keys, a key that no row has), CANCELLED.
 */
export const diffNode: NodeExecutable = executable<Parameters>(diff, async (work) => {
  const { signal } = work;
  const { keys } = work.parameters;
  if (keys.length === 0) throw new NodeError("INVALID_PARAMETERS", "`keys` is empty; name one field at least");
  demandDifferent(keys, "keys");
  const before = rowsAt(work.input, "before");
  const after = rowsAt(work.input, "after");
  demandFields(before, keys, "keys", " of before");
  demandFields(after, keys, "keys", " of after");
  warnOfFields(before, after, work);
  const warn = (rule: string, message: string) => work.warn(rule, message);
  const compared = [...keys, ...(work.parameters.fields ?? [])];
  warnOfLostDigits(before, compared, warn, " of before");
  warnOfLostDigits(after, compared, warn, " of after");
  const earlier = await keyedRows(before, keys, "before", signal);
  const later = await keyedRows(after, keys, "after", signal);
  const added: Row[] = [];
  await inBatches(after.length, signal, (from, to) => {
    for (let position = from; position < to; position++) {
      if (!earlier.positions.has(later.keyAt(position))) added.push(after[position] as Row);
    }
  });
  const removed: Row[] = [];
  const changed: Changed[] = [];
  const spellings = new Map<string, number>();
  await inBatches(before.length, signal, (from, to) => {
    for (let position = from; position < to; position++) {
      const row = before[position] as Row;
      const other = later.positions.get(earlier.keyAt(position));
      if (other === undefined) removed.push(row);
      else {
        const changes = changesOf(row, after[other] as Row, work.parameters, spellings);
        if (changes === undefined) continue;
        changed.push({ key: keyFields(row, keys), before: row, after: after[other] as Row, changes });
      }
    }
  });
  warnOfSpellings(spellings, work);
  if (removed.length === before.length) warnOfKeys(before, after, work);
  else {
    const near = nearlyMatched({ rows: removed, keys }, { rows: added, keys }, ["before", "after"]);
    if (near !== undefined) warn("nearly-matched", near);
  }
  const result = { added, removed, changed, unchanged: before.length - removed.length - changed.length };
  return { result, ...result };
});

/** The fields that differ; counts those that do only because one is the text of the other. */
function changesOf(
  before: Row,
  after: Row,
  { keys, fields, ignore = [] }: Parameters,
  spellings: Map<string, number>,
): Row | undefined {
  let changes: Row | undefined;
  const compare = (field: string): void => {
    const [earlier, later] = [fieldOf(before, field) ?? null, fieldOf(after, field) ?? null];
    if (isSame(earlier, later)) return;
    const spelled = keyOfValue(earlier);
    if (spelled !== undefined && spelled === keyOfValue(later)) spellings.set(field, (spellings.get(field) ?? 0) + 1);
    changes ??= {};
    setField(changes, field, { before: earlier, after: later });
  };
  const isCompared = (field: string) => !keys.includes(field) && !ignore.includes(field);
  for (const field of fields ?? Object.keys(before)) if (isCompared(field)) compare(field);
  if (fields !== undefined) return changes;
  for (const field of Object.keys(after)) if (isCompared(field) && !Object.hasOwn(before, field)) compare(field);
  return changes;
}

function keyFields(row: Row, keys: readonly string[]): Row {
  const key: Row = {};
  for (const field of keys) setField(key, field, fieldOf(row, field));
  return key;
}

/** Fields to compare, or not to, that no row of either list has. */
function warnOfFields(before: readonly Row[], after: readonly Row[], { parameters, warn }: NodeWork<Parameters>): void {
  for (const purpose of ["fields", "ignore"] as const) {
    const named = parameters[purpose] ?? [];
    demandDifferent(named, purpose);
    const isThere = (field: string) => after.some((row) => fieldOf(row, field) !== undefined);
    for (const { field, message } of missingFields(before.length === 0 ? after : before, named, purpose)) {
      if (!isThere(field)) warn("missing-field", message);
    }
  }
}

/** Of rows that all are only in one list, where their keys could not meet, or there are so many that some should have. */
function warnOfKeys(
  before: readonly Row[],
  after: readonly Row[],
  { parameters: { keys }, warn }: NodeWork<Parameters>,
) {
  const least = Math.min(before.length, after.length);
  if (least === 0) return;
  const { message, differ } = nothingMatched({ rows: before, keys }, { rows: after, keys }, ["before", "after"]);
  if (differ || least >= MANY) warn("nothing-matched", message);
}

function warnOfSpellings(spellings: ReadonlyMap<string, number>, { warn }: NodeWork<Parameters>): void {
  for (const [field, count] of spellings) {
    warn(
      "types-differ",
      `\`${field}\` differs ${countText(count)} times only in that one list has a number and the other one the text that spells it; make both the same first`,
    );
  }
}
