/**
 * The engine of atomiton conductor as a WebAssembly module.
 *
 * There is one instance at a time. A function that traps throws and leaves its instance torn: whoever calls has to
 * `restart`, which loses everything that the instance held.
 */
import { __wbg_reset_state, initSync } from "./generated/conductor.js";
import { MODULE } from "./generated/module.js";

export {
  askNodes,
  askShape,
  askTrace,
  askView,
  close,
  open,
  openRuns,
  readDocument,
  readFlow,
  restore,
  seal,
  snapshot,
  takeAnswer,
  turn,
  validateFlow,
  view,
  watch,
  weightOf,
  words,
  writeDocument,
  writeFlow,
} from "./generated/conductor.js";

let module: WebAssembly.Module | undefined;

/**
 * Makes the first instance; nothing happens when there is one. Compiles at once, because the engine is there at once
 * everywhere else, too.
 *
 * @throws WebAssembly.CompileError where the content security policy does not allow `wasm-unsafe-eval`
 */
export function start(): void {
  instance();
}

/** Lets go of the instance and makes a fresh one. Runs, answers and words of the old one are gone. */
export function restart(): void {
  __wbg_reset_state();
}

/** The memory of the instance. Growing it detaches the buffer that it had before. */
export function memory(): WebAssembly.Memory {
  return instance().memory;
}

/** What the instance exports; makes the first one. */
function instance(): { memory: WebAssembly.Memory } {
  module ??= new WebAssembly.Module(bytesOf(MODULE));
  return initSync({ module });
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
