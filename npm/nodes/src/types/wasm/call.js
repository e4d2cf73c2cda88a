/* In a thread of its own, of Node or of a page: calls one function of an Extism plugin. See `plugin.ts` and `page.ts`. */
const HOST = "extism:host/env";
const WASI = "wasi_snapshot_preview1";
/** Lines of a plugin's log that are told, and how long they may be. */
const MOST_LINES = 1000;
const LONGEST_LINE = 200;

/** A failure that is told in words of this file. */
export class Told extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/**
 * What the plugin asks of its host is made of buffers, which no limit of a thread counts. This is before the package makes any.
 */
let left = Number.POSITIVE_INFINITY;
let hostBytes = left;
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
/** The name of the function, and how many parameters it takes. */
let wanted = "";
let takes = 0;
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (module, imports) => {
  const made = await instantiate(module, imports);
  // Node has modules of its own.
  if (module !== plugged) return made;
  const { exports } = made;
  const name = wanted;
  takes = exports[name].length;
  const called = () => {
    returned = exports[name]();
  };
  return { exports: { ...exports, [name]: called } };
};

/** Tells lines of the log, as far as they may be told. */
function logger(tell) {
  let lines = 0;
  const log = (text) => {
    if (lines++ < MOST_LINES) tell({ log: String(text).slice(0, LONGEST_LINE) });
  };
  return { trace: log, debug: log, info: log, warn: log, error: log, log };
}

/** The least level of messages that plugins are to log: 2 for info. */
const LOG_LEVEL = 2;

/** What plugins ask of their host beside what the package has: requests, and what kits newer than the package import. */
function hostFunctions(send) {
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
      const message = send({
        url: request.url,
        method: request.method ?? "GET",
        headers: request.headers ?? request.header ?? {},
        body,
      });
      if ("failed" in message) throw new Told("http", message.failed);
      ({ status, headers } = message);
      return message.body.length === 0 ? 0n : context.store(message.body);
    },
    http_status_code: () => status,
  };
}

/**
 * @param given name of the function, input, config, folders, limits
 * @param load gives the package
 * @param tell told of lines of the log
 * @param send sends a request, and gives its answer
 */
async function called({ bytes, name, input, config, allowedPaths, maxBytes, ...given }, load, tell, send) {
  wanted = name;
  hostBytes = given.hostBytes;
  const { createPlugin } = load();
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
      functions: { [HOST]: hostFunctions(send) },
      logger: logger(tell),
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

/** Calls the function, and tells what came of it. */
export function callPlugin(given, load, tell, send) {
  return called(given, load, tell, send).then(tell, (error) => tell({ failed: failure(error) }));
}
