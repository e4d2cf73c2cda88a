import { NodeError } from "../../contract/error.js";
import { handleValue, isPlainObject, unwrap } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import { executable } from "../../library/work.js";
import { parallel } from "./definition.js";

interface Parameters {
  strategy: "all" | "race" | "allSettled";
}

/**
 * Without nodes inside it lists what came in as `operations`, as in earlier versions. With nodes the engine runs them.
 *
 * Fails with TYPE_MISMATCH where `operations` is no list.
 */
export const parallelNode = executable<Parameters>(parallel, async ({ parameters, input, warn }) => {
  const begun = performance.now();
  const given = unwrap(handleValue(input, "operations")) ?? [];
  // What a loop gives.
  const operations = isPlainObject(given) && Array.isArray(given["results"]) ? given["results"] : given;
  if (!Array.isArray(operations)) {
    throw new NodeError("TYPE_MISMATCH", `\`operations\` must be a list, not ${kindOf(operations)}`);
  }
  warn("nothing-inside", "Without nodes inside nothing is done to operations; put the nodes that are to run inside");
  const timestamp = new Date().toISOString();
  const all = operations.map((input: unknown, index) => ({
    index,
    input,
    result: `Processed operation ${index}`,
    timestamp,
  }));
  const results = parameters.strategy === "race" ? all.slice(0, 1) : all;
  return {
    results,
    completed: results.length,
    failed: 0,
    duration: Math.round(performance.now() - begun),
    success: true,
  };
});
