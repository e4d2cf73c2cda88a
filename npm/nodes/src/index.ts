/** The node library: what its types are (`./definitions`), what they do (`./executables`), and the words both use. */
export { codeOf, errorCode, NodeError, type NodeErrorCode } from "./contract/error.js";
export type { NodeExecutable, NodeParams } from "./contract/executable.js";
export { isRouted, routed, routesOf } from "./contract/routed.js";
export * from "./definitions.js";
export { getNodeExecutable, nodeExecutableRegistry, nodes } from "./executables.js";
