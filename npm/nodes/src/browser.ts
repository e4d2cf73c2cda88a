/**
 * The node library in a web page. Types that work on data and talk HTTP run in the page; those that need files or
 * programs are found and fail with NO_TRANSPORT. A type's code is loaded when it is first executed.
 */
import { machineOnly } from "./browser/machine-only.js";
import type { NodeExecutable } from "./contract/executable.js";
import { factoriesOf, lazily, type NodeFactory } from "./library/registry.js";

export { codeOf, errorCode, NodeError, type NodeErrorCode } from "./contract/error.js";
export type { NodeExecutable, NodeParams } from "./contract/executable.js";
export { isRouted, routed, routesOf } from "./contract/routed.js";
export * from "./definitions.js";
export type { NodeFactory } from "./library/registry.js";

const page = async () => (await import("./browser/place.js")).page;
const network = async () => (await import("./browser/network.js")).pageNetwork;

/** The executables by type. */
export const nodeExecutableRegistry: Map<string, NodeExecutable> = new Map([
  ["http-request", lazily(async () => (await import("./library/http-request.js")).httpRequestNode(await network()))],
  ["edit-fields", lazily(async () => (await import("./library/edit-fields.js")).editFieldsNode)],
  ["transform", lazily(async () => (await import("./library/transform.js")).transformNode(await page()))],
  ["condition", lazily(async () => (await import("./library/condition.js")).conditionNode(await page()))],
  ...["file-system", "spreadsheet", "shell-command", "image"].map((type) => [type, machineOnly(type)] as const),
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
