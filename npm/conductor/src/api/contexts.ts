/** The contexts of runs. */
import type { NodeDefinition } from "../types/definition.js";
import type { ConductorExecutionContext } from "../types/execution.js";
import { createExecutionId, toNodeId } from "../types/ids.js";
import { withDefaults } from "./variables.js";

/** The context of a node to be run: exactly seven keys, always there. */
export function contextOf(
  node: NodeDefinition,
  context?: Partial<ConductorExecutionContext> | null,
): ConductorExecutionContext {
  const given = context ?? {};
  return {
    nodeId: toNodeId(node?.id),
    // Other ids are derived from it, and it may be cancelled by it: what is no text cannot be one.
    executionId: createExecutionId(typeof given.executionId === "string" ? given.executionId : undefined),
    variables: withDefaults(node, given.variables),
    input: given.input as Record<string, unknown>,
    parentContext: given.parentContext as ConductorExecutionContext,
    slowMo: given.slowMo as number,
    debug: given.debug as NonNullable<ConductorExecutionContext["debug"]>,
  };
}
