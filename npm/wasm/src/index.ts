/**
 * The engine of atomiton conductor as a WebAssembly module that travels in the code.
 *
 * There is one instance at a time. A function that traps throws and leaves its instance torn: the caller has to
 * `restart`, which loses everything that the instance held.
 */

import { compileInlined, inlinedModule } from "./inlined.js";
import { startedModule, startWith } from "./instance.js";

export * from "./functions.js";

/**
 * Makes the first instance; nothing happens when there is one. Compiles at once, because the engine is there at once
 * everywhere else, too.
 *
 * @throws WebAssembly.CompileError where the content security policy does not allow `wasm-unsafe-eval`
 */
export function start(): void {
  startWith(() => early ?? inlinedModule());
}

let early: WebAssembly.Module | undefined;

/**
 * The module, compiled while this thread goes on, to be sent to a worker: there `init` of `./slim` takes it.
 *
 * @throws WebAssembly.CompileError where the content security policy does not allow `wasm-unsafe-eval`
 */
export async function compiled(): Promise<WebAssembly.Module> {
  early = startedModule() ?? early ?? (await compileInlined());
  return early;
}
