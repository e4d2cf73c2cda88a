import { deflateSync, gzipSync, inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";

import { failure, run } from "./run.js";

const FORMATS = ["gzip", "brotli", "deflate", "deflate-raw"] as const;
const unpack = { operation: "decompress" };

describe("compress", () => {
  it.each(FORMATS)("gives back by %s what went in", async (format) => {
    for (const data of [
      "",
      "é",
      "\0\ud83d\ude00",
      "x".repeat(3_000_000),
      JSON.stringify(Array.from({ length: 1000 }, Math.random)),
    ]) {
      const packed = await run("compress", { data }, { format });
      expect(packed.inputSize).toBe(Buffer.byteLength(data));
      expect(await run("compress", { default: packed }, { format, ...unpack, maxRatio: 1e6 })).toEqual({
        result: data,
        inputSize: packed.outputSize,
        outputSize: packed.inputSize,
      });
    }
  });

  it.each(FORMATS)("takes and gives bytes in %s, and takes values as JSON", async (format) => {
    const bytes = new Uint8Array([0, 255, 1]);
    const packed = await run("compress", { data: bytes }, { format, output: "bytes", level: 0 });
    expect(packed.result).toBeInstanceOf(Uint8Array);
    const back = await run("compress", { data: packed.result }, { format, ...unpack, output: "bytes" });
    expect([...back.result]).toEqual([0, 255, 1]);
    expect((await run("compress", { data: packed.result }, { format, ...unpack, output: "base64" })).result).toBe(
      "AP8B",
    );
    const json = await run("compress", { data: { a: [1] } }, { format });
    expect((await run("compress", json, { format, ...unpack })).result).toBe('{"a":[1]}');
  });

  it("writes the formats by their names", async () => {
    expect(Buffer.from((await run("compress", { data: "a" })).result, "base64").subarray(0, 2)).toEqual(
      Buffer.from([0x1f, 0x8b]),
    );
    const raw = await run("compress", {}, { data: "abc", format: "deflate-raw", output: "bytes" });
    expect(inflateRawSync(raw.result).toString()).toBe("abc");
  });

  it("refuses what would be too large, by size and by ratio", async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    expect(await failure("compress", { data: bomb }, unpack)).toMatchObject({
      code: "MEMORY_LIMIT_EXCEEDED",
      message: expect.stringContaining("more than 1000 times as many") as string,
    });
    expect(await failure("compress", { data: bomb }, { ...unpack, maxRatio: 2000, maxSize: 10_000_000 })).toMatchObject(
      {
        code: "MEMORY_LIMIT_EXCEEDED",
        message: expect.stringContaining("more than the 10000000 that `maxSize` allows") as string,
      },
    );
    expect((await run("compress", { data: bomb }, { ...unpack, maxRatio: 2000 })).outputSize).toBe(20_000_000);
    // A long run of one byte is no bomb.
    expect((await run("compress", { data: gzipSync("0".repeat(1_000_000)) }, unpack)).outputSize).toBe(1_000_000);
  });

  it("says what is wrong with the data", async () => {
    const words = async (data: unknown, more: object = {}) => {
      const { code, message } = await failure("compress", { data }, { ...unpack, ...more });
      return `${code} ${message}`;
    };
    const whole = gzipSync("hello hello");
    expect(await words("no base64!")).toBe(
      'DESERIALIZATION_FAILED [compress] Text to decompress must be base64, found "no base64!"',
    );
    expect(await words("aGVsbG8=")).toContain("DESERIALIZATION_FAILED [compress] The data is not in the format gzip");
    for (const format of FORMATS) {
      const packed = await run("compress", { data: "hello hello" }, { format, output: "bytes" });
      expect(await words(packed.result.subarray(0, -2), { format })).toContain(`not in the format ${format}`);
    }
    expect(await words(gzipSync(Buffer.from([255])))).toContain("no text in UTF-8");
    expect(await words(7)).toContain("TYPE_MISMATCH");
    expect(await words({ a: 1 })).toContain("TYPE_MISMATCH");
    expect(await words(undefined)).toContain("INVALID_PARAMETERS");
    expect((await failure("compress", undefined)).code).toBe("INVALID_PARAMETERS");
    expect((await failure("compress", { data: { a: 1n } })).code).toBe("TYPE_MISMATCH");
    expect((await failure("compress", { data: "a" }, { output: "text" })).code).toBe("INVALID_PARAMETERS");
    const warnings: string[] = [];
    const warn = (rule: string) => warnings.push(rule);
    expect(await words(Buffer.concat([whole, Buffer.from("rest")]))).toContain("DESERIALIZATION_FAILED");
    const more = Buffer.concat([deflateSync("hello"), Buffer.from("rest")]);
    expect((await run("compress", { data: more }, { ...unpack, format: "deflate", warn })).result).toBe("hello");
    expect(warnings).toEqual(["trailing-bytes"]);
    const twice = Buffer.concat([whole, whole]);
    expect((await run("compress", { data: twice }, { ...unpack, warn })).result).toBe("hello hellohello hello");
    expect(warnings).toHaveLength(1);
  });

  it("stops when it is cancelled", async () => {
    const abort = new AbortController();
    const pending = failure("compress", { data: "ab".repeat(50_000_000) }, { level: 9, signal: abort.signal });
    setImmediate(() => abort.abort());
    expect((await pending).code).toBe("CANCELLED");
  });
});
