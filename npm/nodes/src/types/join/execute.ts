import type { NativeTable } from "@atomiton/conductor-native";

import { NodeError } from "../../contract/error.js";
import type { NodeExecutable } from "../../contract/executable.js";
import { inBatches } from "../../contract/pace.js";
import { hasBlankKey, type Keyed } from "../../data/doubtful-keys.js";
import { NONE } from "../../data/groups.js";
import { handleValue, unwrap } from "../../data/input.js";
import { warnOfLostDigits } from "../../data/lost-digits.js";
import { demandDifferent, demandFields, type Row, rowsAt } from "../../data/rows.js";
import type { Platform } from "../../library/platform.js";
import { executable, type NodeWork } from "../../library/work.js";
import {
  attachCount,
  attachLazily,
  attachStream,
  attachTable,
  demandTable,
  streamBehind,
  tableBehind,
} from "../../table/table-output.js";
import { join, keysProblem } from "./definition.js";
import { isIndexedMatched, type Matches, matchesOf, unmatchedLookedUp } from "./matches.js";
import { type Pairing, pairingOf } from "./pairing.js";
import { demandRoom, type How, type JoinAnswer, type TableJoin, warnOfKeys } from "./tables.js";

interface Parameters {
  how: How;
  on?: string[];
  leftKeys?: string[];
  rightKeys?: string[];
  suffix: string;
}

/**
 * Joins two lists of records by a hash of the keys, as `{result, count, unmatchedLeft, unmatchedRight}`. Two native tables are
 * joined natively where the platform allows it, and rows that are streamed with a table as a part of the stream, with the same result.
 *
 * Fails with TYPE_MISMATCH (an input that is missing or no list of records), INVALID_PARAMETERS (keys that no row has, a
 * suffix that makes two fields of one name), MEMORY_LIMIT_EXCEEDED (too many rows would come out), CANCELLED.
 */
export function joinNode(platform: Platform): NodeExecutable {
  return executable<Parameters>(
    join,
    async (work) => {
      const { parameters, input } = work;
      const problem = keysProblem(parameters);
      if (problem !== undefined) throw new NodeError("INVALID_PARAMETERS", problem.message);
      const streamed = await joinStreamed(platform, work);
      if (streamed !== undefined) return streamed;
      for (const side of SIDES) await demandTable(unwrap(handleValue(input, side)), work);
      const { joinTables } = platform;
      const tables = joinTables && tablesOf(input);
      if (!tables) return joinRecords(work);
      for (const side of SIDES) demandKeys(parameters, side, tables[side].headers);
      return outputOf(await joinTables({ ...tables, ...joinOf(parameters) }, work));
    },
    { takesStreams: true },
  );
}

const SIDES = ["left", "right"] as const;

/** Joins without taking the rows of the side whose order is kept, where they are streamed and those of the other one are a table. */
async function joinStreamed(platform: Platform, work: NodeWork<Parameters>): Promise<object | undefined> {
  const { parameters, input } = work;
  const isRight = parameters.how === "right";
  const [side, other] = isRight ? (["right", "left"] as const) : SIDES;
  const stream = streamBehind(unwrap(handleValue(input, side)));
  if (stream === undefined || platform.joinStream === undefined) return undefined;
  const held = unwrap(handleValue(input, other));
  await demandTable(held, work);
  const table = tableBehind(held);
  if (table === undefined) return undefined;
  const keysOfHeld = () => table.rowCount > 0 && demandKeys(parameters, other, table.headers);
  const demandBoth = (fields: readonly string[]) => {
    if (isRight) keysOfHeld();
    demandKeys(parameters, side, fields);
    if (!isRight) keysOfHeld();
  };
  const joined = await platform.joinStream(
    { ...joinOf(parameters), stream, held: table, demandKeys: demandBoth },
    work,
  );
  if (joined === undefined) return undefined;
  const { answer, count, unmatched, unmatchedHeld } = joined;
  const output = {};
  if ("stream" in answer) attachStream(output, "result", answer.stream);
  else Object.assign(output, { result: answer.value });
  attachCount(output, "count", count);
  attachCount(output, "unmatchedLeft", isRight ? unmatchedHeld : unmatched);
  return attachCount(output, "unmatchedRight", isRight ? unmatched : unmatchedHeld);
}

