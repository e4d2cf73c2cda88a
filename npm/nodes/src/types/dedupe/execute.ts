import type { NodeExecutable } from "../../contract/executable.js";
import { inBatches } from "../../contract/pace.js";
import { fieldOf, isEmpty } from "../../data/field.js";
import { keyOfItem, keysOfGroups } from "../../data/key.js";
import { warnOfLostDigits } from "../../data/lost-digits.js";
import { countText, demandDifferent, demandFields, listOf, rowsOf } from "../../data/rows.js";
import { executable } from "../../library/work.js";
import { dedupe } from "./definition.js";

interface Parameters {
  keys?: string[];
  keep: "first" | "last";
}

/**
 * Leaves out rows that repeat another one, as `{result, duplicates, count, removed}`; rows are handed on by reference.
 *
 * Fails with TYPE_MISMATCH (no list, with `keys` no records), INVALID_PARAMETERS (a key that no row has), CANCELLED.
 */
export const dedupeNode: NodeExecutable = executable<Parameters>(
  dedupe,
  async ({ input, parameters, signal, warn }) => {
    const { keys = [], keep } = parameters;
    demandDifferent(keys, "keys");
    const rows = keys.length === 0 ? listOf(input) : rowsWith(input, keys);
    const keyOf = keys.length === 0 ? keyOfItem : keysOfGroups(keys);
    warnOfLostDigits(rows, keys, warn);
    const blank = keys.length === 0 ? 0 : blankKeys(rows, keys);
    if (blank > 1) {
      warn(
        "blank-keys",
        `${countText(blank)} of ${countText(rows.length)} rows have nothing in ${keys.map((key) => `\`${key}\``).join(", ")} and count as equal, so that one of them stays; filter them out first where they are not`,
      );
    }
    const stays = await staying(rows, keyOf, keep, signal);
    const result = rows.filter((_, position) => stays[position] === 1);
    const duplicates = rows.filter((_, position) => stays[position] === 0);
    return { result, duplicates, count: result.length, removed: duplicates.length };
  },
);

/** How many rows have nothing in any of the keys. */
function blankKeys(rows: readonly unknown[], keys: readonly string[]): number {
  let count = 0;
  for (const row of rows) if (keys.every((key) => isEmpty(fieldOf(row, key)))) count++;
  return count;
}

function rowsWith(input: unknown, keys: readonly string[]): readonly unknown[] {
  const rows = rowsOf(input);
  demandFields(rows, keys, "keys");
  return rows;
}

/** 1 for each row that stays. */
async function staying(
  rows: readonly unknown[],
  keyOf: (row: unknown) => string,
  keep: "first" | "last",
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const stays = new Uint8Array(rows.length);
  const seen = new Set<string>();
  await inBatches(rows.length, signal, (from, to) => {
    for (let step = from; step < to; step++) {
      const position = keep === "first" ? step : rows.length - 1 - step;
      const key = keyOf(rows[position]);
      if (seen.has(key)) continue;
      seen.add(key);
      stays[position] = 1;
    }
  });
  return stays;
}
