import type { Aggregate } from "../data/aggregate.js";
import { warnOfLostSum } from "../data/lost-digits.js";
import { isFunctionText, isIdentityText } from "../sandbox/user-function.js";
import { type Stream, streamedRecords, type Taker } from "../table/table-output.js";
import { aggregationFor, type StreamAnswer, type Transformation } from "../types/transform/execute.js";
import { mappedRows } from "./mapped-stream.js";
import { StreamedItems } from "./streamed-items.js";
import { StreamedRows } from "./streamed-rows.js";
import { withTextFound } from "./text-in-table.js";
import { transformStreamedItems } from "./transform-items.js";

/** Rows of a table. */
const MOST_ROWS = 0xffffffff;

/**
 * Transforms rows that are streamed: a filter by conditions becomes a part of the stream, user code makes items of the rows now, which
 * are streamed from where they are put aside, an aggregate and a limit take the rows. `undefined` for what needs all rows at once:
 * sorting, grouping, user code that sees the list of them.
 */
export async function transformStream(
  stream: Stream | undefined,
  transformation: Transformation,
  taker: Taker,
): Promise<StreamAnswer | undefined> {
  if (stream instanceof StreamedItems) return transformStreamedItems(stream, transformation, taker);
  if (!(stream instanceof StreamedRows)) return undefined;
  const { parameters, code, userFunction, warn } = transformation;
  const { where, match, operation, limitCount } = parameters;
  const inputCount = () => stream.countNow();
  const streamed = (result: StreamedRows) => ({
    answer: { stream: result },
    inputCount,
    outputCount: () => result.countNow(),
  });
  if (operation === "filter" && where) return streamed(await stream.filtered({ where, match }, taker));
  const isIdentity = (operation === "filter" || operation === "map") && isIdentityText(code);
  if (isIdentity || operation === "flatten") return streamed(stream);
  if (operation === "map") {
    if (!isFunctionText(code) || userFunction.seesAll) return undefined;
    const items = await mappedRows(stream, transformation, taker);
    const { count } = items.facts;
    return { answer: { stream: items }, inputCount: () => count, outputCount: () => count };
  }
  if (operation === "limit") {
    const table = await stream.table(taker, Math.min(limitCount, MOST_ROWS));
    const answer = table.hasHoles ? { value: streamedRecords(table) } : { table };
    return { answer, inputCount, outputCount: () => table.rowCount };
  }
  if (operation !== "aggregate") return undefined;
  const aggregation = aggregationFor(parameters, warn);
  const { text, lostDigits } = await stream
    .aggregates(taker, JSON.stringify(aggregation))
    .catch(async (error: unknown) => {
      throw await withTextFound(error, (count) => stream.table(taker, count));
    });
  for (const at of lostDigits) {
    const { operation: sum, field } = aggregation.aggregates[at] as Aggregate;
    warnOfLostSum(sum, field, warn);
  }
  const value = JSON.parse(text) as unknown[];
  return { answer: { value }, inputCount, outputCount: () => value.length };
}
