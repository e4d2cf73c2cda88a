/** An Extism plugin in a thread of its own, called once. */
import { createRequire } from "node:module";
import { MessageChannel } from "node:worker_threads";

import { throwIfAborted } from "../../contract/abort.js";
import { NodeError } from "../../contract/error.js";
import { optionalPackage } from "../../machine/optional-package.js";
import { inThread, type ThreadEnd } from "../../machine/thread.js";
import { type FromThread, outputIn } from "./failure.js";
import { answerRequests, type PluginRequest, type PluginResponse } from "./http.js";
import text from "./plugin-thread.js?script";

const PACKAGE = "@extism/extism";
/** MiB of the thread's own heap. */
const HEAP_MIB = 256;
/** Bytes of a page of memory. */
const PAGE = 65_536;

/** A call of a plugin. */
export interface PluginCall {
  /** The module, its memory limited. */
  bytes: Uint8Array;
  name: string;
  input: Uint8Array | string;
  config: Readonly<Record<string, string>>;
  allowedPaths: Readonly<Record<string, string>>;
  /** Pages of memory that it may have. */
  pages: number;
  /** Bytes that its output may have. */
  maxBytes: number;
  /** ms. */
  timeLimit: number;
  signal: AbortSignal | undefined;
  /** Sends a request of the plugin, or refuses it. */
  send(request: PluginRequest, signal: AbortSignal): Promise<PluginResponse>;
  /** Called with lines of its log. */
  onLog: ((line: string) => void) | undefined;
}

/**
 * The output of a plugin's function; `undefined` where it gave none. The thread is gone by then.
 *
 * @throws NodeError EXECUTION_FAILED (no such package, a trap, an error of the plugin), INVALID_PARAMETERS (no such function),
 *   DESERIALIZATION_FAILED (no module), MEMORY_LIMIT_EXCEEDED, TIMEOUT, CANCELLED
 */
export async function callPlugin(call: PluginCall): Promise<Uint8Array | undefined> {
  throwIfAborted(call.signal);
  const extism = await optionalPackage(PACKAGE, "wasm", async () => createRequire(import.meta.url).resolve(PACKAGE));
  const { port1, port2 } = new MessageChannel();
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const { bytes, name, input, config, allowedPaths, maxBytes, pages } = call;
  const over = new AbortController();
  answerRequests(port1, flag, (request) => call.send(request, over.signal));
  try {
    return await inThread<FromThread, Uint8Array | undefined>({
      name: "plugin",
      script: text,
      heapMib: HEAP_MIB,
      timeLimit: call.timeLimit,
      signal: call.signal,
      data: {
        extism,
        bytes,
        name,
        input,
        config,
        allowedPaths,
        maxBytes,
        hostBytes: pages * PAGE,
        http: port2,
        flag,
      },
      transfer: [port2],
      take: (message) => outputIn(message, call),
      failure: threadFailure,
    });
  } finally {
    over.abort();
    port1.close();
  }
}

function threadFailure(code: ThreadEnd, reason: string, cause: unknown): NodeError {
  if (code === "MEMORY_LIMIT_EXCEEDED") {
    const message = `The thread of the plugin has more than ${HEAP_MIB} MiB beside its memory`;
    return new NodeError(code, message, { cause, retry: false });
  }
  const message = code === "TIMEOUT" ? `The plugin ${reason}` : `The plugin gave no output: ${reason}`;
  return new NodeError(code, message, cause === undefined ? {} : { cause });
}
