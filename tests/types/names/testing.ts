/** `@atomiton/conductor/testing`: every name. */
import type { ExecutionResult, NodeDefinition } from "@atomiton/conductor";
import * as testing from "@atomiton/conductor/testing";

import type { Fits, Holds, Same, Untyped } from "./check.js";

export const values = testing satisfies {
  runNode<T>(
    node: string | testing.OwnNode,
    parameters?: Record<string, unknown>,
    input?: Record<string, unknown>,
    options?: Omit<testing.TestOptions, "input" | "mocks">,
  ): Promise<ExecutionResult<T>>;
  runFlow<T>(flow: NodeDefinition, options?: testing.TestOptions): Promise<ExecutionResult<T>>;
  simulateFlow(flow: NodeDefinition, options?: testing.SimulationOptions): Promise<testing.SimulationReport>;
  SimulationError: typeof testing.SimulationError;
  StuckError: typeof testing.StuckError;
};

export type Statements = [
  Holds<Same<Untyped<{ options: testing.TestOptions; simulation: testing.SimulationOptions }>, never>>,
  Holds<Fits<{ mocks: { a: 1; b: Error }; time: "real"; http: string }, testing.TestOptions>>,
  Holds<Fits<{ seeds: [1, 2]; crash: true; timeout: 5; schedule: testing.Schedule }, testing.SimulationOptions>>,
  Holds<Same<testing.Schedule, testing.Disturbance[]>>,
  Holds<Same<testing.Mocks[string], testing.Mock>>,
  Holds<Same<testing.SimulatedRun["calls"], testing.SimulatedCall[]>>,
  Holds<Same<testing.SimulationError["schedule"], testing.Schedule>>,
  Holds<Fits<{ nodeId: string }, testing.MockParams>>,
];
