/** An Extism plugin in a thread of its own, called once. */
import { createRequire } from "node:module";
import { MessageChannel } from "node:worker_threads";

import { throwIfAborted } from "../../contract/abort.js";
import { closeNames, meantText } from "../../contract/close-names.js";
import { NodeError } from "../../contract/error.js";
import { optionalPackage } from "../../machine/optional-package.js";
import { inThread, type ThreadEnd } from "../../machine/thread.js";
import { answerRequests, type PluginRequest, type PluginResponse } from "./http.js";
import text from "./plugin-thread.js?text";

const PACKAGE = "@extism/extism";
/** MiB of the thread's own heap. */
const HEAP_MIB = 256;
/** Bytes of a page of memory. */
const PAGE = 65_536;
/** Characters of what a plugin says that a message quotes. */
const LONGEST_EXCERPT = 1000;

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

type FromThread =
  | { log: string }
  | { output: Uint8Array | undefined }
  | { missing: string[] }
  | { failed: { code: string; message: string } };

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
      take(message) {
        if ("failed" in message) throw pluginFailure(message.failed, call);
        if ("missing" in message) throw missingFunction(name, message.missing);
        if ("output" in message) return { result: message.output };
        call.onLog?.(message.log);
        return undefined;
      },
      failure: threadFailure,
    });
  } finally {
    over.abort();
    port1.close();
  }
}

function missingFunction(name: string, functions: readonly string[]): NodeError {
  const close = closeNames(name, functions);
  const shown = functions.slice(0, 20).map((each) => `\`${each}\``);
  const hint = meantText(close, shown.length > 0 ? `; there are ${shown.join(", ")}` : "; it exports none");
  return new NodeError("INVALID_PARAMETERS", `The plugin exports no function \`${name}\`${hint}`, { retry: false });
}

function pluginFailure(
  { code, message }: { code: string; message: string },
  { name, maxBytes }: PluginCall,
): NodeError {
  const said = message.length <= LONGEST_EXCERPT ? message : `${message.slice(0, LONGEST_EXCERPT)}…`;
  const fixed = (code: string, text: string, ...advice: string[]) =>
    new NodeError(code, text, { ...(advice.length > 0 && { advice }), retry: false });
  switch (code) {
    case "module":
      return fixed("DESERIALIZATION_FAILED", `The file is no module that can be run here: ${said}`);
    case "import":
      return fixed(
        "EXECUTION_FAILED",
        `The plugin needs \`${said}\`, which is nothing that Extism or WASI gives`,
        "Build it with a plugin development kit of Extism, such as extism-pdk for Rust, without functions of an own host.",
      );
    case "signature":
      return fixed(
        "INVALID_PARAMETERS",
        `\`${name}\` takes ${said} parameters, and so is no function of an Extism plugin, which takes none`,
      );
    case "memory":
      return fixed(
        "MEMORY_LIMIT_EXCEEDED",
        `In \`${name}\`, ${said}`,
        "Give the plugin less data, or raise `memoryPages`.",
      );
    case "large":
      return fixed(
        "MEMORY_LIMIT_EXCEEDED",
        `The output of the plugin has ${said} bytes, and \`maxBytes\` allows ${maxBytes}`,
      );
    case "http":
      return new NodeError("EXECUTION_FAILED", `A request of the plugin: ${said}`);
    case "said":
      return new NodeError("EXECUTION_FAILED", `The plugin failed: ${said}`);
    case "returned":
      return new NodeError(
        "EXECUTION_FAILED",
        `The plugin failed in \`${name}\` with code ${said}, and does not say why`,
      );
    case "trap":
      return new NodeError("EXECUTION_FAILED", `The plugin trapped in \`${name}\`: ${said}`, {
        advice: [
          "Look at what the plugin does with this input; one that runs out of memory may need more `memoryPages`.",
        ],
      });
    default:
      return new NodeError("EXECUTION_FAILED", `The plugin could not be called: ${said}`);
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
