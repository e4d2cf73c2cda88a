import type { NativeTable } from "@atomiton/conductor-native";

import { doubtsOfNothing } from "../data/doubtful-answers.js";
import { FoundNaN } from "../data/not-a-number.js";
import type { Batch } from "../sandbox/sandbox.js";
import { recordsIn, type Taker } from "../table/table-output.js";
import type { Transformation } from "../types/transform/execute.js";
import { doubtsOfFunction, doubtsOfSums } from "../types/transform/items.js";
import { Spool } from "./spool.js";
import { GatheredFacts, StreamedItems } from "./streamed-items.js";
import type { StreamedRows } from "./streamed-rows.js";

/** Rows that are looked at for fields that code adds. */
const MOST_LOOKED_AT = 10_000;

/**
 * Has user code make an item of each row that is streamed, now and once: what it answers is put aside, and streamed from there. It is
 * called in one run, as for a list, so that positions go on from batch to batch.
 */
export async function mappedRows(
  rows: StreamedRows,
  transformation: Transformation,
  taker: Taker,
): Promise<StreamedItems> {
  const row = Object.fromEntries(rows.headers.map((name) => [name, null]));
  const table = transformation.code.includes("+") ? await rows.first(MOST_LOOKED_AT, taker.signal) : undefined;
  const isTold = warnOfCode([row], table === undefined ? [] : recordsOf(table), transformation);
  let made: StreamedItems | undefined;
  await rows.texts(taker, async (batches) => {
    made = await mapped(batches, (text) => JSON.parse(text) as unknown[], transformation, isTold);
  });
  return made as StreamedItems;
}

/** The same of items that are streamed. */
export async function mappedItems(
  items: StreamedItems,
  transformation: Transformation,
  taker: Taker,
): Promise<StreamedItems> {
  const { userFunction } = transformation;
  const isTold = warnOfCode(items, items, transformation);
  async function* texts(): AsyncGenerator<Batch, void, undefined> {
    for await (const batch of items.batches(taker)) yield* userFunction.batchesOf(batch);
  }
  return mapped(texts(), (text) => userFunction.itemsIn(text), transformation, isTold);
}

function recordsOf(table: NativeTable): Iterable<unknown> {
  return { [Symbol.iterator]: () => recordsIn(table) };
}

/** Warns of what is doubtful of the code by itself; whether there was anything of its fields. */
function warnOfCode(shapes: Iterable<unknown>, items: Iterable<unknown>, transformation: Transformation): boolean {
  const doubts = doubtsOfFunction(shapes, transformation);
  for (const { rule, message } of [...doubts, ...doubtsOfSums(items, transformation)]) {
    transformation.warn(rule, message);
  }
  return doubts.length > 0;
}

async function mapped(
  batches: AsyncIterable<Batch>,
  itemsIn: (text: string) => unknown[],
  { code, userFunction, warn }: Transformation,
  isTold: boolean,
): Promise<StreamedItems> {
  const [spool, gathered, found] = [new Spool(), new GatheredFacts(), new FoundNaN()];
  // Code that names NaN means it.
  const looksForNaN = !isTold && !/\bNaN\b/.test(code);
  /** Batches whose answers are not there yet; they come in the same order. */
  const asked: string[] = [];
  async function* drained(): AsyncGenerator<Batch, void, undefined> {
    for await (const batch of batches) {
      asked.push(batch.text);
      yield batch;
      await spool.drained();
    }
  }
  let [first, hasAnswers] = [0, false];
  await userFunction.mapEach(drained(), (values, answer) => {
    const text = asked.shift() as string;
    spool.add(answer);
    gathered.add(values);
    hasAnswers ||= values.some((value) => value !== undefined);
    if (looksForNaN) {
      let items: unknown[] | undefined;
      const itemAt = (position: number) => {
        items ??= itemsIn(text);
        return items[position - first];
      };
      found.look((position) => values[position - first], first, first + values.length, itemAt);
    }
    first += values.length;
  });
  await spool.drained();
  if (!isTold) {
    const unanswered = hasAnswers ? 0 : first;
    for (const { rule, message } of [...doubtsOfNothing(code, unanswered), ...found.doubts]) warn(rule, message);
  }
  function* answers(): Generator<unknown[], void, undefined> {
    for (const answer of spool.batches()) yield userFunction.answersIn(answer);
  }
  return new StreamedItems(gathered.facts, answers);
}
