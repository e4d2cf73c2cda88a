/** What `./types` has everywhere. */
export type { NodeExecutable, NodeExecutorFactory } from "../engine/executables.js";
export { getErrorRecoveryStrategy } from "../engine/recovery.js";
export type * from "../types/definition.js";
export * from "../types/errors.js";
export type * from "../types/execution.js";
export * from "../types/ids.js";
export type * from "../types/transport.js";
