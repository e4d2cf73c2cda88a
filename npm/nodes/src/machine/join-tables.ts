import type { NativeTable } from "@atomiton/conductor-native";

import { MOST_NEAR } from "../data/near-keys.js";
import type { Row } from "../data/rows.js";
import { cancellable } from "../table/addon.js";
import { recordBatches, recordsOf, type Taker } from "../table/table-output.js";
import { namesOfPairs } from "../types/join/pairing.js";
import { demandRoom, type JoinAnswer, type TableJoin, warnOfKeys } from "../types/join/tables.js";

/** Rows that messages about keys are made of. */
const MOST_SAMPLED = 10_000;

/**
 * Joins two tables, neither of them without rows. The cells of tables are text, so that keys are equal where their text is;
 * the result is the same as that of their records.
 */
export async function joinTables(join: TableJoin, taker: Taker): Promise<JoinAnswer> {
  const { left, right, leftKeys, rightKeys, how, suffix } = join;
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
  const naming = namingOf(join, how === "semi" || how === "anti" ? undefined : suffix);
  const joined = await cancellable(taker.signal, (addon, cancel) =>
    addon.joinTables(matches, how, JSON.stringify(naming), cancel),
  );
  const table = joined.table();
  const answer = table ? { table } : { records: () => recordsOf(joined) };
  return { answer, count: joined.rowCount, unmatchedLeft, unmatchedRight };
}

const ONE_ROW: readonly Row[] = [{}];

function sampleOf(table: NativeTable): Row[] {
  const rows: Row[] = [];
  for (const { text } of recordBatches(table)) {
    for (const row of JSON.parse(text) as Row[]) rows.push(row);
    if (rows.length >= MOST_SAMPLED) break;
  }
  return rows;
}

/** What the addon needs of names; without a suffix, for rows of the left side alone. */
function namingOf({ left, right, leftKeys, rightKeys }: TableJoin, suffix: string | undefined): object {
  if (suffix === undefined) return { right: [], shared: [] };
  const [leftNames, rightNames] = [left.headers, right.headers];
  const { shared, renamed } = namesOfPairs(new Set(leftNames), leftKeys, new Set(rightNames), rightKeys, suffix);
  return {
    right: rightNames.map((name) => renamed.get(name) ?? null),
    shared: leftNames.map((name) => (shared.includes(name) ? rightNames.indexOf(name) : null)),
  };
}
