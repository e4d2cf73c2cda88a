/** The ways in which a page can come by a module. */

/** An address to fetch, a request, an answer, bytes, or the module itself. */
export type ModuleSource = string | URL | Request | Response | ArrayBuffer | ArrayBufferView | WebAssembly.Module;

/** The only type of content that is compiled while it arrives. */
const TYPE = "application/wasm";

/**
 * Compiles a module; an answer while it arrives, if its server says that it is WebAssembly.
 *
 * @throws Error when it cannot be fetched; TypeError for anything else that is no source; WebAssembly.CompileError when it
 *   is no WebAssembly, or the content security policy does not allow `wasm-unsafe-eval`
 */
export async function compile(source: ModuleSource): Promise<WebAssembly.Module> {
  if (typeof source === "string" || source instanceof URL || isA("Request", source)) {
    return compileAnswer(await fetch(source as string | URL | Request));
  }
  if (isA("Response", source)) return compileAnswer(source as Response);
  if (isA("WebAssembly.Module", source)) return source as WebAssembly.Module;
  if (ArrayBuffer.isView(source) || isA("ArrayBuffer", source)) return WebAssembly.compile(source as BufferSource);
  throw new TypeError("what was given is no address, request, answer, bytes or WebAssembly.Module");
}

async function compileAnswer(answer: Response): Promise<WebAssembly.Module> {
  if (!answer.ok) throw new Error(`${answer.url || "the server"} answered with status ${answer.status}`);
  const type = answer.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type === TYPE && "compileStreaming" in WebAssembly) return WebAssembly.compileStreaming(answer);
  return WebAssembly.compile(await answer.arrayBuffer());
}

/** By its name, so that one of another realm, such as a frame, is one too. */
function isA(name: "Request" | "Response" | "ArrayBuffer" | "WebAssembly.Module", value: unknown): boolean {
  return Object.prototype.toString.call(value) === `[object ${name}]`;
}
