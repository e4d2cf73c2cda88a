import { expressionAim, fasterAim } from "../aims.mjs";
import { EXPRESSIONS, OWN_EXPRESSIONS, PEER_EXPRESSIONS } from "../subjects/expressions.mjs";

/**
 * Working out a parameter that is one expression, after its first time. Each subject has the same data at hand, and keeps
 * what it compiles as it does for its users.
 *
 * @param {import("../measure.mjs").Bench} bench
 */
export async function* expressions(bench) {
  for (const [kind, { aimUs }] of Object.entries(EXPRESSIONS)) {
    const names = [OWN_EXPRESSIONS, ...PEER_EXPRESSIONS];
    const figures = await bench.compare(
      names.map((name) => ({ name, method: "prepareExpression", params: { kind, warmUpMs: bench.warmUpMs } })),
    );
    const own = figures[OWN_EXPRESSIONS].median;
    yield {
      row: "expression in a parameter",
      work: kind,
      unit: "µs",
      // A run works it out a thousand times, so that its ms are the µs of one.
      figures,
      ratios: [
        expressionAim(`${kind}: µs`, own, aimUs),
        ...PEER_EXPRESSIONS.map((name) => fasterAim(`${name} / ${OWN_EXPRESSIONS}`, figures[name].median / own)),
      ].filter(({ value }) => Number.isFinite(value)),
    };
  }
}
