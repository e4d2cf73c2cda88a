/** TypeScript in a page: swc, of which Node itself makes use for the same. Its glue is of its package, without what asks for Node. */
import start from "typescript:glue";

import type { Stripped } from "../definition/node-type.js";
import { stripTypes, TOO_DEEP, type Transform } from "../typescript/strip.js";

/** Gives swc as a WebAssembly module; asked again where an instance broke down, so it should keep what it gave. */
export type LoadTypeScript = () => Promise<WebAssembly.Module>;

/** Makes what takes types out of TypeScript. */
export function pageTypeScript(load: LoadTypeScript): () => Promise<(code: string) => Stripped> {
  let started: Promise<Transform> | undefined;
  const begin = async () => start(await load());
  return async () => {
    started ??= begin();
    const running = started;
    const forget = () => {
      if (started === running) started = undefined;
    };
    // What could not be loaded may be the next time.
    running.catch(forget);
    const transform = await running;
    return (code): Stripped => {
      try {
        return stripTypes(code, transform);
      } catch {
        // What failed in the middle of a call is left in any state: the next text gets another instance.
        forget();
        return TOO_DEEP;
      }
    };
  };
}
