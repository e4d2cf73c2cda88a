import deflated from "typescript:module";

import { NodeError } from "../contract/error.js";
import { inflatedModule } from "./inflated-module.js";

let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * What reads TypeScript, compiled when it is first wanted.
 *
 * @throws NodeError INTERNAL_ERROR where there can be no WebAssembly: a further attempt would find the same
 */
export function typeScriptModule(): Promise<WebAssembly.Module> {
  compiled ??= inflatedModule(
    deflated,
    (reason, cause) => new NodeError("INTERNAL_ERROR", `TypeScript cannot be read here: ${reason}`, { cause }),
  );
  return compiled;
}
