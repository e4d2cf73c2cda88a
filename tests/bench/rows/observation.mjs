import { observationAim } from "../aims.mjs";
import { inMicrosecondsPerNode, warmUpFor } from "./engine-cost.mjs";

const SIZES = [10, 1_000, 100_000];

/**
 * What it costs to be watched: the same chain with a progress listener and the run's trace, and once more with
 * every event of the trace looked at, against nobody watching.
 *
 * @param {import("../measure.mjs").Bench} bench
 * @param {{ fresh: boolean, backends: string[] }} options
 */
export async function* observation(bench, { fresh, backends }) {
  for (const backend of backends) {
    const plain = `conductor ${backend}`;
    const observed = `${plain} observed`;
    const traced = `${plain} trace read`;
    for (const size of SIZES) {
      const work = [plain, observed, traced].map((name) => ({
        name,
        method: "prepareEngine",
        params: { shape: "chain", size, fresh, warmUpMs: warmUpFor(bench, size) },
      }));
      const results = await bench.compare(work);
      yield {
        row: "progress listener and trace",
        work: `chain, ${size.toLocaleString("en")} nodes`,
        unit: "µs/node",
        figures: inMicrosecondsPerNode(results, size),
        ratios: [
          observationAim("observed / not", results[observed].median / results[plain].median),
          { name: "trace read / not", value: results[traced].median / results[plain].median },
        ].filter(({ value }) => Number.isFinite(value)),
      };
    }
  }
}
