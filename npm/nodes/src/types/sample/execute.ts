import { NodeError } from "../../contract/error.js";
import type { NodeExecutable } from "../../contract/executable.js";
import { inBatches } from "../../contract/pace.js";
import { SeededRandom } from "../../data/random.js";
import { countText, listOf } from "../../data/rows.js";
import { executable, type NodeWork } from "../../library/work.js";
import { amountProblem, sample } from "./definition.js";

interface Parameters {
  method: "first" | "last" | "random" | "every";
  count?: number;
  fraction?: number;
  step?: number;
  seed: number;
}

/**
 * Takes some of the rows, as `{result, count, total}`; they are handed on by reference and may be anything.
 *
 * Fails with TYPE_MISMATCH (no list), INVALID_PARAMETERS (not exactly one size), CANCELLED.
 */
export const sampleNode: NodeExecutable = executable<Parameters>(sample, async (work) => {
  const problem = amountProblem(work.parameters);
  if (problem !== undefined) throw new NodeError("INVALID_PARAMETERS", problem.message);
  const rows = listOf(work.input);
  const result = await taken(rows, work);
  if (result.length === 0 && rows.length > 0 && work.parameters.count !== 0 && work.parameters.fraction !== 0) {
    work.warn("empty-sample", `A fraction of ${work.parameters.fraction} is less than half a row of ${rows.length}`);
  }
  return { result, count: result.length, total: rows.length };
});

async function taken(rows: readonly unknown[], work: NodeWork<Parameters>): Promise<unknown[]> {
  const { method, step, count: asked, fraction = 0, seed } = work.parameters;
  if (step !== undefined) return rows.filter((_, position) => position % step === 0);
  const count = Math.min(asked ?? Math.round(fraction * rows.length), rows.length);
  if (asked !== undefined && asked > rows.length && (method === "random" || method === "every")) {
    work.warn("fewer-rows", `${countText(asked)} rows are to be taken, but only ${countText(rows.length)} came in`);
  }
  switch (method) {
    case "first":
      return rows.slice(0, count);
    case "last":
      return rows.slice(rows.length - count);
    case "every":
      return Array.from({ length: count }, (_, at) => rows[Math.floor((at * rows.length) / count)]);
    case "random": {
      const isTaken = await randomPositions(rows.length, count, seed, work.signal);
      return rows.filter((_, position) => isTaken[position] === 1);
    }
  }
}

/** 1 for each of `count` positions below `total`: Floyd's algorithm, which draws one number for each. */
async function randomPositions(
  total: number,
  count: number,
  seed: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const random = new SeededRandom(seed);
  const isTaken = new Uint8Array(total);
  await inBatches(count, signal, (from, to) => {
    for (let step = from; step < to; step++) {
      const last = total - count + step;
      const position = random.below(last + 1);
      isTaken[isTaken[position] === 1 ? last : position] = 1;
    }
  });
  return isTaken;
}
