/** Makes the WebAssembly module, as it is imported by tests, the engine. To be imported before an entry point. */
import * as module from "@atomiton/conductor-wasm";
import * as facts from "@atomiton/conductor-wasm/constants";
import { useEngine } from "../src/engine/backend.js";
import { wasmEngine } from "../src/engine/wasm.js";

useEngine(() => wasmEngine(facts, () => module));
