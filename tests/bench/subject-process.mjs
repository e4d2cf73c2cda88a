/**
 * The process in which one subject is measured. Each subject has a process of its own, so that no heap, no
 * compiled code and no loaded library of one weighs on another; the parent asks them for samples in turn.
 *
 * Messages in: `{ id, method, params }`. Messages out: `{ id, result }` or `{ id, error }`.
 */

import { buildFlow } from "./flows.mjs";
import { subjectNamed } from "./subjects/index.mjs";

/** A run that takes longer than this is warm after its first. */
const SLOW_RUN_MS = 300;
const WARM_UP_RUNS = 3;
const SAMPLE_MS = 10;
const LARGEST_BATCH = 5_000;
/** Samples of at most so many runs start with a clean heap. */
const LONG_RUN_BATCH = 10;

const body = async () => 1;
const subject = subjectNamed(process.argv[2]);

/** Makes `count` runs ready; every run gets a newly read definition when `fresh` is asked for. */
let makeRuns;

const methods = {
  /** Makes a flow ready to run and proves that a run executes each of its steps once. */
  async prepareEngine({ shape, size, fresh, warmUpMs }) {
    const flow = buildFlow({ shape, size });
    let executed = 0;
    const counted = await subject.prepare(flow, async () => {
      executed += 1;
      return 1;
    });
    await counted();
    if (executed !== size) throw new Error(`${subject.name} executed ${executed} of ${size} steps`);

    if (fresh) {
      const text = JSON.stringify(flow);
      makeRuns = (count) => Promise.all(Array.from({ length: count }, () => subject.prepare(JSON.parse(text), body)));
    } else {
      const run = await subject.prepare(flow, body);
      makeRuns = async (count) => new Array(count).fill(run);
    }
    return warmUp(warmUpMs);
  },

  /** Makes a flow ready to be analysed; `digest` tells what the analysis found. */
  async prepareAnalysis({ shape, size, types, warmUpMs }) {
    const analyse = await subject.prepareAnalysis(buildFlow({ shape, size, types }));
    const digest = await analyse();
    makeRuns = async (count) => new Array(count).fill(analyse);
    return { ...(await warmUp(warmUpMs)), digest };
  },

  /** Makes an expression ready, and proves that it gives what it should. */
  async prepareExpression({ kind, warmUpMs }) {
    const run = await subject.prepareExpression(kind);
    makeRuns = async (count) => new Array(count).fill(run);
    return warmUp(warmUpMs);
  },

  /** Makes the work of the CSV row ready. */
  async prepareCsv({ source, target, warmUpMs }) {
    const run = await subject.prepareCsv(source, target);
    makeRuns = async (count) => new Array(count).fill(run);
    return warmUp(warmUpMs);
  },

  /** Makes a job of `jobs/index.mjs` ready. */
  async prepareJob({ warmUpMs, ...params }) {
    const run = await subject.prepareJob(params);
    makeRuns = async (count) => new Array(count).fill(run);
    return warmUp(warmUpMs);
  },

  /** Makes the resizing of pictures ready. */
  async preparePictures({ warmUpMs, ...params }) {
    const run = await subject.preparePictures(params);
    makeRuns = async (count) => new Array(count).fill(run);
    return warmUp(warmUpMs);
  },

  /** Makes a work of the tables row ready. */
  async prepareTables({ warmUpMs, ...work }) {
    const run = await subject.prepareTables(work);
    makeRuns = async (count) => new Array(count).fill(run);
    return warmUp(warmUpMs);
  },

  /** Makes chains ready whose steps are kept. */
  async prepareDurable({ warmUpMs, ...params }) {
    const run = await subject.prepareDurable(params);
    makeRuns = async (count) => new Array(count).fill(run);
    return warmUp(warmUpMs);
  },

  /** Leaves executions unfinished and goes on with them. */
  timeRecovery: (work) => subject.timeRecovery(work),

  /** Bytes on disk of one run. */
  bytesOfRun: (work) => subject.bytesOfRun(work),

  /** Does a work of the tables row once. @returns its time, and the most memory that this process has held, in bytes */
  async largeTable(work) {
    const run = await subject.prepareTables(work);
    return { ms: await timeRuns([run]), peak: process.resourceUsage().maxRSS * 1024 };
  },

  /** Times a batch of runs, one after the other. @returns milliseconds for one run */
  async sample({ batch }) {
    const runs = await makeRuns(batch);
    const leadIn = await makeRuns(batch >> 1);
    // What earlier runs left behind must not be collected on the time of a few long runs. Short runs pay for their
    // own garbage as they go, and a forced collection would only make them cold.
    if (batch <= LONG_RUN_BATCH) globalThis.gc();
    // The other subjects have just had the processor and its caches.
    await timeRuns(leadIn);
    return timeRuns(runs);
  },

  /** Runs the CSV work once. @returns the most memory that this process has held so far, in bytes */
  async peakAfterCsv({ source, target }) {
    const run = await subject.prepareCsv(source, target);
    await run();
    return process.resourceUsage().maxRSS * 1024;
  },
};

/** Runs until the code is warm and finds how many runs make a sample long enough to time. */
async function warmUp(warmUpMs) {
  const started = performance.now();
  let runs = 0;
  let fastest = Number.POSITIVE_INFINITY;
  do {
    fastest = Math.min(fastest, await timeRuns(await makeRuns(1)));
    runs += 1;
  } while (performance.now() - started < warmUpMs || (runs < WARM_UP_RUNS && fastest < SLOW_RUN_MS));
  const batch = Math.max(1, Math.min(LARGEST_BATCH, Math.ceil(SAMPLE_MS / fastest)));
  return { batch, sampleMs: batch * fastest };
}

async function timeRuns(runs) {
  const started = performance.now();
  for (const run of runs) await run();
  return (performance.now() - started) / runs.length;
}

process.on("message", async ({ id, method, params }) => {
  try {
    process.send({ id, result: await methods[method](params) });
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) });
  }
});
process.on("disconnect", () => process.exit());
