/** The engine as WebAssembly, for entry points that bring the module along. */
import * as module from "@atomiton/conductor-wasm";
import { useWasmModule } from "./wasm-backend.js";

/** As {@link useWasmModule}, with the module that is part of the code. */
export function useWasmBackend(): { backend: "wasm"; version: string } {
  return useWasmModule(module);
}
