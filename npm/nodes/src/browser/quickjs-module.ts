import deflated from "quickjs:module";

import { messageOf, NodeError } from "../contract/error.js";

let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * QuickJS, compiled when it is first wanted.
 *
 * @throws NodeError INTERNAL_ERROR where there can be no WebAssembly: a further attempt would find the same
 */
export function quickJsModule(): Promise<WebAssembly.Module> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<WebAssembly.Module> {
  try {
    const bytes = Uint8Array.from(atob(deflated), (char) => char.charCodeAt(0));
    const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return await WebAssembly.compile(await new Response(inflated).arrayBuffer());
  } catch (cause) {
    const reason = messageOf(cause).replace(/\.$/, "");
    throw new NodeError("INTERNAL_ERROR", `User code cannot run here: ${reason}. ${advice()}`, { cause });
  }
}

/** Only what has an address, a page or its worker, has a policy; runtimes such as workerd compile no bytes at all. */
function advice(): string {
  return "location" in globalThis
    ? "A Content-Security-Policy must allow 'wasm-unsafe-eval' in script-src."
    : "This runtime does not compile WebAssembly; run this flow on a server or in the desktop application.";
}
