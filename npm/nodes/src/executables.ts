/** What the node types do. A type's code is loaded when it is first executed. */
import { NodeError } from "./contract/error.js";
import type { NodeExecutable } from "./contract/executable.js";
import type { FileAccess } from "./contract/file-access.js";
import { factoriesOf, lazily, type NodeFactory } from "./library/registry.js";
import { machineParsers } from "./machine/parsers.js";
import type { PathProblem } from "./machine/path-problems.js";
import { executablesAnywhere } from "./types/anywhere.js";
import { nodeTypes } from "./types/definitions.js";
import { withEffects } from "./types/effects.js";

export type { NodeExecutable, NodeParams } from "./contract/executable.js";
export type { NodeFactory } from "./library/registry.js";
export type { PathProblem } from "./machine/path-problems.js";
export { type ScheduleTimes, scheduleTimes, type TimesOfSchedule } from "./machine/schedule-times.js";
export { type BackingRows, rowsBehind } from "./table/table-output.js";
export { keyOf as standardWebhookKey } from "./types/webhook-out/sign.js";
export { machineParsers };

/** The paths in the parameters of a flow's nodes that lead to nothing or outside of the roots, see `machine/path-problems.ts`. */
export async function pathProblems(flow: unknown, access?: FileAccess): Promise<PathProblem[]> {
  return (await import("./machine/path-problems.js")).pathProblems(flow, access);
}

/** The path to use for a path that a flow names, see `machine/rooted-path.ts`. */
export async function rootedPath(access: FileAccess | undefined, path: string): Promise<string> {
  return (await import("./machine/rooted-path.js")).rootedPath(access, path);
}

/**
 * The parameters of a node as its executable gets them: checked, durations in ms, defaults in place.
 *
 * @throws NodeError INVALID_PARAMETERS saying what is wrong, also for a type that this library does not have
 */
export async function checkedParameters(
  type: string,
  given: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const nodeType = nodeTypes.get(type);
  if (nodeType === undefined) throw new NodeError("INVALID_PARAMETERS", `There is no node type ${type}`);
  const [problem] = nodeType.problems?.(given, machineParsers) ?? [];
  if (problem !== undefined)
    throw new NodeError("INVALID_PARAMETERS", `Invalid ${type} parameters: ${problem.message}`);
  return (await import("./library/parameters.js")).parseParameters(nodeType, given);
}

/** The executables by type. */
export const nodeExecutableRegistry: Map<string, NodeExecutable> = withEffects([
  ...executablesAnywhere({
    platform: async () => (await import("./machine/platform.js")).machine,
    network: async () => (await import("./machine/network.js")).machineNetwork,
  }),
  ["file-system", lazily(async () => (await import("./types/file-system/execute.js")).fileSystemNode)],
  ["spreadsheet", lazily(async () => (await import("./types/spreadsheet/execute.js")).spreadsheetNode)],
  ["sql", lazily(async () => (await import("./types/sql/execute.js")).sqlNode)],
  ["shell-command", lazily(async () => (await import("./types/shell-command/execute.js")).shellCommandNode)],
  ["python", lazily(async () => (await import("./types/python/execute.js")).pythonNode)],
  ["wasm", lazily(async () => (await import("./types/wasm/execute.js")).wasmNode)],
  ["image", lazily(async () => (await import("./types/image/execute.js")).imageNode)],
  ["compress", lazily(async () => (await import("./types/compress/execute.js")).compressNode)],
  ["archive", lazily(async () => (await import("./types/archive/execute.js")).archiveNode)],
  ["email", lazily(async () => (await import("./types/email/execute.js")).emailNode)],
  ["database", lazily(async () => (await import("./types/database/execute.js")).databaseNode)],
]);

/**
 * The executables as an object: `nodes[type]` executes, `nodes[type](parameters)` is one with parameters of its own. It
 * inherits nothing: `nodes["constructor"]` is `undefined`.
 */
export const nodes: Readonly<Record<string, NodeFactory>> = factoriesOf(nodeExecutableRegistry);

/** The executable of a type; `undefined` for a type this library does not have. */
export function getNodeExecutable(type: string): NodeExecutable | undefined {
  return nodeExecutableRegistry.get(type);
}
