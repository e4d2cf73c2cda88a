/** `@atomiton/conductor/test-utils/factories`: every name. */
import type { ExecutionGraphNode, ExecutionGraphState, NodeDefinition } from "@atomiton/conductor";
import * as factories from "@atomiton/conductor/test-utils/factories";

export const values = factories satisfies {
  createMockNode(overrides?: Partial<ExecutionGraphNode>): ExecutionGraphNode;
  createMockGraphState(overrides?: Partial<ExecutionGraphState>): ExecutionGraphState;
  createSimpleTwoNodeGraph(): ExecutionGraphState;
  createComplexParallelGraph(): ExecutionGraphState;
  createAtomicNodeGraph(): ExecutionGraphState;
  createTestNodeDefinition(overrides?: Partial<NodeDefinition>): NodeDefinition;
  createTestGroupNode(childCount?: number): NodeDefinition;
};
