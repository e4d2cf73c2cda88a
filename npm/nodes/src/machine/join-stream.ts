import { NodeError } from "../contract/error.js";
import type { Taker } from "../table/table-output.js";
import type { StreamedJoinAnswer, StreamJoin } from "../types/join/tables.js";
import { StreamedRows } from "./streamed-rows.js";

/**
 * Joins rows that are streamed with a table, which is held: the joined rows are a stream again, of the same rows in the same order as
 * {@link joinTables} gives. `undefined` where there is no such stream, or it has no rows, so that nothing is known of their fields.
 */
export async function joinStream(
  { stream, demandKeys, ...join }: StreamJoin,
  taker: Taker,
): Promise<StreamedJoinAnswer | undefined> {
  if (!(stream instanceof StreamedRows)) return undefined;
  if ((await stream.first(1, taker.signal)).rowCount === 0) return undefined;
  const { held, how } = join;
  demandKeys(stream.headers);
  if (held.rowCount === 0) {
    // Nothing is known of its fields, so that rows without a match stay what they are.
    const isKept = how !== "inner" && how !== "semi";
    const comingCount = () => stream.countNow();
    return {
      answer: isKept ? { stream } : { value: [] },
      count: isKept ? comingCount : () => 0,
      unmatched: comingCount,
      unmatchedHeld: () => 0,
    };
  }
  const joined = await stream.joined(join, taker.signal);
  let counted: ReturnType<StreamedRows["countedNow"]> | undefined;
  const found = () => {
    counted ??= joined.countedNow();
    return counted;
  };
  const ofJoin = () => {
    const last = found().joins.at(-1);
    if (last === undefined) throw new NodeError("INTERNAL_ERROR", "The rows of the join were not counted");
    return last;
  };
  return {
    answer: { stream: joined },
    count: () => found().counts.at(-1) ?? 0,
    unmatched: () => ofJoin().unmatched,
    unmatchedHeld: () => ofJoin().unmatchedHeld,
  };
}
