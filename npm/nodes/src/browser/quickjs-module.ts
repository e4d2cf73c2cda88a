import deflated from "quickjs:module";

import { NodeError } from "../contract/error.js";
import { inflatedModule } from "./inflated-module.js";

let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * QuickJS, compiled when it is first wanted.
 *
 * @throws NodeError INTERNAL_ERROR where there can be no WebAssembly: a further attempt would find the same
 */
export function quickJsModule(): Promise<WebAssembly.Module> {
  compiled ??= inflatedModule(
    deflated,
    (reason, cause) => new NodeError("INTERNAL_ERROR", `User code cannot run here: ${reason}`, { cause }),
  );
  return compiled;
}
