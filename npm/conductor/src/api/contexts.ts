/** The contexts of runs. */
import { isObject } from "@atomiton/values";
import { suggestion } from "../expressions/failure.js";
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

/** Keys of a context that callers give. */
const KEYS = ["nodeId", "executionId", "variables", "input", "parentContext", "slowMo", "debug"];

/** Keys that are meant by others, too far from them for a slip of the finger, and what other keys ask for. */
const HINTS: Readonly<Record<string, string>> = {
  inputs: " Did you mean `input`?",
  vars: " Did you mean `variables`?",
  id: " Did you mean `executionId`?",
  timeout: " A limit of time is the `timeout` of createConductor, or of a node's `policy`",
  signal: " A run is cancelled by `node.cancel(executionId)`",
};

/** What a context is warned of: keys that mean nothing in it, which earlier versions dropped as well. */
export function strangeKeys(context: unknown): { rule: string; message: string }[] {
  return Object.keys(isObject(context) ? context : {})
    .filter((key) => !KEYS.includes(key))
    .map((key) => {
      const hint = Object.hasOwn(HINTS, key) ? HINTS[key] : suggestion(key, KEYS) || ` Known: ${KEYS.join(", ")}`;
      return {
        rule: "unknown-context-key",
        message: `The context of a run has no key \`${key}\`, which means nothing.${hint}`,
      };
    });
}
