/** Which engine runs in Node. */
import { createRequire } from "node:module";
import { NativeError } from "@atomiton/conductor-native";
import type { EngineInfo } from "../../api/environment.js";
import { useNativeBackend } from "../../engine/native.js";
import { useWasmModule, type WasmModule } from "../../engine/wasm-backend.js";

const VARIABLE = "CONDUCTOR_BACKEND";

let chosen: EngineInfo | undefined;

/**
 * The native addon; on a platform for which there is none, the WebAssembly module, which is said once on stderr.
 * `CONDUCTOR_BACKEND` set to `native` or `wasm` leaves no choice.
 *
 * @throws NativeError `NATIVE_UNAVAILABLE` when the variable asks for an addon that is not there,
 *   `NATIVE_VERSION_MISMATCH` when there is one of another version
 */
export function useNodeBackend(): EngineInfo {
  chosen ??= choose(process.env[VARIABLE]);
  return chosen;
}

function choose(wanted: string | undefined): EngineInfo {
  if (wanted === "wasm") return useWasm();
  if (wanted === "native") return useNativeBackend();
  if (wanted !== undefined && wanted !== "") {
    throw new Error(`${VARIABLE} is "${wanted}"; it may be "native" or "wasm"`);
  }
  try {
    return useNativeBackend();
  } catch (error) {
    // An addon of another version is a broken installation, which must not go on half-way.
    if (!(error instanceof NativeError) || error.code !== "NATIVE_UNAVAILABLE") throw error;
    console.warn(
      `${error.message}. Flows run on the WebAssembly engine instead, which reads no YAML; spreadsheets, user code and ` +
        `files of flows need the addon. ${VARIABLE}=wasm keeps this message away.`,
    );
    return useWasm();
  }
}

/** Loaded only when it is needed: it is larger than everything else together. */
function useWasm(): EngineInfo {
  return useWasmModule(createRequire(import.meta.url)("@atomiton/conductor-wasm") as WasmModule);
}
