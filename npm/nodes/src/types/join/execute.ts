import { NodeError } from "../../contract/error.js";
import type { NodeExecutable } from "../../contract/executable.js";
import { inBatches } from "../../contract/pace.js";
import { hasBlankKey, type Keyed, nothingMatched } from "../../data/doubtful-keys.js";
import { NONE } from "../../data/groups.js";
import { warnOfLostDigits } from "../../data/lost-digits.js";
import { countText, demandDifferent, demandFields, MOST_ROWS, type Row, rowsAt } from "../../data/rows.js";
import { executable, type NodeWork } from "../../library/work.js";
import { join, keysProblem } from "./definition.js";
import { isIndexedMatched, type Matches, matchesOf, unmatchedLookedUp } from "./matches.js";
import { type Pairing, pairingOf } from "./pairing.js";

interface Parameters {
  how: "inner" | "left" | "right" | "full" | "semi" | "anti";
  on?: string[];
  leftKeys?: string[];
  rightKeys?: string[];
  suffix: string;
}

/**
 * Joins two lists of records by a hash of the keys, as `{result, count, unmatchedLeft, unmatchedRight}`.
 *
 * Fails with TYPE_MISMATCH (an input that is missing or no list of records), INVALID_PARAMETERS (keys that no row has, a
 * suffix that makes two fields of one name), MEMORY_LIMIT_EXCEEDED (too many rows would come out), CANCELLED.
 */
export const joinNode: NodeExecutable = executable<Parameters>(join, async (work) => {
  const { parameters, input, signal } = work;
  const problem = keysProblem(parameters);
  if (problem !== undefined) throw new NodeError("INVALID_PARAMETERS", problem.message);
  const left = sideOf(input, "left", parameters);
  const right = sideOf(input, "right", parameters);
  const isSwapped = parameters.how === "right";
  const [lookedUp, indexed] = isSwapped ? [right, left] : [left, right];
  const matches = await matchesOf(lookedUp, indexed, signal);
  const unmatched = [unmatchedLookedUp(matches), unmatchedIndexed(matches)];
  const [unmatchedLeft = 0, unmatchedRight = 0] = isSwapped ? unmatched.reverse() : unmatched;
  demandRoom(parameters.how, matches, unmatchedLeft, unmatchedRight);
  warnOfKeys(work, left, right, matches);
  for (const [side, { rows, keys }] of Object.entries({ left, right })) {
    warnOfLostDigits(rows, keys, (rule, message) => work.warn(rule, message), ` of ${side}`);
  }
  const result = await resultOf(parameters, left, right, matches, signal);
  return { result, count: result.length, unmatchedLeft, unmatchedRight };
});

function sideOf(input: unknown, name: "left" | "right", { on, leftKeys, rightKeys }: Parameters): Keyed {
  const keys = on ?? (name === "left" ? leftKeys : rightKeys) ?? [];
  const purpose = on === undefined ? `${name}Keys` : "on";
  const rows = rowsAt(input, name);
  if (on !== undefined) demandDifferent(on, "on");
  demandFields(rows, keys, purpose, ` of ${name}`);
  return { rows, keys };
}

function unmatchedIndexed(matches: Matches): number {
  let count = 0;
  for (let position = 0; position < matches.indexedGroupOf.length; position++) {
    if (!isIndexedMatched(matches, position)) count++;
  }
  return count;
}

function demandRoom(how: Parameters["how"], { pairs }: Matches, unmatchedLeft: number, unmatchedRight: number): void {
  if (how === "semi" || how === "anti") return;
  const count =
    pairs +
    (how === "left" || how === "full" ? unmatchedLeft : 0) +
    (how === "right" || how === "full" ? unmatchedRight : 0);
  if (count <= MOST_ROWS) return;
  throw new NodeError(
    "MEMORY_LIMIT_EXCEEDED",
    `The join would give ${countText(count)} rows, more than ${countText(MOST_ROWS)}: many rows of both sides have the same keys. Join by more key fields, or make the keys of one side unique first`,
  );
}

function warnOfKeys({ warn }: NodeWork<Parameters>, left: Keyed, right: Keyed, { pairs }: Matches): void {
  if (left.rows.length === 0 || right.rows.length === 0) return;
  if (pairs === 0) warn("nothing-matched", nothingMatched(left, right, ["left", "right"]).message);
  else if (hasBlankKey(left) && hasBlankKey(right)) {
    warn(
      "blank-keys",
      "Both sides have rows with empty text in a key, and these match each other; filter them out first",
    );
  }
}

async function resultOf(
  { how, suffix }: Parameters,
  left: Keyed,
  right: Keyed,
  matches: Matches,
  signal: AbortSignal | undefined,
): Promise<Row[]> {
  if (how === "semi" || how === "anti") {
    return left.rows.filter((_, position) => (matches.groupOf[position] === NONE) === (how === "anti"));
  }
  const pairing = await pairingOf(left, right, suffix, signal);
  const rows: Row[] = [];
  if (how === "right") await addPairs(rows, right.rows, left.rows, true, flipped(pairing), matches, signal);
  else await addPairs(rows, left.rows, right.rows, how !== "inner", pairing, matches, signal);
  if (how === "full") {
    await inBatches(right.rows.length, signal, (from, to) => {
      for (let position = from; position < to; position++) {
        if (!isIndexedMatched(matches, position)) rows.push(pairing.ofRight(right.rows[position] as Row));
      }
    });
  }
  return rows;
}

/** The same records, made of a right and a left row. */
function flipped({ ofPair, ofRight, ofLeft }: Pairing): Pairing {
  return { ofPair: (right, left) => ofPair(left, right), ofLeft: ofRight, ofRight: ofLeft };
}

/** Pairs in the order of the rows that were looked up, and in that of the indexed ones within. */
async function addPairs(
  rows: Row[],
  lookedUp: readonly Row[],
  indexed: readonly Row[],
  keepsUnmatched: boolean,
  { ofPair, ofLeft }: Pairing,
  matches: Matches,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { groupOf, starts, members, pairs } = matches;
  let position = 0;
  let member = 0;
  // One row may have millions of matches, so that batches are counted in pairs.
  await inBatches(pairs + unmatchedLookedUp(matches), signal, (from, to) => {
    for (let step = from; step < to; step++) {
      const row = lookedUp[position] as Row;
      const group = groupOf[position] as number;
      if (group === NONE) {
        if (keepsUnmatched) rows.push(ofLeft(row));
        position++;
        continue;
      }
      const first = starts[group] as number;
      rows.push(ofPair(row, indexed[members[first + member] as number] as Row));
      if (++member < (starts[group + 1] as number) - first) continue;
      member = 0;
      position++;
    }
  });
}
