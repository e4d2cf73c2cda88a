import { costAim, growthAim, n8nAim } from "../aims.mjs";
import { SHAPE_NAMES, SHAPE_TITLES } from "../flows.mjs";
import { PEER_ENGINES, subjectNamed } from "../subjects/index.mjs";

const SIZES = [10, 1_000, 100_000];

/**
 * What an engine adds to each node: all steps are `async () => 1`.
 *
 * @param {import("../measure.mjs").Bench} bench
 * @param {{ quick: boolean, fresh: boolean, backends: string[] }} options quick: chains of all sizes, the other
 *   shapes with 1,000 nodes; other projects' engines only on chains of up to 1,000
 */
export async function* engineCost(bench, { quick, fresh, backends }) {
  const perNode = new Map();
  for (const shape of SHAPE_NAMES) {
    for (const size of quick && shape !== "chain" ? [1_000] : SIZES) {
      const own = backends.map((backend) => `conductor ${backend}`);
      const names = ["floor", ...own, ...PEER_ENGINES];
      const work = names.map((name) => ({
        name,
        method: "prepareEngine",
        params: { shape, size, fresh, warmUpMs: warmUpFor(bench, size) },
        missing: refusal(name, { shape, size, quick }),
      }));
      const results = await bench.compare(work);
      perNode.set(`${shape} ${size}`, results);
      yield {
        row: "engine cost per node",
        work: `${SHAPE_TITLES[shape]}, ${size.toLocaleString("en")} nodes`,
        unit: "µs/node",
        figures: inMicrosecondsPerNode(results, size),
        ratios: backends.flatMap((backend) => {
          const cost = results[`conductor ${backend}`].median;
          return [
            costAim(backend, size, cost / results.floor.median),
            n8nAim(backend, shape, size, results["n8n-core"].median / cost),
          ].filter(({ value }) => Number.isFinite(value));
        }),
      };
    }
  }

  const growthOf = (name) =>
    perNode.get("chain 100000")[name].median / 100_000 / (perNode.get("chain 1000")[name].median / 1_000);
  yield {
    row: "growth of the cost per node",
    work: "chain of 100,000 nodes against 1,000",
    unit: "",
    figures: {},
    ratios: [
      { name: "floor", value: growthOf("floor") },
      ...backends.map((backend) => growthAim(`conductor ${backend}`, growthOf(`conductor ${backend}`))),
    ].filter(({ value }) => Number.isFinite(value)),
  };
}

/** The same figures for one node instead of one run. */
export function inMicrosecondsPerNode(results, size) {
  const scale = (ms) => (ms * 1_000) / size;
  return Object.fromEntries(
    Object.entries(results).map(([name, result]) => [
      name,
      result.missing === undefined
        ? {
            ...result,
            median: scale(result.median),
            fastest: scale(result.fastest),
            slowest: scale(result.slowest),
          }
        : result,
    ]),
  );
}

/** A small flow executes fewer nodes in the same time, and it is nodes that make code warm. */
export function warmUpFor(bench, size) {
  return size <= 10 ? 3 * bench.warmUpMs : bench.warmUpMs;
}

function refusal(name, { shape, size, quick }) {
  const small = shape === "chain" && size <= 1_000;
  if (quick && !small && PEER_ENGINES.includes(name)) return "not in the quick form";
  return subjectNamed(name).refuses?.({ shape, size });
}
