import { isUtf8 } from "node:buffer";
import { Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as zlib from "node:zlib";

import { throwIfAborted } from "../../contract/abort.js";
import { messageOf, NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { chosenData } from "../../library/chosen-data.js";
import { executable, type NodeWork } from "../../library/work.js";
import { bytesOfBase64 } from "../../machine/base64.js";
import { plainValue } from "../../table/port-value.js";
import { compress } from "./definition.js";

interface Parameters {
  operation: "compress" | "decompress";
  format: "gzip" | "brotli" | "deflate" | "deflate-raw";
  data?: unknown;
  output?: "text" | "base64" | "bytes";
  level: number;
  maxSize: number;
  maxRatio: number;
}

type Work = NodeWork<Parameters>;

/** Bytes that may come out whatever the ratio: long runs of one byte are no bomb. */
const HARMLESS = 1024 * 1024;
/** Bytes that go in at once, so that the signal is looked at in between. */
const PIECE = 256 * 1024;

/**
 * Compresses and decompresses, on another thread. Never more than `maxSize` and `maxRatio` allow is in memory.
 *
 * Fails with INVALID_PARAMETERS (no data; compressed data as text), TYPE_MISMATCH, DESERIALIZATION_FAILED (no base64, not
 * in that format, incomplete, or no text), MEMORY_LIMIT_EXCEEDED or CANCELLED.
 */
export const compressNode = executable<Parameters>(compress, async (work) => {
  const { operation, output = operation === "compress" ? "base64" : "text" } = work.parameters;
  if (operation === "compress" && output === "text") {
    throw new NodeError(
      "INVALID_PARAMETERS",
      "`output: text` is for decompress; compressed data is `base64` or `bytes`",
    );
  }
  const data = plainValue(chosenData(work, "data", ["data", "content"]));
  if (data === undefined) throw new NodeError("INVALID_PARAMETERS", "There is no data: give the node `data`");
  const bytes = operation === "compress" ? plainBytes(data) : packedBytes(data);
  const result = await (operation === "compress" ? pack(work, bytes) : unpack(work, bytes));
  return { result: inForm(result, output), inputSize: bytes.length, outputSize: result.length };
});

/** Text and bytes as they are, the rest as JSON. */
function plainBytes(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (typeof data === "string") return Buffer.from(data, "utf8");
  let text: string | undefined;
  try {
    text = JSON.stringify(data);
  } catch (error) {
    throw new NodeError("TYPE_MISMATCH", "The data cannot be written as JSON", { cause: error });
  }
  if (text === undefined) throw new NodeError("TYPE_MISMATCH", `Data cannot be ${foundText(data)}`);
  return Buffer.from(text, "utf8");
}

function packedBytes(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (typeof data !== "string") {
    throw new NodeError("TYPE_MISMATCH", `Data to decompress is bytes or their base64, found ${foundText(data)}`);
  }
  const bytes = bytesOfBase64(data);
  if (bytes !== undefined) return bytes;
  throw new NodeError("DESERIALIZATION_FAILED", `Text to decompress must be base64, found ${foundText(data)}`);
}

function pack({ parameters: { format, level }, signal }: Work, bytes: Uint8Array): Promise<Buffer> {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
  const engines = {
    gzip: () => zlib.createGzip({ level }),
    brotli: () =>
      zlib.createBrotliCompress({ params: { [BROTLI_PARAM_QUALITY]: level, [BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
    deflate: () => zlib.createDeflate({ level }),
    "deflate-raw": () => zlib.createDeflateRaw({ level }),
  };
  return through(engines[format](), bytes, signal, () => undefined);
}

async function unpack(work: Work, bytes: Uint8Array): Promise<Buffer> {
  const { format, maxSize, maxRatio } = work.parameters;
  const engines = {
    gzip: zlib.createGunzip,
    brotli: zlib.createBrotliDecompress,
    deflate: zlib.createInflate,
    "deflate-raw": zlib.createInflateRaw,
  };
  const engine = engines[format]();
  const refused = (words: string, parameter: string) =>
    new NodeError("MEMORY_LIMIT_EXCEEDED", `Decompressed, ${bytes.length} bytes are ${words}`, {
      advice: [`Set \`${parameter}\` higher, if the data comes from a source that you trust.`],
      retry: false,
    });
  try {
    const result = await through(engine, bytes, work.signal, (size) => {
      if (size > maxSize) return refused(`more than the ${maxSize} that \`maxSize\` allows`, "maxSize");
      if (size > Math.max(HARMLESS, bytes.length * maxRatio)) {
        return refused(`more than ${maxRatio} times as many, which is what \`maxRatio\` allows`, "maxRatio");
      }
      return undefined;
    });
    warnOfRest(work, bytes.length - engine.bytesWritten);
    return result;
  } catch (error) {
    if (error instanceof NodeError) throw error;
    throw new NodeError("DESERIALIZATION_FAILED", `The data is not in the format ${format}: ${messageOf(error)}`, {
      cause: error,
      advice: ["Check which `format` the data has, and that all of it is there."],
    });
  }
}

function warnOfRest(work: Work, rest: number): void {
  if (rest > 0)
    work.warn("trailing-bytes", `After the end of the compressed data ${rest} bytes follow, which were left out`);
}

async function through(
  engine: Transform,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
  check: (size: number) => NodeError | undefined,
): Promise<Buffer> {
  throwIfAborted(signal);
  const pieces: Buffer[] = [];
  let size = 0;
  let refusal: NodeError | undefined;
  try {
    await pipeline(
      Readable.from(piecesOf(bytes), { objectMode: false }),
      engine,
      async (output: AsyncIterable<Buffer>) => {
        for await (const piece of output) {
          size += piece.length;
          refusal = check(size);
          if (refusal !== undefined) throw refusal;
          pieces.push(piece);
        }
      },
      signal === undefined ? {} : { signal },
    );
  } catch (error) {
    throwIfAborted(signal);
    // The streams tell no more of it than that they were closed.
    throw refusal ?? error;
  }
  return Buffer.concat(pieces, size);
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += PIECE) yield bytes.subarray(start, start + PIECE);
}

function inForm(bytes: Buffer, form: "text" | "base64" | "bytes"): string | Uint8Array {
  if (form === "bytes") return new Uint8Array(bytes);
  if (form === "text" && !isUtf8(bytes)) {
    throw new NodeError(
      "DESERIALIZATION_FAILED",
      "What came out is no text in UTF-8; take it as `output: base64` or `bytes`",
    );
  }
  try {
    return bytes.toString(form === "text" ? "utf8" : "base64");
  } catch (error) {
    throw new NodeError("MEMORY_LIMIT_EXCEEDED", `${bytes.length} bytes are more than text can have here`, {
      cause: error,
      advice: ["Take them as `output: bytes`."],
      retry: false,
    });
  }
}
