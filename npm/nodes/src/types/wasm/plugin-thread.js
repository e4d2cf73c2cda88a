/* Runs in a thread of its own: calls one function of an Extism plugin, and says how that went. See `plugin.ts`. */
const { parentPort, receiveMessageOnPort, workerData } = require("node:worker_threads");

const HOST = "extism:host/env";
const WASI = "wasi_snapshot_preview1";
/** Lines of a plugin's log that are told, and how long they may be. */
const MOST_LINES = 1000;
const LONGEST_LINE = 200;

/** A failure that is told in words of this file. */
class Told extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const { extism, bytes, name, input, config, allowedPaths, hostBytes, maxBytes, http, flag } = workerData;

/**
 * What the plugin asks of its host is made of buffers, which no limit of a thread counts. This is before the package is loaded.
 */
let left = Number.POSITIVE_INFINITY;
globalThis.ArrayBuffer = class CountedBuffer extends globalThis.ArrayBuffer {
  constructor(length, options) {
    if (length > left) throw new Told("memory", `the plugin asked its host for more than ${hostBytes} bytes`);
    left -= length;
    super(length, options);
  }
};

/** What the function returned: 0 for success. The package does not look at it. */
let returned;
/** The module of the plugin. */
let plugged;
/** How many parameters it takes. */
let takes = 0;
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (module, imports) => {
  const made = await instantiate(module, imports);
  // Node has modules of its own.
  if (module !== plugged) return made;
  const { exports } = made;
  takes = exports[name].length;
  const called = () => {
    returned = exports[name]();
  };
  return { exports: { ...exports, [name]: called } };
};

let lines = 0;
function log(text) {
  if (lines++ < MOST_LINES) parentPort.postMessage({ log: String(text).slice(0, LONGEST_LINE) });
}

/** The least level of messages that plugins are to log: 2 for info. */
const LOG_LEVEL = 2;

/**
 * What plugins ask of their host beside what the package has: requests, for which the main thread is asked while this one
 * waits as the plugin does, and what kits newer than the package import.
 */
function hostFunctions() {
  let status = 0;
  let headers = {};
  return {
    get_log_level: () => LOG_LEVEL,
    log_trace() {},
    http_headers: (context) => context.store(JSON.stringify(headers)),
    http_request(context, requestAt, bodyAt) {
      const request = context.read(requestAt)?.json();
      if (request === undefined) return 0n;
      const body = bodyAt === 0n ? undefined : context.read(bodyAt)?.bytes().slice();
      http.postMessage({
        url: request.url,
        method: request.method ?? "GET",
        headers: request.headers ?? request.header ?? {},
        body,
      });
      Atomics.wait(flag, 0, 0);
      Atomics.store(flag, 0, 0);
      const { message } = receiveMessageOnPort(http);
      if ("failed" in message) throw new Told("http", message.failed);
      ({ status, headers } = message);
      return message.body.length === 0 ? 0n : context.store(message.body);
    },
    http_status_code: () => status,
  };
}

async function call() {
  const { createPlugin } = require(extism);
  const module = await WebAssembly.compile(bytes).catch((error) => {
    throw new Told("module", error.message);
  });
  plugged = module;
  const imports = WebAssembly.Module.imports(module);
  const strange = imports.find(({ module }) => module !== HOST && module !== WASI);
  if (strange !== undefined) throw new Told("import", `${strange.module}.${strange.name}`);
  const functions = WebAssembly.Module.exports(module)
    .filter(({ kind }) => kind === "function")
    .map(({ name }) => name);
  if (!functions.includes(name)) return { missing: functions };
  left = hostBytes;
  const plugin = await createPlugin(
    { wasm: [{ module }] },
    {
      useWasi: imports.some(({ module }) => module === WASI),
      enableWasiOutput: false,
      runInWorker: false,
      allowedPaths,
      // Without what objects inherit: the plugin asks for names of its own.
      config: Object.assign(Object.create(null), config),
      functions: { [HOST]: hostFunctions() },
      logger: { trace: log, debug: log, info: log, warn: log, error: log, log },
    },
  );
  if (takes > 0) throw new Told("signature", String(takes));
  const output = await plugin.call(name, input);
  left = Number.POSITIVE_INFINITY;
  if (returned !== undefined && returned !== 0) throw new Told("returned", String(returned));
  if (output === null) return { output: undefined };
  if (output.byteLength > maxBytes) throw new Told("large", String(output.byteLength));
  return { output: output.bytes() };
}

function failure(error) {
  let cause = error;
  // What the host refuses comes through the plugin as it was thrown.
  if (!(cause instanceof Told) && cause?.cause instanceof Told) cause = cause.cause;
  if (cause instanceof Told) return { code: cause.code, message: cause.message };
  const isTrap =
    error instanceof WebAssembly.RuntimeError || (error instanceof RangeError && /call stack/.test(error.message));
  const text = error instanceof Error ? error.message : String(error);
  const said = /^Plugin-originated error: /.exec(text);
  if (said !== null) return { code: "said", message: text.slice(said[0].length) };
  return { code: isTrap ? "trap" : "other", message: text };
}

call().then(
  (answer) => parentPort.postMessage(answer),
  (error) => parentPort.postMessage({ failed: failure(error) }),
);
