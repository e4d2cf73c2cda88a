/** What joins of records and of tables have in common. */
import type { NativeTable } from "@atomiton/conductor-native";

import { NodeError } from "../../contract/error.js";
import { type Keyed, nothingMatched } from "../../data/doubtful-keys.js";
import { nearlyMatched } from "../../data/near-keys.js";
import { countText, MOST_ROWS, type Row } from "../../data/rows.js";
import type { Stream } from "../../table/table-output.js";

/** Which rows come out. */
export type How = "inner" | "left" | "right" | "full" | "semi" | "anti";

/** Two tables with rows, to be joined by columns that they have. */
export interface TableJoin {
  left: NativeTable;
  right: NativeTable;
  leftKeys: readonly string[];
  rightKeys: readonly string[];
  how: How;
  suffix: string;
}

/** Rows that are streamed, the left side or for `right` the right one, to be joined with a table that is the other. */
export interface StreamJoin extends Omit<TableJoin, "left" | "right"> {
  stream: Stream | undefined;
  held: NativeTable;
  /** Refuses keys that are not among the fields of the rows that are streamed. */
  demandKeys(fields: readonly string[]): void;
}

/** What comes of such a join. Counts are not known until they are asked for. */
export interface StreamedJoinAnswer {
  answer: { stream: Stream } | { value: unknown[] };
  count(): number;
  /** Rows that were streamed and have no match. */
  unmatched(): number;
  unmatchedHeld(): number;
}

/** Joined rows: a table, or records that are made when they are read. */
export interface JoinAnswer {
  answer: { table: NativeTable } | { records: () => unknown[] };
  count: number;
  unmatchedLeft: number;
  unmatchedRight: number;
}

/**
 * Demands that not too many rows come out.
 *
 * @throws NodeError MEMORY_LIMIT_EXCEEDED
 */
export function demandRoom(how: How, pairs: number, unmatchedLeft: number, unmatchedRight: number): void {
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

/** What matching two sides gave, as far as it may be in doubt. */
export interface Matched {
  /** The rows of both sides; the first ones are enough. */
  left: Keyed;
  right: Keyed;
  pairs: number;
  haveBlankKeys(): boolean;
  /** Rows of the left and of the right without a match, the first ones at least; none where all of one side have one. */
  withoutMatch(): readonly [readonly Row[], readonly Row[]];
}

/** Warns of keys that cannot have been meant as they are. */
export function warnOfKeys(warn: (rule: string, message: string) => void, matched: Matched): void {
  const { left, right, pairs } = matched;
  if (left.rows.length === 0 || right.rows.length === 0) return;
  if (pairs === 0) {
    warn("nothing-matched", nothingMatched(left, right, ["left", "right"]).message);
    return;
  }
  if (matched.haveBlankKeys()) {
    warn(
      "blank-keys",
      "Both sides have rows with empty text in a key, and these match each other; filter them out first",
    );
  }
  const [ofLeft, ofRight] = matched.withoutMatch();
  const near = nearlyMatched({ ...left, rows: ofLeft }, { ...right, rows: ofRight }, ["left", "right"]);
  if (near !== undefined) warn("nearly-matched", near);
}
