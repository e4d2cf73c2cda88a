import { Totals } from "../data/aggregate.js";
import { doubtsOfFilter } from "../data/doubtful-conditions.js";
import { warnOfLostDigits } from "../data/lost-digits.js";
import { doubtsOfText, MOST_LOOKED_AT } from "../data/text-among-numbers.js";
import { predicateOf } from "../data/where.js";
import { isFunctionText, isIdentityText } from "../sandbox/user-function.js";
import type { Taker } from "../table/table-output.js";
import { aggregationFor, type StreamAnswer, type Transformation } from "../types/transform/execute.js";
import { doubtsOfOperation, keysOf } from "../types/transform/items.js";
import { mappedItems } from "./mapped-stream.js";
import type { StreamedItems } from "./streamed-items.js";

/**
 * Transforms items that are streamed, as `transformItems` does a list: conditions and user code that maps give a stream again, an
 * aggregate and a limit take the items in batches. `undefined` for what needs all items at once.
 */
export async function transformStreamedItems(
  items: StreamedItems,
  transformation: Transformation,
  taker: Taker,
): Promise<StreamAnswer | undefined> {
  const { parameters, code, userFunction, warn } = transformation;
  const { where, match, operation, limitCount } = parameters;
  const answerOf = (answer: StreamAnswer["answer"], count: number): StreamAnswer => ({
    answer,
    inputCount: () => items.facts.count,
    outputCount: () => count,
  });
  if (operation === "filter" && where) {
    const kept = await items.filtered(predicateOf({ where, match }), taker);
    const doubts = doubtsOfFilter(where, () => items, kept.facts.count === 0);
    const told =
      doubts.length > 0 ? doubts : doubtsOfText({ where, match }, firstOf(items, MOST_LOOKED_AT), items.facts.count);
    for (const { rule, message } of told) warn(rule, message);
    return answerOf({ stream: kept }, kept.facts.count);
  }
  if (operation === "map") {
    if (isIdentityText(code)) return answerOf({ stream: items }, items.facts.count);
    if (!isFunctionText(code) || userFunction.seesAll) return undefined;
    return answerOf({ stream: await mappedItems(items, transformation, taker) }, items.facts.count);
  }
  if (operation === "limit") {
    const value = firstOf(items, limitCount);
    return answerOf({ value }, value.length);
  }
  if (operation !== "aggregate") return undefined;
  for (const { rule, message } of doubtsOfOperation(items, parameters)) warn(rule, message);
  warnOfLostDigits(items, keysOf(parameters), warn);
  const totals = new Totals(aggregationFor(parameters, warn));
  for await (const batch of items.batches(taker)) for (const item of batch) totals.add(item);
  const value = totals.results(items, warn);
  return answerOf({ value }, value.length);
}

function firstOf(items: StreamedItems, most: number): unknown[] {
  const first: unknown[] = [];
  for (const item of items) {
    if (first.length >= most) break;
    first.push(item);
  }
  return first;
}
