import { buildFlow } from "../flows.mjs";

/**
 * Runs a flow of 10 nodes at once, and leaves on the window how many milliseconds passed until its result: since the first
 * statement of the script, and since the script had arrived, which is before it was read and compiled.
 *
 * @param {(flow: object, execute: () => Promise<unknown>) => () => Promise<void>} prepare
 */
export async function runFirst(prepare) {
  await prepare(buildFlow({ shape: "chain", size: 10 }), async () => 1)();
  const now = performance.now();
  const [script] = performance.getEntriesByType("resource");
  window.first = { sinceStart: now - window.scriptStart, sinceArrival: now - script.responseEnd };
}
