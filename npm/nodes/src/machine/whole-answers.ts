/**
 * Finds compressed answers that end too early or are damaged. `fetch` decompresses leniently, as curl does: where the data
 * breaks off, it gives what there is as if that were all. So the bytes of the wire are decompressed a second time, strictly,
 * and to nowhere. What is damaged is not told to be complete either: then the `fetch` of Node 20 would wait for ever.
 */
import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from "node:zlib";

import type { Fetch } from "../types/http-request/network.js";

/** What `fetch` takes as the option `dispatcher`. */
interface Dispatcher {
  dispatch(options: { method?: string }, handler: Handler): boolean;
}

/** What a dispatcher tells of an answer: undici calls the first four up to version 7, the others from then on. */
interface Handler {
  onHeaders?(status: number, headers: Buffer[], ...rest: unknown[]): boolean;
  onData?(chunk: Buffer): boolean;
  onComplete?(trailers: unknown): void;
  onError?(error: Error): void;
  onResponseStart?(controller: unknown, status: number, headers: Record<string, unknown>, text: string): void;
  onResponseData?(controller: unknown, chunk: Buffer): void;
  onResponseEnd?(controller: unknown, trailers: unknown): void;
  onResponseError?(controller: unknown, error: Error): void;
}

/** The dispatcher that Node's own `fetch` uses, by version of its interface; programs put proxies there. */
const OF_NODE = [Symbol.for("undici.globalDispatcher.2"), Symbol.for("undici.globalDispatcher.1")];

/** The dispatcher of Node's own `fetch`; `undefined` where Node keeps it elsewhere. */
export function dispatcherOfNode(): Dispatcher | undefined {
  // `fetch` puts it in its place when it is first loaded.
  void globalThis.Headers;
  const places = globalThis as unknown as Record<symbol, Dispatcher | undefined>;
  return OF_NODE.map((name) => places[name]).find((each) => each !== undefined);
}

/** A `fetch` over a dispatcher, whose answers come whole or fail: with `Z_BUF_ERROR` where compressed data ends too early. */
export function wholeFetch(send: (url: URL, init: object) => Promise<Response>, dispatcher: object): Fetch {
  const inner = dispatcher as Dispatcher;
  return (url, init) => {
    const checking: Dispatcher = {
      dispatch: (options, handler) => inner.dispatch(options, options.method === "HEAD" ? handler : checked(handler)),
    };
    return send(url, { ...init, dispatcher: checking });
  };
}

/** The same handler, which is told of the end once the data was found whole. */
function checked(handler: Handler): Handler {
  const own = Object.create(handler) as Handler;
  let coding = "";
  let strict: Transform | undefined;
  let outcome: Promise<Error | undefined> | undefined;
  const begin = (status: number, header: unknown): void => {
    strict?.destroy();
    strict = outcome = undefined;
    coding = status >= 200 && status < 300 ? String(header).trim().toLowerCase() : "";
  };
  const take = (chunk: Buffer): void => {
    if (chunk.length === 0) return;
    if (outcome === undefined) {
      strict = decompressor(coding, chunk[0] as number);
      // It may end before the data does, which then has more at its end than belongs to it.
      outcome = strict ? endOf(strict) : Promise.resolve(undefined);
    }
    // What holds on to the chunk after this call gets a copy.
    if (strict?.writable) strict.write(Buffer.from(chunk));
  };
  const finish = (end: () => void, fail: (error: Error) => void): void => {
    if (strict === undefined || outcome === undefined) return end();
    void outcome.then((error) => (error === undefined ? end() : fail(error)));
    strict.end();
  };
  const stop = (): void => void strict?.destroy();

  if (handler.onResponseStart !== undefined) {
    own.onResponseStart = (controller, status, headers, text) => {
      begin(status, headers["content-encoding"]);
      handler.onResponseStart?.call(own, controller, status, headers, text);
    };
    own.onResponseData = (controller, chunk) => {
      take(chunk);
      handler.onResponseData?.call(own, controller, chunk);
    };
    own.onResponseEnd = (controller, trailers) =>
      finish(
        () => handler.onResponseEnd?.call(own, controller, trailers),
        (error) => handler.onResponseError?.call(own, controller, error),
      );
    own.onResponseError = (controller, error) => {
      stop();
      handler.onResponseError?.call(own, controller, error);
    };
    return own;
  }
  own.onHeaders = (status, headers, ...rest) => {
    const at = headers.findIndex((name, at) => at % 2 === 0 && /^content-encoding$/i.test(name.toString("latin1")));
    begin(status, at < 0 ? undefined : headers[at + 1]);
    return handler.onHeaders?.call(own, status, headers, ...rest) ?? true;
  };
  own.onData = (chunk) => {
    take(chunk);
    return handler.onData?.call(own, chunk) ?? true;
  };
  own.onComplete = (trailers) =>
    finish(
      () => handler.onComplete?.call(own, trailers),
      (error) => handler.onError?.call(own, error),
    );
  own.onError = (error) => {
    stop();
    handler.onError?.call(own, error);
  };
  return own;
}

function endOf(stream: Transform): Promise<Error | undefined> {
  return new Promise((resolve) => {
    stream
      .resume()
      .on("error", resolve)
      .on("end", () => resolve(undefined))
      .on("close", () => resolve(undefined));
  });
}

function decompressor(coding: string, first: number): Transform | undefined {
  switch (coding) {
    case "gzip":
    case "x-gzip":
      return createGunzip();
    case "deflate":
      // Some servers leave out the header of zlib, which `fetch` knows by the same byte.
      return (first & 0x0f) === 0x08 ? createInflate() : createInflateRaw();
    case "br":
      return createBrotliDecompress();
    default:
      return undefined;
  }
}
