import { throwIfAborted } from "../../contract/abort.js";
import { NodeError } from "../../contract/error.js";
import { type BytesEncoding, base64Bytes, bytesText, hexBytes, hexText } from "../../data/bytes-text.js";
import { canonicalJson } from "../../data/canonical-json.js";
import { findData, unwrap } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import { warnOfLeftOut } from "../../library/chosen-data.js";
import { executable, type NodeWork } from "../../library/work.js";
import { listOrSelf, recordsOf, tableBehind } from "../../table/table-output.js";
import { cryptoType } from "./definition.js";

interface Parameters {
  operation: "hash" | "hmac" | "uuid" | "randomBytes" | "base64Encode" | "base64Decode" | "hexEncode" | "hexDecode";
  data?: unknown;
  algorithm: "sha256" | "sha384" | "sha512" | "sha1" | "md5";
  key?: string;
  keyEncoding: "utf8" | "hex" | "base64";
  encoding: BytesEncoding;
  decodeTo: "text" | "bytes";
  size: number;
}

type Bytes = Uint8Array<ArrayBuffer>;

const NAMES = { sha256: "SHA-256", sha384: "SHA-384", sha512: "SHA-512", sha1: "SHA-1" } as const;
/** Bytes that are worked on. */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * Makes digests, signatures, random values and codes with what browsers and Node have in common.
 *
 * Fails with INVALID_PARAMETERS (md5, no key, too much data), TYPE_MISMATCH (no data, or what has no bytes),
 * DESERIALIZATION_FAILED (what is no code, or no UTF-8), EXECUTION_FAILED (a page without a secure origin) or CANCELLED.
 */
export const cryptoNode = executable<Parameters>(cryptoType, async (work) => {
  const { operation, encoding } = work.parameters;
  throwIfAborted(work.signal);
  const { result, size } = await made(work);
  throwIfAborted(work.signal);
  return {
    result: result instanceof ArrayBuffer ? await bytesText(new Uint8Array(result), encoding) : result,
    operation,
    size,
  };
});

async function made(work: NodeWork<Parameters>): Promise<{ result: string | Uint8Array | ArrayBuffer; size: number }> {
  const { operation, encoding, size } = work.parameters;
  switch (operation) {
    case "hash": {
      const bytes = await bytesOf(work);
      return { result: await subtle().digest(digestOf(work.parameters), bytes), size: bytes.length };
    }
    case "hmac": {
      const bytes = await bytesOf(work);
      return { result: await signature(work.parameters, bytes), size: bytes.length };
    }
    case "uuid":
      return { result: uuid(), size: 16 };
    case "randomBytes":
      return { result: await bytesText(crypto.getRandomValues(new Uint8Array(size)), encoding), size };
    case "base64Encode":
    case "hexEncode": {
      const bytes = await bytesOf(work);
      const text = operation === "hexEncode" ? "hex" : encoding === "base64url" ? "base64url" : "base64";
      return { result: await bytesText(bytes, text, work.signal), size: bytes.length };
    }
    case "base64Decode":
    case "hexDecode":
      return decoded(work);
  }
}

async function signature({ algorithm, key, keyEncoding }: Parameters, bytes: Bytes): Promise<ArrayBuffer> {
  if (key === undefined || key === "")
    throw new NodeError("INVALID_PARAMETERS", "`key` is required for hmac, and must not be empty");
  const hash = digestOf({ algorithm });
  const raw =
    keyEncoding === "utf8"
      ? new TextEncoder().encode(key)
      : await keyOf(() => (keyEncoding === "hex" ? hexBytes(key, "`key`") : base64Bytes(key, "`key`")), keyEncoding);
  if (raw.length === 0) throw new NodeError("INVALID_PARAMETERS", "`key` has no bytes");
  const imported = await subtle().importKey("raw", raw, { name: "HMAC", hash }, false, ["sign"]);
  return subtle().sign("HMAC", imported, bytes);
}

/** Reads a key, of which no message shows anything. */
async function keyOf(read: () => Promise<Bytes>, encoding: string): Promise<Bytes> {
  try {
    return await read();
  } catch {
    throw new NodeError("INVALID_PARAMETERS", `\`key\` is not ${encoding}, which \`keyEncoding\` says`);
  }
}

function digestOf({ algorithm }: Pick<Parameters, "algorithm">): string {
  if (algorithm !== "md5") return NAMES[algorithm];
  throw new NodeError("INVALID_PARAMETERS", "`algorithm` md5 is not made here: it can be forged. Use sha256");
}

function subtle(): SubtleCrypto {
  // Browsers leave it out of pages that came over plain HTTP.
  const { subtle } = crypto as { subtle?: SubtleCrypto };
  if (subtle !== undefined) return subtle;
  throw new NodeError("EXECUTION_FAILED", "This page has no digests, because it did not come over HTTPS", {
    retry: false,
  });
}

/** `crypto.randomUUID` is missing in pages that came over plain HTTP. */
function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return hexText(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

async function decoded(work: NodeWork<Parameters>): Promise<{ result: string | Uint8Array; size: number }> {
  const { operation, decodeTo } = work.parameters;
  const text = dataOf(work);
  if (typeof text !== "string") throw new NodeError("TYPE_MISMATCH", `${operation} needs text, not ${kindOf(text)}`);
  demandRoom(text.length);
  const read = operation === "hexDecode" ? hexBytes : base64Bytes;
  const bytes = await read(text, "The data", work.signal);
  if (decodeTo === "bytes") return { result: bytes, size: bytes.length };
  try {
    return { result: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes), size: bytes.length };
  } catch (cause) {
    const advice = "set `decodeTo: bytes` for data that is no text";
    throw new NodeError("DESERIALIZATION_FAILED", `The data says bytes that are no UTF-8; ${advice}`, { cause });
  }
}

/** The parameter goes before what edges bring: they may only say when. */
function dataOf(work: NodeWork<Parameters>): unknown {
  const { operation } = work.parameters;
  const brought = findData(work.input, ["data", "content"]);
  if (work.isGiven("data")) warnOfLeftOut(work, "data", brought);
  const data = work.isGiven("data") ? unwrap(work.parameters.data) : brought;
  if (data !== undefined) return data;
  const found = work.isGiven("data")
    ? "the parameter `data` has no value"
    : "no edge brought any, and there is no parameter `data`";
  throw new NodeError("TYPE_MISMATCH", `${operation} needs data: ${found}`);
}

async function bytesOf(work: NodeWork<Parameters>): Promise<Bytes> {
  const data = dataOf(work);
  const bytes = await asBytes(data, work.signal);
  demandRoom(bytes.length);
  return bytes;
}

async function asBytes(data: unknown, signal: AbortSignal | undefined): Promise<Bytes> {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) {
    const { buffer, byteOffset, byteLength } = data;
    return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  }
  const table = tableBehind(data);
  const text =
    typeof data === "string" ? data : await canonicalJson(table ? recordsOf(table) : listOrSelf(data), signal);
  demandRoom(text.length);
  return new TextEncoder().encode(text);
}

function demandRoom(size: number): void {
  if (size <= MOST_BYTES) return;
  throw new NodeError("INVALID_PARAMETERS", `The data has more than ${MOST_BYTES} bytes; work on it in parts`);
}
