import type { JoinFindings, NativeTable } from "@atomiton/conductor-native";

import { MOST_NEAR } from "../data/near-keys.js";
import type { Row } from "../data/rows.js";
import { cancellable } from "../table/addon.js";
import { recordBatches, recordsOf, type Taker } from "../table/table-output.js";
import { namesOfPairs } from "../types/join/pairing.js";
import { demandRoom, type JoinAnswer, type TableJoin, warnOfKeys } from "../types/join/tables.js";
import type { StreamedJoin } from "./streamed-rows.js";

/** Rows that messages about keys are made of. */
const MOST_SAMPLED = 10_000;

/**
 * Joins two tables, neither of them without rows. The cells of tables are text, so that keys are equal where their text is;
 * the result is the same as that of their records.
 */
export async function joinTables(join: TableJoin, taker: Taker): Promise<JoinAnswer> {
  const { left, right, leftKeys, rightKeys, how } = join;
  const matches = await cancellable(taker.signal, (addon, cancel) =>
    addon.matchTables(left, leftKeys, right, rightKeys, how, cancel),
  );
  const { pairs, unmatchedLeft, unmatchedRight } = matches;
  demandRoom(how, pairs, unmatchedLeft, unmatchedRight);
  // No row is made where there is nothing to say of it.
  const sampleFor = (table: NativeTable) => (pairs === 0 ? sampleOf(table) : ONE_ROW);
  warnOfKeys((rule, message) => taker.warn(rule, message), {
    left: { rows: sampleFor(left), keys: leftKeys },
    right: { rows: sampleFor(right), keys: rightKeys },
    pairs,
    haveBlankKeys: () => matches.haveBlankKeys,
    withoutMatch() {
      if (unmatchedLeft === 0 || unmatchedRight === 0) return [[], []];
      return [sampleOf(matches.leftWithoutMatch(MOST_NEAR)), sampleOf(matches.rightWithoutMatch(MOST_NEAR))];
    },
  });
  const naming = namingOf({ ...join, left: left.headers, right: right.headers });
  const table = await cancellable(taker.signal, (addon, cancel) =>
    addon.joinTables(matches, how, JSON.stringify(naming), cancel),
  );
  const answer = table.hasHoles ? { records: () => recordsOf(table) } : { table };
  return { answer, count: table.rowCount, unmatchedLeft, unmatchedRight };
}

/**
 * {@link warnOfKeys} of a join whose rows were taken.
 *
 * @param firstOf gives the first of the rows that came
 */
export async function warnOfStreamedKeys(
  { held, leftKeys, rightKeys, how }: StreamedJoin,
  found: JoinFindings,
  firstOf: (most: number) => Promise<NativeTable>,
  warn: Taker["warn"],
): Promise<void> {
  const { pairs, unmatched, unmatchedHeld, withoutMatch, heldWithoutMatch } = found;
  const sides = <T>(coming: T, other: T): readonly [T, T] => (how === "right" ? [other, coming] : [coming, other]);
  const [left, right] =
    pairs === 0 ? sides(sampleOf(await firstOf(MOST_SAMPLED)), sampleOf(held)) : sides(ONE_ROW, ONE_ROW);
  warnOfKeys(warn, {
    left: { rows: left, keys: leftKeys },
    right: { rows: right, keys: rightKeys },
    pairs,
    haveBlankKeys: () => found.haveBlankKeys,
    withoutMatch() {
      if (unmatched === 0 || unmatchedHeld === 0) return [[], []];
      return sides(sampleOf(withoutMatch), sampleOf(heldWithoutMatch));
    },
  });
}

const ONE_ROW: readonly Row[] = [{}];

function sampleOf(table: NativeTable): readonly Row[] {
  const rows: Row[] = [];
  for (const { text } of recordBatches(table)) {
    for (const row of JSON.parse(text) as Row[]) rows.push(row);
    if (rows.length >= MOST_SAMPLED) break;
  }
  return rows;
}

/** What the addon needs of names, of the columns of both sides; nothing where rows of one side come out alone. */
export function namingOf({
  left,
  right,
  leftKeys,
  rightKeys,
  how,
  suffix,
}: Omit<TableJoin, "left" | "right"> & { left: readonly string[]; right: readonly string[] }): object {
  if (how === "semi" || how === "anti") return { right: [], shared: [] };
  const { shared, renamed } = namesOfPairs(new Set(left), leftKeys, new Set(right), rightKeys, suffix);
  return {
    right: right.map((name) => renamed.get(name) ?? null),
    shared: left.map((name) => (shared.includes(name) ? right.indexOf(name) : null)),
  };
}
