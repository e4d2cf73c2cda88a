/** The engine as WebAssembly, started when something first runs. */

import type * as Facts from "@atomiton/conductor-wasm/constants";
import { messageOf } from "@atomiton/values";
import type { Engine } from "./backend.js";
import { coded } from "./failure.js";
import { WasmBackend, type WasmModule } from "./wasm-backend.js";

/** What is known of the module before it starts, as its package exports it. */
export type WasmFacts = typeof Facts;

/**
 * The module that `load` gives. Starting it throws an error with the code `INTERNAL_ERROR` where there can be no
 * WebAssembly, such as under a content security policy without `wasm-unsafe-eval`.
 */
export function wasmEngine({ VERSION, CONSTANTS }: WasmFacts, load: () => WasmModule): Engine {
  return {
    backend: "wasm",
    version: VERSION,
    constants: () => CONSTANTS,
    start() {
      try {
        return new WasmBackend(load());
      } catch (cause) {
        throw notStarted(cause);
      }
    },
    async module() {
      try {
        return await load().compiled();
      } catch (cause) {
        throw notStarted(cause);
      }
    },
  };
}

function notStarted(cause: unknown): Error {
  const reason = messageOf(cause).replace(/\.$/, "");
  const advice = "A content security policy must allow 'wasm-unsafe-eval' in script-src.";
  return coded("INTERNAL_ERROR", `The WebAssembly engine cannot start: ${reason}. ${advice}`, cause);
}
