/** Types, ids and errors, without anything that runs. */
import { useNodeBackend } from "./environment/node-engine.js";

useNodeBackend();

export type * from "../types/definition.js";
export * from "../types/errors.js";
export type * from "../types/execution.js";
export * from "../types/ids.js";
export type * from "../types/transport.js";
