/**
 * The same for workers on workerd, such as Cloudflare's: they do not compile bytes, but import the file as a module that
 * is compiled already.
 */
import module from "./conductor.wasm";
import { startWith } from "./instance.js";

export * from "./functions.js";

/** Makes the first instance; nothing happens when there is one. */
export function start(): void {
  startWith(() => module);
}

/** The module. */
export async function compiled(): Promise<WebAssembly.Module> {
  return module;
}
