import { buildFlow } from "../flows.mjs";
import * as conductor from "./conductor.js";
import * as floor from "./floor.js";

const subjects = { conductor, floor };
/** What was made ready, so that each flow keeps its engine. */
const ready = new Map();

/**
 * Runs a flow `count` times, one run after the other.
 *
 * @param {{ name: "floor" | "conductor", shape: string, size: number, count: number }} work
 * @returns milliseconds for one run
 */
window.timeRuns = async ({ name, shape, size, count }) => {
  const key = `${name} ${shape} ${size}`;
  if (!ready.has(key))
    ready.set(
      key,
      subjects[name].prepare(buildFlow({ shape, size }), async () => 1),
    );
  const run = ready.get(key);
  const started = performance.now();
  for (let i = 0; i < count; i += 1) await run();
  return (performance.now() - started) / count;
};
