/** `@atomiton/conductor/test-utils/factories`: every name. */
import type { ExecutionGraphNode, ExecutionGraphState, NodeDefinition } from "@atomiton/conductor";
import * as factories from "@atomiton/conductor/test-utils/factories";

import type { Fits, Holds, Same, Untyped } from "./check.js";

export const values = factories satisfies {
  createMockNode(overrides?: Partial<ExecutionGraphNode>): ExecutionGraphNode;
  createMockGraphState(overrides?: Partial<ExecutionGraphState>): ExecutionGraphState;
  createSimpleTwoNodeGraph(): ExecutionGraphState;
  createComplexParallelGraph(): ExecutionGraphState;
  createAtomicNodeGraph(): ExecutionGraphState;
  createTestNodeDefinition(overrides?: Partial<NodeDefinition>): NodeDefinition;
  createTestGroupNode(childCount?: number): NodeDefinition;
};

export type Statements = [
  Holds<Same<Untyped<{ graph: factories.MockGraphStateOptions; node: factories.MockNodeOptions }>, never>>,
  Holds<Fits<{ id: string; state: "executing"; progress: number }, factories.MockNodeOptions>>,
  Holds<Fits<{ nodes: Map<string, ExecutionGraphNode>; isExecuting: boolean }, factories.MockGraphStateOptions>>,
  Holds<Same<Parameters<typeof factories.createMockNode>, [overrides?: factories.MockNodeOptions]>>,
];
