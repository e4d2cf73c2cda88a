/** The same without the module, which the page fetches by itself and hands over to `init`. */
import { startWith } from "./instance.js";
import { compile, type ModuleSource } from "./source.js";

export * from "./functions.js";
export type { ModuleSource } from "./source.js";

let given: WebAssembly.Module | undefined;
let underway: Promise<void> | undefined;

/**
 * Starts the engine with a module: the file `conductor.wasm` of this package. Once it is started, or while it is being
 * started, further calls change nothing; after a failure it can be called again.
 *
 * @param source where the module is, or what it is, or a promise of that
 */
export function init(source: ModuleSource | PromiseLike<ModuleSource>): Promise<void> {
  underway ??= startFrom(source).catch((error: unknown) => {
    underway = undefined;
    throw error;
  });
  return underway;
}

/** Nothing happens when `init` has resolved. @throws Error when it has not */
export function start(): void {
  startWith(() => {
    if (given !== undefined) return given;
    throw new Error("its module is not there yet: await init(…) first");
  });
}

/**
 * The module, to be sent to a worker: there `init` takes it. Waits for the `init` that is under way.
 *
 * @throws Error before `init`
 */
export async function compiled(): Promise<WebAssembly.Module> {
  await underway;
  start();
  return given as WebAssembly.Module;
}

async function startFrom(source: ModuleSource | PromiseLike<ModuleSource>): Promise<void> {
  given = await compile(await source);
  start();
}
