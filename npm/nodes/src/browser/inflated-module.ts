import { messageOf } from "../contract/error.js";

/**
 * A WebAssembly module of its deflated text.
 *
 * @param failure makes the error, with what the browser says and what to do, where there can be no WebAssembly
 */
export async function inflatedModule(
  deflated: string,
  failure: (reason: string, cause: unknown) => Error,
): Promise<WebAssembly.Module> {
  try {
    const bytes = Uint8Array.from(atob(deflated), (char) => char.charCodeAt(0));
    const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return await WebAssembly.compile(await new Response(inflated).arrayBuffer());
  } catch (cause) {
    throw failure(`${messageOf(cause).replace(/\.$/, "")}. ${advice()}`, cause);
  }
}

/** Only what has an address, a page or its worker, has a policy; runtimes such as workerd compile no bytes at all. */
function advice(): string {
  return "location" in globalThis
    ? "A Content-Security-Policy must allow 'wasm-unsafe-eval' in script-src."
    : "This runtime does not compile WebAssembly; run this flow on a server or in the desktop application.";
}
