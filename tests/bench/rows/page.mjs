import { costAim, firstResultAim, pageMemoryAim } from "../aims.mjs";
import { SHAPE_TITLES } from "../flows.mjs";
import { FEWEST_SAMPLES, median } from "../measure.mjs";
import { Browser, memoryOf } from "../page/browser.mjs";
import { inMicrosecondsPerNode } from "./engine-cost.mjs";

const NAMES = ["floor", "conductor"];
const SAMPLE_MS = 20;
/** Runs between the two looks at the memory, and before the first. */
const MEMORY_RUNS = 1_000;
const MEMORY_NODES = 100;

/**
 * In a page of Chromium: from the start of the script to the first result, the engine's cost per node, and what a
 * thousand runs leave in memory. The floor is measured in the same browser.
 *
 * @param {import("../measure.mjs").Bench} bench
 * @param {{ quick: boolean, backends: string[] }} options quick: fewer pages, only the chain
 */
export async function* page(bench, { quick, backends }) {
  if (!backends.includes("wasm")) return;
  const missing = Browser.missing();
  if (missing !== undefined) {
    const figures = Object.fromEntries(NAMES.map((name) => [name, { missing }]));
    yield { row: "in a page of Chromium", work: "everything", unit: "", figures, ratios: [] };
    return;
  }
  const browser = new Browser();
  try {
    await browser.start();
    yield* firstResult(browser, quick ? FEWEST_SAMPLES : 15);
    yield* costPerNode(browser, bench, quick);
    yield await memory(browser);
  } finally {
    await browser.stop();
  }
}

/** Every sample is a page of its own in a profile of its own: nothing is cached, nothing is warm. */
async function* firstResult(browser, rounds) {
  const samples = { sinceStart: { floor: [], conductor: [] }, sinceArrival: { floor: [], conductor: [] } };
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? NAMES : NAMES.toReversed()) {
      const opened = await browser.open(name);
      const { sinceStart, sinceArrival } = await opened.evaluate(() => window.first);
      samples.sinceStart[name].push(sinceStart);
      samples.sinceArrival[name].push(sinceArrival);
      await opened.context().close();
    }
  }
  for (const [measured, title] of [
    ["sinceStart", "after the script's start"],
    ["sinceArrival", "after the script's arrival"],
  ]) {
    const { floor, conductor } = samples[measured];
    const figures = { floor: summary(floor, 1), conductor: summary(conductor, 1) };
    yield {
      row: "first result in a page of Chromium",
      work: `${title}, chain of 10 nodes`,
      unit: "ms",
      figures,
      ratios: [
        { name: "conductor / floor", value: figures.conductor.median / figures.floor.median },
        ...(measured === "sinceStart" ? [firstResultAim(figures.conductor.median)] : []),
      ],
    };
  }
}

/** Both subjects in one page, sampled in turns. */
async function* costPerNode(browser, bench, quick) {
  const opened = await browser.open("turns");
  for (const shape of quick ? ["chain"] : ["chain", "layered"]) {
    for (const size of quick ? [1_000] : [10, 1_000, 100_000]) {
      const batches = {};
      const samples = { floor: [], conductor: [] };
      for (const name of NAMES) batches[name] = await warmUp(opened, { name, shape, size, warmUpMs: bench.warmUpMs });
      for (let round = 0; round < bench.rounds; round += 1) {
        for (const name of round % 2 === 0 ? NAMES : NAMES.toReversed()) {
          samples[name].push(await timeRuns(opened, { name, shape, size, count: batches[name] }));
        }
      }
      const results = Object.fromEntries(NAMES.map((name) => [name, summary(samples[name], batches[name])]));
      yield {
        row: "engine cost per node in a page of Chromium",
        work: `${SHAPE_TITLES[shape]}, ${size.toLocaleString("en")} nodes`,
        unit: "µs/node",
        figures: inMicrosecondsPerNode(results, size),
        ratios: [costAim("wasm", size, results.conductor.median / results.floor.median)],
      };
    }
  }
  await opened.context().close();
}

/** How many runs make a sample, once the code is warm. */
async function warmUp(opened, { name, shape, size, warmUpMs }) {
  const started = performance.now();
  let fastest = Number.POSITIVE_INFINITY;
  do {
    fastest = Math.min(fastest, await timeRuns(opened, { name, shape, size, count: Math.ceil(1_000 / size) }));
  } while (performance.now() - started < warmUpMs);
  return Math.max(1, Math.ceil(SAMPLE_MS / fastest));
}

function timeRuns(opened, work) {
  return opened.evaluate((given) => window.timeRuns(given), work);
}

/** What remains after garbage collection, before and after a thousand runs in the same page. */
async function memory(browser) {
  const figures = {};
  const ratios = [];
  for (const name of NAMES) {
    const opened = await browser.open("turns");
    const work = { name, shape: "chain", size: MEMORY_NODES, count: MEMORY_RUNS };
    await timeRuns(opened, work);
    const before = await memoryOf(opened);
    await timeRuns(opened, work);
    const after = await memoryOf(opened);
    await opened.context().close();
    const total = ({ heap, outside, modules }) => (heap + outside + modules) / 1e6;
    figures[`${name} before`] = summary([total(before)], 1);
    figures[`${name} after`] = summary([total(after)], 1);
    if (name === "conductor") ratios.push(pageMemoryAim(total(after) / total(before)));
  }
  return {
    row: "memory of a page of Chromium after garbage collection",
    work: `${MEMORY_RUNS.toLocaleString("en")} runs of ${MEMORY_NODES} nodes`,
    unit: "MB",
    figures,
    ratios,
  };
}

function summary(samples, batch) {
  return {
    median: median(samples),
    fastest: Math.min(...samples),
    slowest: Math.max(...samples),
    samples: samples.length,
    batch,
  };
}
