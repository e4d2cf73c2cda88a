/** One node, or one flow, in a test. */
import type { NodeDefinition } from "../types/definition.js";
import type { ExecutionResult } from "../types/execution.js";
import { inTime, type OwnNode, perform, type TestOptions } from "./stage.js";

/**
 * Runs one node.
 *
 * @param node a type of the library by its name, or a node type of an application
 * @param input values by the names of its inputs; an edge without a name brings `default`
 * @returns how it ended: a failure is in `error`, and does not reject
 */
export function runNode<T = unknown>(
  node: string | OwnNode,
  parameters: Record<string, unknown> = {},
  input: Record<string, unknown> = {},
  options: Omit<TestOptions, "input" | "mocks"> = {},
): Promise<ExecutionResult<T>> {
  const type = typeof node === "string" ? node : node.type;
  const nodes = typeof node === "string" ? (options.nodes ?? []) : [...(options.nodes ?? []), node];
  const definition = { id: type, type, parameters } as NodeDefinition;
  return inTime(options.time, (passing) => perform<T>(definition, { ...options, nodes, input }, passing));
}

/**
 * Runs a flow, with mocks for those of its nodes that a test does not want to run.
 *
 * @returns how it ended: a failure is in `error`, and does not reject
 * @throws Error for a mock that names nothing in the flow, or that was not used
 * @throws StuckError when the flow waits for what never comes
 */
export function runFlow<T = unknown>(flow: NodeDefinition, options: TestOptions = {}): Promise<ExecutionResult<T>> {
  return inTime(options.time, (passing) => perform<T>(flow, options, passing));
}
