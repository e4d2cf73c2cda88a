/** Plugins in a page: each call in a worker of its own, which is ended after it. */

import { startWorker } from "../../browser/start-worker.js";
import { throwIfAborted, unlessAborted } from "../../contract/abort.js";
import { messageOf, NodeError } from "../../contract/error.js";
import { reports } from "../../library/reports.js";
import { executable } from "../../library/work.js";
import type { Network } from "../http-request/network.js";
import { givenModule, inputOf, LARGEST_FILE, type Parameters, resultOf, texts, tooLarge, type Work } from "./data.js";
import { wasm } from "./definition.js";
import { type FromThread, outputIn } from "./failure.js";
import { withMemoryLimit } from "./memory-limit.js";
import script from "./page-thread.js?script";

/** Bytes of a page of memory. */
const PAGE = 65_536;
/** How far a plugin is cannot be told from outside: it is under way. */
const UNDER_WAY = 50;
/** ms that a timer can count. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/**
 * Calls a function of an Extism plugin with the data. The plugin is bytes that came in, a data URL, or an address to fetch.
 *
 * Fails as on a machine; with NO_TRANSPORT where hosts or folders are allowed, which a page cannot keep a plugin to.
 */
export function wasmPageNode(network: Network) {
  return executable<Parameters>(wasm, async (work) => {
    const { parameters, signal, progress } = work;
    const { memoryPages: pages, maxBytes, function: name } = parameters;
    const input = inputOf(work);
    refuseHosts(parameters);
    const report = progress && reports(progress);
    const data = {
      bytes: withMemoryLimit(await moduleOf(work, network), pages),
      name,
      input,
      config: texts(parameters.config, "config"),
      allowedPaths: {},
      maxBytes,
      hostBytes: pages * PAGE,
    };
    const onLog = report && ((line: string) => report(UNDER_WAY, () => line));
    const timeLimit = work.explicitTimeout ?? parameters.timeout;
    const output = await inWorker(data, timeLimit, signal, (message) => outputIn(message, { name, maxBytes, onLog }));
    return { result: resultOf(output, work) };
  });
}

function refuseHosts({ allowedHosts, allowedPaths }: Parameters): void {
  const elsewhere = "run this flow on a server or in the desktop application";
  if (allowedHosts.length > 0) {
    throw new NodeError(
      "NO_TRANSPORT",
      `\`allowedHosts\` cannot be kept in a web page, where a request that is redirected goes on to any host; ${elsewhere}`,
    );
  }
  if (Object.keys(allowedPaths).length > 0) {
    throw new NodeError("NO_TRANSPORT", `\`allowedPaths\` are folders, which a web page has none of; ${elsewhere}`);
  }
}

async function moduleOf(work: Work, network: Network): Promise<Uint8Array> {
  const { signal, access } = work;
  const given = givenModule(work);
  if (given !== undefined) return given;
  const file = work.parameters.file as string;
  const shown = file.length > 100 ? `${file.slice(0, 100)}…` : file;
  const url = addressOf(file, shown);
  // What is in the address itself connects to nothing; a policy of the page may forbid to fetch it all the same.
  if (url.protocol === "data:") return inAddress(url, shown);
  const fetch = await network.fetch(access);
  let response: Response;
  try {
    response = await fetch(url, signal ? { signal } : {});
  } catch (error) {
    throwIfAborted(signal);
    throw network.failureOf(error, url);
  }
  if (!response.ok) {
    throw new NodeError(
      "EXECUTION_FAILED",
      `The plugin ${shown} cannot be fetched: the server answers with status ${response.status}`,
    );
  }
  return bounded(response, shown, signal);
}

function addressOf(file: string, shown: string): URL {
  let url: URL;
  try {
    url = new URL(file, globalThis.location?.href);
  } catch (error) {
    throw new NodeError("INVALID_PARAMETERS", `\`file\` is no address: ${shown}`, { cause: error });
  }
  if (/^(?:https?|data|blob):$/.test(url.protocol)) return url;
  throw new NodeError(
    "INVALID_PARAMETERS",
    `In a web page \`file\` is an address with http:, https: or data:, found ${shown}`,
  );
}

function inAddress({ href }: URL, shown: string): Uint8Array {
  const comma = href.indexOf(",");
  const [head, text] = [href.slice(0, comma), href.slice(comma + 1)];
  try {
    const decoded = decodeURIComponent(text);
    if (!/;base64$/i.test(head)) throw new Error("it is not in base64");
    return Uint8Array.from(atob(decoded), (char) => char.charCodeAt(0));
  } catch (error) {
    throw new NodeError("INVALID_PARAMETERS", `\`file\` cannot be read (${messageOf(error)}): ${shown}`, {
      cause: error,
    });
  }
}

async function bounded(response: Response, shown: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await unlessAborted(reader.read(), signal);
    if (done) break;
    size += value.length;
    if (size > LARGEST_FILE) {
      void reader.cancel();
      throw tooLarge(shown, `more than ${LARGEST_FILE}`);
    }
    pieces.push(value);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** What a worker told last; it is gone by then. */
async function inWorker<T>(
  data: object,
  timeLimit: number,
  signal: AbortSignal | undefined,
  take: (message: FromThread) => { result: T } | undefined,
): Promise<T> {
  throwIfAborted(signal);
  const worker = typeof Worker === "function" ? await startWorker(script) : undefined;
  if (worker === undefined) {
    throw new NodeError(
      "INTERNAL_ERROR",
      "Plugins cannot run here: they need a worker, which the browser does not have or the page's Content-Security-Policy forbids. It must allow blob: in worker-src",
    );
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const told = new Promise<T>((resolve, reject) => {
      worker.onmessage = ({ data: message }: MessageEvent<FromThread>) => {
        try {
          const answer = take(message);
          if (answer !== undefined) resolve(answer.result);
        } catch (error) {
          reject(error);
        }
      };
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new NodeError("EXECUTION_FAILED", `The plugin gave no output: ${event.message}`));
      };
      const late = () => reject(new NodeError("TIMEOUT", `The plugin was ended after ${timeLimit} ms`));
      timer = setTimeout(late, Math.min(Math.ceil(timeLimit), LONGEST_TIMEOUT));
      worker.postMessage(data);
    });
    return await unlessAborted(told, signal);
  } finally {
    clearTimeout(timer);
    worker.terminate();
  }
}
