/** For tests of flows and of node types, in whatever runs tests. Needs Node. */
export type { Mock, MockParams, Mocks } from "../testing/mocks.js";
export { runFlow, runNode } from "../testing/run.js";
export type { Disturbance, Schedule } from "../testing/schedule.js";
export {
  type SimulatedCall,
  type SimulatedRun,
  SimulationError,
  type SimulationOptions,
  type SimulationReport,
  simulateFlow,
} from "../testing/simulate.js";
export type { OwnNode, TestOptions } from "../testing/stage.js";
export { StuckError } from "../testing/virtual-time.js";
