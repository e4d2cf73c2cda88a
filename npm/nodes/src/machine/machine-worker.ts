import { Worker } from "node:worker_threads";
import { inflateRawSync } from "node:zlib";
import deflated from "quickjs:module";

import { messageOf, NodeError } from "../contract/error.js";
import type { FromWorker } from "../sandbox/quickjs/messages.js";
import script from "../sandbox/quickjs/worker-script.ts?script";
import type { WorkerThread } from "../sandbox/quickjs/worker-thread.js";

/** MiB of heap outside of the engine: for text on its way in and out. */
const HEAP_MIB = 2048;

/** The script stands in this package as text, so that no bundler and no archive keeps it from being found. */
const text = `globalThis.port = require("node:worker_threads").parentPort;\n${script}`;

let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * Starts a thread that runs user code.
 *
 * @throws NodeError INTERNAL_ERROR where there can be none
 */
export async function startMachineWorker(): Promise<WorkerThread> {
  try {
    compiled ??= compile();
    return threadOf(await started(compiled));
  } catch (cause) {
    throw new NodeError("INTERNAL_ERROR", `User code cannot run here: ${messageOf(cause)}`, { cause });
  }
}

function compile(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(inflateRawSync(Buffer.from(deflated, "base64")) as Uint8Array<ArrayBuffer>);
}

/** A thread in which the engine has started: no limit of user code counts until then. */
function started(module: Promise<WebAssembly.Module>): Promise<Worker> {
  const worker = new Worker(text, {
    eval: true,
    name: "user code",
    // Nothing of this process is to be seen there, nor are its loaders to be run.
    env: {},
    argv: [],
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
  });
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      void worker.terminate();
      reject(error);
    };
    const look = (message: FromWorker): void => {
      if ("unready" in message) fail(new Error(message.unready));
      if (!("ready" in message)) return;
      worker.off("message", look);
      worker.off("error", fail);
      worker.off("exit", gone);
      resolve(worker);
    };
    const gone = (): void => reject(new Error("its thread ended before it had started"));
    worker.on("message", look);
    worker.on("error", fail);
    worker.on("exit", gone);
    module.then((made) => worker.postMessage({ module: made }), fail);
  });
}

function threadOf(worker: Worker): WorkerThread {
  let [reply, fail]: Parameters<WorkerThread["listen"]> = [() => {}, () => {}];
  worker.on("message", (message: FromWorker) => {
    if ("answers" in message || "code" in message) reply(message);
  });
  worker.on("error", (error: Error & { code?: string }) => {
    const code = error.code === "ERR_WORKER_OUT_OF_MEMORY" ? "MEMORY_LIMIT_EXCEEDED" : "EXECUTION_FAILED";
    fail(new NodeError(code, error.message, { cause: error }));
  });
  worker.on("exit", () => fail(new NodeError("EXECUTION_FAILED", "its thread ended")));
  return {
    post: (message) => worker.postMessage(message),
    listen(toReply, toFail) {
      [reply, fail] = [toReply, toFail];
    },
    hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
    end() {
      [reply, fail] = [() => {}, () => {}];
      worker.unref();
      void worker.terminate();
    },
  };
}
