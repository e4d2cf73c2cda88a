import { runFlow } from "../floor/run-flow.mjs";

/** The hand-written loop, in a page. */
export function prepare(flow, execute) {
  const executable = { execute };
  return () => runFlow(flow, () => executable);
}
