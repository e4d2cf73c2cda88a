/** The one instance of the module. */
import { __wbg_reset_state, initSync, moduleVersion } from "./generated/conductor.js";
import { VERSION } from "./generated/constants.js";

let module: WebAssembly.Module | undefined;

/**
 * Makes the first instance; nothing happens when there is one.
 *
 * @param load gives the module, compiled; called only when it is needed
 * @throws Error when the module is of another version: its functions are not the ones that are called
 */
export function startWith(load: () => WebAssembly.Module): void {
  if (module !== undefined) return;
  const loaded = load();
  initSync({ module: loaded });
  const version = moduleVersion();
  if (version !== VERSION) {
    throw new Error(`conductor.wasm is of version ${version}, the package that it was given to of ${VERSION}`);
  }
  module = loaded;
}

/** The module of the instance, if there is one. */
export function startedModule(): WebAssembly.Module | undefined {
  return module;
}

/** Lets go of the instance and makes a fresh one. Runs, answers and words of the old one are gone. */
export function restart(): void {
  __wbg_reset_state();
}

/** The memory of the instance, which must have been started. Growing it detaches the buffer that it had before. */
export function memory(): WebAssembly.Memory {
  return initSync({ module: module as WebAssembly.Module }).memory;
}
