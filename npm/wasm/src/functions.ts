/** What can be asked of the engine, whichever way its module came. */
export {
  askNodes,
  askPackedTrace,
  askShape,
  askTrace,
  askView,
  durationMs,
  open,
  openRuns,
  readFlow,
  restore,
  seal,
  snapshot,
  takeAnswer,
  turn,
  validateFlow,
  view,
  watch,
  weightOf,
  words,
  writeFlow,
} from "./generated/conductor.js";
export { memory, restart } from "./instance.js";
