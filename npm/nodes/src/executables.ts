/** What the node types do. A type's code is loaded when it is first executed. */
import type { LibraryExecutable } from "./contract/executable.js";
import { factoriesOf, lazily, type NodeFactory } from "./library/registry.js";
import type { PathProblem } from "./machine/path-problems.js";

export type { LibraryExecutable, NodeExecutable, NodeParams } from "./contract/executable.js";
export type { NodeFactory } from "./library/registry.js";
export { machineParsers } from "./machine/parsers.js";
export type { PathProblem } from "./machine/path-problems.js";

/** The paths in the parameters of a flow's nodes that lead to nothing, see `machine/path-problems.ts`. */
export async function pathProblems(flow: unknown): Promise<PathProblem[]> {
  return (await import("./machine/path-problems.js")).pathProblems(flow);
}

const machine = async () => (await import("./machine/place.js")).machine;
const network = async () => (await import("./machine/network.js")).machineNetwork;

/** The executables by type. */
export const nodeExecutableRegistry: Map<string, LibraryExecutable> = new Map([
  ["http-request", lazily(async () => (await import("./library/http-request.js")).httpRequestNode(await network()))],
  ["file-system", lazily(async () => (await import("./library/file-system.js")).fileSystemNode)],
  ["edit-fields", lazily(async () => (await import("./library/edit-fields.js")).editFieldsNode)],
  ["transform", lazily(async () => (await import("./library/transform.js")).transformNode(await machine()))],
  ["spreadsheet", lazily(async () => (await import("./library/spreadsheet.js")).spreadsheetNode)],
  ["condition", lazily(async () => (await import("./library/condition.js")).conditionNode(await machine()))],
]);

/**
 * The executables as an object: `nodes[type]` executes, `nodes[type](parameters)` is one with parameters of its own. It
 * inherits nothing: `nodes["constructor"]` is `undefined`.
 */
export const nodes: Readonly<Record<string, NodeFactory>> = factoriesOf(nodeExecutableRegistry);

/** The executable of a type; `undefined` for a type this library does not have. */
export function getNodeExecutable(type: string): LibraryExecutable | undefined {
  return nodeExecutableRegistry.get(type);
}
