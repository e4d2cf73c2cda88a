/** In the worker: the engine, whose WebAssembly module the page has and sends. */
import * as facts from "@atomiton/conductor-wasm/constants";
import * as engineModule from "@atomiton/conductor-wasm/slim";
import { useEngine } from "../engine/backend.js";
import { wasmEngine } from "../engine/wasm.js";

useEngine(() => wasmEngine(facts, () => engineModule));

/** Starts it. Rejects when the module is of another version than this worker's script. */
export function startEngine(module: WebAssembly.Module): Promise<void> {
  return engineModule.init(module);
}
