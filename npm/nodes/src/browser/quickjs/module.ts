import deflated from "quickjs:module";

import { messageOf, NodeError } from "../../contract/error.js";

let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * QuickJS, compiled when it is first wanted.
 *
 * @throws NodeError EXECUTION_FAILED where the page allows no WebAssembly
 */
export function quickJsModule(): Promise<WebAssembly.Module> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<WebAssembly.Module> {
  const bytes = Uint8Array.from(atob(deflated), (char) => char.charCodeAt(0));
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  try {
    return await WebAssembly.compile(await new Response(inflated).arrayBuffer());
  } catch (error) {
    throw new NodeError(
      "EXECUTION_FAILED",
      `No JavaScript engine could be started; the page's Content-Security-Policy must allow 'wasm-unsafe-eval' (${messageOf(error)})`,
      { cause: error },
    );
  }
}
