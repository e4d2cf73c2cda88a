/** The engine of a page that fetches the WebAssembly module by itself. */

import * as facts from "@atomiton/conductor-wasm/constants";
import * as engineModule from "@atomiton/conductor-wasm/slim";
import { messageOf } from "@atomiton/values";
import { type Backend, type Engine, useEngine } from "../../engine/backend.js";
import { coded } from "../../engine/failure.js";
import { wasmEngine } from "../../engine/wasm.js";

let isThere = false;
const whole = wasmEngine(facts, () => engineModule);

function start(): Backend {
  if (isThere) return whole.start();
  const advice = `Await init with the address of conductor.wasm, or import "@atomiton/conductor/browser", which needs none`;
  throw coded("INTERNAL_ERROR", `The WebAssembly engine is not there yet. ${advice}.`, undefined);
}

/** Starts when something first runs, which must be after {@link init}. */
export const engine = useEngine((): Engine => ({ ...whole, start }));

/** Where the module is, or what it is: an address to fetch, a request, an answer, bytes, or the module itself. */
export type ModuleSource = engineModule.ModuleSource;

/**
 * Gives the engine its module: the file `@atomiton/conductor/conductor.wasm` of the same version. To be awaited before
 * anything runs in this page. An answer is compiled while it arrives when its server says that it is `application/wasm`.
 *
 * Once it has succeeded, or while it is at work, further calls change nothing; after a failure it can be called again.
 * Rejects with an error with the code `INTERNAL_ERROR` when the module cannot be fetched or compiled, or is of another
 * version.
 */
export async function init(source: ModuleSource | PromiseLike<ModuleSource>): Promise<void> {
  try {
    await engineModule.init(source);
    isThere = true;
  } catch (cause) {
    const advice =
      `init needs conductor.wasm of @atomiton/conductor ${facts.VERSION}; a content security policy must allow ` +
      `'wasm-unsafe-eval' in script-src, and to fetch the file in connect-src.`;
    throw coded("INTERNAL_ERROR", `The WebAssembly engine cannot start: ${messageOf(cause)}. ${advice}`, cause);
  }
}
