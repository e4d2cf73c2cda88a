import { createHash, createHmac } from "node:crypto";
import { describe, expect, it, vi } from "vitest";

import { canonicalJson } from "../src/data/canonical-json.js";
import { run as onMachine, places } from "./run.js";

describe.each(places)("crypto in $name", ({ run, failure }) => {
  const made = async (operation: string, input: unknown, parameters = {}) =>
    (await run("crypto", input, { operation, ...parameters })).result;

  it.each(["sha256", "sha384", "sha512", "sha1"])("makes digests and signatures with %s", async (algorithm) => {
    const text = "héllo 😀";
    const hash = createHash(algorithm).update(text);
    expect(await made("hash", { data: text }, { algorithm })).toBe(hash.digest("hex"));
    for (const encoding of ["hex", "base64", "base64url"] as const) {
      const signature = createHmac(algorithm, "key é").update(text).digest(encoding);
      expect(await made("hmac", { default: { result: text } }, { algorithm, key: "key é", encoding })).toBe(signature);
    }
  });

  it("reads keys in other codes", async () => {
    const key = Buffer.from([0, 255, 128, 7]);
    const expected = createHmac("sha256", key).update("x").digest("hex");
    expect(await made("hmac", "x", { key: "00 FF8007", keyEncoding: "hex" })).toBe(expected);
    expect(await made("hmac", "x", { key: key.toString("base64"), keyEncoding: "base64" })).toBe(expected);
    const wrong = await failure("crypto", "x", { operation: "hmac", key: "hush-hush!", keyEncoding: "hex" });
    expect(wrong.code).toBe("INVALID_PARAMETERS");
    expect(wrong.message).not.toContain("hush");
    expect(String(wrong.cause)).not.toContain("hush");
  });

  it("takes objects as JSON with sorted keys", async () => {
    const digest = (text: string) => createHash("sha256").update(text).digest("hex");
    const data = { b: [1, null, undefined, "é"], a: { z: new Date(0), y: -0, n: undefined }, __proto__: null };
    expect(await made("hash", { data })).toBe(
      digest('{"a":{"y":0,"z":"1970-01-01T00:00:00.000Z"},"b":[1,null,null,"é"]}'),
    );
    expect(await made("hash", { data: { x: 1, y: 2 } })).toBe(await made("hash", { data: { y: 2, x: 1 } }));
    expect(await made("hash", { data: JSON.parse('{"__proto__":1}') })).toBe(digest('{"__proto__":1}'));
    expect(await made("hash", {}, { data: 5 })).toBe(digest("5"));
    expect(await made("hash", { data: new Uint8Array([104, 105]) })).toBe(digest("hi"));
    expect(await made("hash", { data: Buffer.from("xhi").subarray(1) })).toBe(digest("hi"));
  });

  it("refuses what has no JSON", async () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = { list: [cycle] };
    for (const [data, words] of [
      [{ a: [Number.NaN] }, "`data.a[0]`, which is NaN"],
      [{ f: () => 1 }, "`data.f`, which is a function"],
      [{ m: new Map() }, "`data.m`"],
      [{ b: new Uint8Array(1) }, "`data.b`, which is bytes"],
      [cycle, "more than 400 levels, or a cycle"],
    ] as const) {
      const error = await failure("crypto", { data }, { operation: "hash" });
      expect(error.code).toBe("TYPE_MISMATCH");
      expect(error.message).toContain(words);
    }
  });

  it("takes its parameter before what edges bring", async () => {
    expect(await made("hexEncode", { default: "edge" }, { data: "a" })).toBe("61");
    expect((await failure("crypto", { default: "edge" }, { operation: "hash", data: undefined })).message).toContain(
      "the parameter `data` has no value",
    );
    expect((await failure("crypto", {}, { operation: "hash" })).message).toContain("no edge brought any");
  });

  it("makes random values", async () => {
    const first = await made("uuid", {});
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(await made("uuid", {})).not.toBe(first);
    expect(await made("randomBytes", {})).toMatch(/^[0-9a-f]{64}$/);
    expect(Buffer.from(await made("randomBytes", {}, { size: 65536, encoding: "base64" }), "base64")).toHaveLength(
      65536,
    );
    expect((await failure("crypto", {}, { operation: "randomBytes", size: 65537 })).code).toBe("INVALID_PARAMETERS");
  });

  it("writes bytes as text and reads them again", async () => {
    const text = "a\u0000é😀 \ufeffx";
    for (const [encode, decode] of [
      ["base64Encode", "base64Decode"],
      ["hexEncode", "hexDecode"],
    ] as const) {
      expect(await made(decode, await made(encode, text))).toBe(text);
      const bytes = Uint8Array.from({ length: 300 }, (_, i) => i % 256);
      expect(await made(decode, { data: await made(encode, { data: bytes }) }, { decodeTo: "bytes" })).toEqual(bytes);
      expect(await made(encode, "")).toBe("");
      expect(await made(decode, "")).toBe("");
    }
    expect(await made("base64Encode", "??>>")).toBe("Pz8+Pg==");
    expect(await made("base64Encode", "??>>", { encoding: "base64url" })).toBe("Pz8-Pg");
    for (const written of ["Pz8+Pg==", "Pz8-Pg", "Pz8+\n Pg=="])
      expect(await made("base64Decode", written)).toBe("??>>");
    expect(await made("base64Encode", { data: { b: 1, a: 2 } })).toBe(btoa('{"a":2,"b":1}'));
  });

  it.each([
    ["base64Decode", "ab*d", 'is not base64: character 3 is "*"'],
    ["base64Decode", "abcde", "was cut off"],
    ["base64Decode", "ab=", "was cut off"],
    ["base64Decode", "a=bc", 'character 2 is "="'],
    ["base64Decode", "/w==", "no UTF-8"],
    ["hexDecode", "0g", 'is not hexadecimal: character 2 is "g"'],
    ["hexDecode", "abc", "has 3 hexadecimal digits"],
    ["hexDecode", "ff", "no UTF-8"],
  ])("%s refuses %s", async (operation, data, words) => {
    const error = await failure("crypto", { data }, { operation });
    expect(error.code).toBe("DESERIALIZATION_FAILED");
    expect(error.message).toContain(words);
  });

  it("refuses what is not safe, or not there", async () => {
    expect((await failure("crypto", "x", { operation: "hash", algorithm: "md5" })).message).toContain("Use sha256");
    expect((await failure("crypto", "x", { operation: "hmac" })).message).toContain("`key` is required");
    expect((await failure("crypto", "x", { operation: "hmac", key: "" })).code).toBe("INVALID_PARAMETERS");
    expect((await failure("crypto", { data: [1] }, { operation: "base64Decode" })).code).toBe("TYPE_MISMATCH");
    expect((await failure("crypto", "x", {})).message).toContain("`operation` is missing");
    const signal = AbortSignal.abort();
    expect((await failure("crypto", "x", { operation: "hash", signal })).code).toBe("CANCELLED");
  });

  it("says why a page has no digests", async () => {
    vi.stubGlobal("crypto", { getRandomValues: crypto.getRandomValues.bind(crypto) });
    try {
      expect((await failure("crypto", "x", { operation: "hash" })).message).toContain("did not come over HTTPS");
      expect(await made("uuid", {})).toHaveLength(36);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

it("digests the records of a table", async () => {
  const table = await onMachine("spreadsheet", {}, { data: "a\n1\n" });
  const { result } = await onMachine("crypto", { default: table }, { operation: "hash" });
  expect(result).toBe(createHash("sha256").update('[{"a":"1"}]').digest("hex"));
});

/** How often other work had its turn while something was made. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let next = setImmediate(function count() {
    turns++;
    next = setImmediate(count);
  });
  await work();
  clearImmediate(next);
  return turns;
}

describe.each(places)("large data of crypto in $name", ({ run, failure }) => {
  const bytes = new Uint8Array(16 * 1024 * 1024).map((_, i) => (i * 2654435761) >>> 13);
  const hex = Buffer.from(bytes).toString("hex");
  const base64 = Buffer.from(bytes).toString("base64");

  it.each([
    ["hexEncode", bytes, hex],
    ["hexDecode", hex, bytes],
    ["base64Encode", bytes, base64],
    ["base64Decode", base64, bytes],
  ])("%s lets other work have its turn, and stops when it is cancelled", async (operation, data, expected) => {
    const parameters = { operation, decodeTo: "bytes" };
    let result: unknown;
    const turns = await turnsDuring(async () => {
      ({ result } = await run("crypto", { data }, parameters));
    });
    expect(turns).toBeGreaterThan(10);
    if (typeof expected === "string") expect(result === expected).toBe(true);
    else expect(expected.every((byte, at) => byte === (result as Uint8Array)[at])).toBe(true);
    const abort = new AbortController();
    setImmediate(() => abort.abort());
    const stopped = await failure("crypto", { data }, { ...parameters, signal: abort.signal });
    expect(stopped.code).toBe("CANCELLED");
  });
});

it("writes large data as JSON while other work has its turn", async () => {
  const data = Array.from({ length: 300_000 }, (_, i) => ({ n: i, a: "text" }));
  let text = "";
  const turns = await turnsDuring(async () => {
    text = await canonicalJson(data);
  });
  expect(turns).toBeGreaterThan(0);
  expect(text === JSON.stringify(data.map(({ n, a }) => ({ a, n })))).toBe(true);
});
