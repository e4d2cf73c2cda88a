/** The engines as the host drives them: a backend, and snapshots, which the driver does not need. */
import { WasmBackend } from "../../npm/conductor/src/engine/wasm-backend.ts";

export { playAhead } from "./ahead.mjs";
export { play } from "./host.mjs";

/** The addon, as `@atomiton/conductor-native` loads it. */
export function onAddon(addon) {
  const { snapshot, restore } = addon;
  return { backend: addon, constants: addon.constants(), snapshot, restore };
}

/**
 * The module, as `@atomiton/conductor-wasm` exports it.
 *
 * @param constants those of `@atomiton/conductor-wasm/constants`
 */
export function onModule(module, constants) {
  const { snapshot, restore } = module;
  return { backend: new WasmBackend(module), constants, snapshot, restore };
}
