/** `@atomiton/conductor/slim`: what `/browser` has, and `init`. */

import type * as browser from "@atomiton/conductor/browser";
import type { ModuleSource } from "@atomiton/conductor/slim";
import * as slim from "@atomiton/conductor/slim";

import type { Holds, Same } from "./check.js";

export type Statements = [
  Holds<Same<Exclude<keyof typeof slim, keyof typeof browser>, "init">>,
  Holds<Same<Exclude<keyof typeof browser, keyof typeof slim>, never>>,
  Holds<Same<typeof slim.conductor, typeof browser.conductor>>,
  Holds<Same<ReturnType<typeof slim.init>, Promise<void>>>,
];

declare const module: WebAssembly.Module;

export const sources: ModuleSource[] = [
  "/conductor.wasm",
  new URL("https://example.com/conductor.wasm"),
  new Request("/conductor.wasm"),
  new Response(),
  new ArrayBuffer(8),
  new Uint8Array(8),
  module,
];

export const started: Promise<void>[] = [slim.init("/conductor.wasm"), slim.init(fetch("/conductor.wasm"))];