function joinOf(parameters: Parameters): Pick<TableJoin, "how" | "suffix" | "leftKeys" | "rightKeys"> {
  const { how, suffix } = parameters;
  return { how, suffix, leftKeys: keysOf(parameters, "left"), rightKeys: keysOf(parameters, "right") };
}

/** Refuses keys that are not among the columns of a table. */
function demandKeys(parameters: Parameters, side: "left" | "right", columns: readonly string[]): void {
  const { on } = parameters;
  if (on !== undefined) demandDifferent(on, "on");
  // All rows of a table have the same fields, so that one stands for them.
  const row = Object.fromEntries(columns.map((name) => [name, ""]));
  demandFields([row], keysOf(parameters, side), on === undefined ? `${side}Keys` : "on", ` of ${side}`);
}

/** The tables of both sides; `undefined` where one is no table, or has no rows and so no fields. */
function tablesOf(input: unknown): { left: NativeTable; right: NativeTable } | undefined {
  const [left, right] = SIDES.map((side) => tableBehind(unwrap(handleValue(input, side))));
  return left && right && left.rowCount > 0 && right.rowCount > 0 ? { left, right } : undefined;
}

function outputOf({ answer, ...counts }: JoinAnswer): object {
  const output = {};
  if ("table" in answer) attachTable(output, "result", answer.table);
  else attachLazily(output, "result", answer.records);
  return Object.assign(output, counts);
}

async function joinRecords(work: NodeWork<Parameters>): Promise<object> {
  const { parameters, input, signal } = work;
  const left = sideOf(input, "left", parameters);
  const right = sideOf(input, "right", parameters);
  const isSwapped = parameters.how === "right";
  const [lookedUp, indexed] = isSwapped ? [right, left] : [left, right];
  const matches = await matchesOf(lookedUp, indexed, signal);
  const unmatched = [unmatchedLookedUp(matches), unmatchedIndexed(matches)];
  const [unmatchedLeft = 0, unmatchedRight = 0] = isSwapped ? unmatched.reverse() : unmatched;
  demandRoom(parameters.how, matches.pairs, unmatchedLeft, unmatchedRight);
  warnOfKeys((rule, message) => work.warn(rule, message), {
    left,
    right,
    pairs: matches.pairs,
    haveBlankKeys: () => hasBlankKey(left) && hasBlankKey(right),
    withoutMatch() {
      if (unmatchedLeft === 0 || unmatchedRight === 0) return [[], []];
      const ofLookedUp = lookedUp.rows.filter((_, position) => matches.groupOf[position] === NONE);
      const ofIndexed = indexed.rows.filter((_, position) => !isIndexedMatched(matches, position));
      return isSwapped ? [ofIndexed, ofLookedUp] : [ofLookedUp, ofIndexed];
    },
  });
  for (const [side, { rows, keys }] of Object.entries({ left, right })) {
    warnOfLostDigits(rows, keys, (rule, message) => work.warn(rule, message), ` of ${side}`);
  }
  const result = await resultOf(parameters, left, right, matches, signal);
  return { result, count: result.length, unmatchedLeft, unmatchedRight };
}

function keysOf({ on, leftKeys, rightKeys }: Parameters, side: "left" | "right"): readonly string[] {
  return on ?? (side === "left" ? leftKeys : rightKeys) ?? [];
}

function sideOf(input: unknown, name: "left" | "right", parameters: Parameters): Keyed {
  const { on } = parameters;
  const keys = keysOf(parameters, name);
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
