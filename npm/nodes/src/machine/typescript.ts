/** TypeScript on a machine: swc, of which Node itself makes use for the same, from its package, which those install who write some. */
import { createRequire } from "node:module";

import type { Stripped } from "../definition/node-type.js";
import { stripTypes, TOO_DEEP, type Transform } from "../typescript/strip.js";
import { optionalPackage } from "./optional-package.js";

const PACKAGE = "@swc/wasm-typescript";

/** The package at once, as checks of parameters need it. */
const require = createRequire(import.meta.url);

/**
 * What takes types out of TypeScript.
 *
 * @throws NodeError EXECUTION_FAILED where its package is not installed
 */
export async function machineTypeScript(): Promise<(code: string) => Stripped> {
  await optionalPackage(PACKAGE, "TypeScript", async () => require.resolve(PACKAGE));
  return javaScriptOf;
}

/** The JavaScript of TypeScript, or what is wrong with it; `undefined` where the package is not installed, which the node says when it runs. */
export function parsedTypeScript(code: string): Stripped | undefined {
  try {
    require.resolve(PACKAGE);
  } catch {
    return undefined;
  }
  return javaScriptOf(code);
}

function javaScriptOf(code: string): Stripped {
  const { transformSync } = require(PACKAGE) as { transformSync: Transform };
  try {
    return stripTypes(code, transformSync);
  } catch {
    // What failed in the middle of a call is left in any state: the next text gets another instance.
    delete require.cache[require.resolve(PACKAGE)];
    return TOO_DEEP;
  }
}
