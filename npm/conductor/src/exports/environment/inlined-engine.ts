/** The engine of a page whose code brings the WebAssembly module along. */
import * as engineModule from "@atomiton/conductor-wasm";
import * as facts from "@atomiton/conductor-wasm/constants";
import { useEngine } from "../../engine/backend.js";
import { wasmEngine } from "../../engine/wasm.js";

/** Starts when something first runs. */
export const engine = useEngine(() => wasmEngine(facts, () => engineModule));
