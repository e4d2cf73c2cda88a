/** TypeScript on a machine: swc, of which Node itself makes use for the same, from its package. Loaded by the first node that has some. */
import { createRequire } from "node:module";

import type { Stripped } from "../definition/node-type.js";
import { stripTypes, TOO_DEEP, type Transform } from "../typescript/strip.js";

const PACKAGE = "@swc/wasm-typescript";

/** The package at once, as checks of parameters need it. */
const require = createRequire(import.meta.url);

/** The JavaScript of TypeScript, or what is wrong with it. */
export function machineTypeScript(code: string): Stripped {
  const { transformSync } = require(PACKAGE) as { transformSync: Transform };
  try {
    return stripTypes(code, transformSync);
  } catch {
    // What failed in the middle of a call is left in any state: the next text gets another instance.
    delete require.cache[require.resolve(PACKAGE)];
    return TOO_DEEP;
  }
}
