/** Types, ids and errors, without anything that runs. */
import { useNodeEngine } from "./environment/node-engine.js";

useNodeEngine();

export type * from "../types/definition.js";
export * from "../types/errors.js";
export type * from "../types/execution.js";
export * from "../types/ids.js";
export type * from "../types/transport.js";
