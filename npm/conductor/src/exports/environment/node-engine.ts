/** Which engine runs in Node. */
import { createRequire } from "node:module";
import { NativeError } from "@atomiton/conductor-native";
import { type Engine, type EngineInfo, useEngine } from "../../engine/backend.js";
import { nativeEngine } from "../../engine/native.js";
import { type WasmFacts, wasmEngine } from "../../engine/wasm.js";
import type { WasmModule } from "../../engine/wasm-backend.js";

const VARIABLE = "CONDUCTOR_BACKEND";

/**
 * The native addon; on a platform without one, the WebAssembly module, which is said once on stderr.
 * `CONDUCTOR_BACKEND` set to `native` or `wasm` leaves no choice.
 *
 * @throws NativeError `NATIVE_UNAVAILABLE` when the variable asks for an addon that is not there,
 *   `NATIVE_VERSION_MISMATCH` when there is one of another version
 */
export function useNodeEngine(): EngineInfo {
  return useEngine(() => choose(process.env[VARIABLE]));
}

function choose(wanted: string | undefined): Engine {
  if (wanted === "wasm") return inNode();
  if (wanted === "native") return nativeEngine();
  if (wanted !== undefined && wanted !== "") {
    throw new Error(`${VARIABLE} is "${wanted}"; it may be "native" or "wasm"`);
  }
  try {
    return nativeEngine();
  } catch (error) {
    // An addon of another version is a broken installation, which must not go on half-way.
    if (!(error instanceof NativeError) || error.code !== "NATIVE_UNAVAILABLE") throw error;
    console.warn(
      `${error.message}. Flows run on the WebAssembly engine instead, which reads no YAML; spreadsheets and files ` +
        `of flows need the addon. ${VARIABLE}=wasm keeps this message away.`,
    );
    return inNode();
  }
}

/** The module is read only when it is needed: it is larger than everything else together. */
function inNode(): Engine {
  const load = createRequire(import.meta.url);
  const facts = load("@atomiton/conductor-wasm/constants") as WasmFacts;
  return wasmEngine(facts, () => load("@atomiton/conductor-wasm") as WasmModule);
}
