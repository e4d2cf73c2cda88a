import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { inBatches } from "../../contract/pace.js";
import { fieldOf } from "../../data/field.js";
import { keyOfValue, keysOfAll } from "../../data/key.js";
import type { Row } from "../../data/rows.js";

/** Repeated keys that are told. */
const MOST_TOLD = 5;

/** Rows by their keys, of which each is there once. */
export interface KeyedRows {
  positions: ReadonlyMap<string, number>;
  keyAt(position: number): string;
}

/**
 * Reads the keys of all rows.
 *
 * @throws NodeError TYPE_MISMATCH naming rows without a key, and keys that several rows have; CANCELLED
 */
export async function keyedRows(
  rows: readonly Row[],
  keys: readonly string[],
  side: string,
  signal: AbortSignal | undefined,
): Promise<KeyedRows> {
  const keyOf = keysOfAll(keys);
  const positions = new Map<string, number>();
  const all: string[] = [];
  const repeated: string[] = [];
  let repetitions = 0;
  await inBatches(rows.length, signal, (from, to) => {
    for (let position = from; position < to; position++) {
      const row = rows[position] as Row;
      const key = keyOf(row);
      if (key === undefined) throw withoutKey(row, keys, side, position);
      const first = positions.get(key);
      if (first === undefined) positions.set(key, position);
      else if (++repetitions <= MOST_TOLD) repeated.push(`${keyText(row, keys)} in rows ${first} and ${position}`);
      all.push(key);
    }
  });
  if (repetitions > 0) {
    if (repetitions > MOST_TOLD) repeated.push(`and ${repetitions - MOST_TOLD} more`);
    throw new NodeError(
      "TYPE_MISMATCH",
      `Rows of \`${side}\` have the same keys: ${repeated.join("; ")}. Name further fields in \`keys\`, or leave out repeated rows first`,
    );
  }
  return { positions, keyAt: (position) => all[position] as string };
}

function withoutKey(row: Row, keys: readonly string[], side: string, position: number): NodeError {
  const lacking = keys.find((field) => keyOfValue(fieldOf(row, field)) === undefined) as string;
  return new NodeError(
    "TYPE_MISMATCH",
    `Row ${position} of \`${side}\` has no \`${lacking}\`, by which rows are known; filter such rows out first, or choose other \`keys\``,
  );
}

function keyText(row: Row, keys: readonly string[]): string {
  return keys.map((field) => `\`${field}\` ${foundText(fieldOf(row, field))}`).join(", ");
}
