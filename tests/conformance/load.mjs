/** Engines for the host, in Node. */
import { fileURLToPath } from "node:url";

import { loadAddon } from "@atomiton/conductor-native";
import * as module from "@atomiton/conductor-wasm";
import { CONSTANTS } from "@atomiton/conductor-wasm/constants";
import { build } from "esbuild";

let code;

/** The host on the native addon: `{ play, playAhead, engine }`. */
export async function native() {
  const { onAddon, ...plays } = await host("native");
  return { ...plays, engine: onAddon(loadAddon()) };
}

/** The host on the WebAssembly module: `{ play, playAhead, engine }`. */
export async function wasm() {
  const { onModule, ...plays } = await host("wasm");
  return { ...plays, engine: onModule(module, CONSTANTS) };
}

/** The host is written in JavaScript and TypeScript alike; each engine has one of its own, as a process would. */
async function host(name) {
  code ??= bundled();
  return import(`data:text/javascript;base64,${await code}#${name}`);
}

async function bundled() {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("engines.mjs", import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2022",
    logLevel: "silent",
  });
  return Buffer.from(outputFiles[0].contents).toString("base64");
}
