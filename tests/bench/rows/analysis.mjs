import { isDeepStrictEqual } from "node:util";
import { analysisAim } from "../aims.mjs";
import { SHAPE_TITLES } from "../flows.mjs";

const SIZE = 100_000;
const SHAPES = ["layered", "chain"];
const TYPES = ["http-request", "transform", "condition", "edit-fields", "delay", "loop"];

/**
 * Compiling and analysing a large flow: validation, levels and critical path. Whoever finds something else than the
 * floor is not measured.
 *
 * @param {import("../measure.mjs").Bench} bench
 * @param {{ quick: boolean, backends: string[] }} options quick: only the layered flow
 */
export async function* analysis(bench, { quick, backends }) {
  for (const shape of quick ? SHAPES.slice(0, 1) : SHAPES) {
    const names = ["floor", ...backends.map((backend) => `conductor ${backend}`)];
    const params = { shape, size: SIZE, types: TYPES };
    const results = await bench.compare(names.map((name) => ({ name, method: "prepareAnalysis", params })));
    for (const name of names.slice(1)) {
      const { digest } = results[name];
      if (digest !== undefined && !isDeepStrictEqual(digest, results.floor.digest)) {
        const found = `${JSON.stringify(digest)} instead of ${JSON.stringify(results.floor.digest)}`;
        process.stderr.write(`${name} found ${found} in ${shape}\n`);
        results[name] = { missing: "found something else" };
      }
    }
    yield {
      row: "compile and analyse",
      work: `${SHAPE_TITLES[shape]}, ${SIZE.toLocaleString("en")} nodes`,
      unit: "ms",
      figures: results,
      ratios: backends
        .map((backend) => analysisAim(backend, results.floor.median / results[`conductor ${backend}`].median))
        .filter(({ value }) => Number.isFinite(value)),
    };
  }
}
