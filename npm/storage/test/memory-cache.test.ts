import { describe, expect, it } from "vitest";

import { createMemoryCache, createMemoryExecutions } from "../src/exports/index.js";
import { bytes, START } from "./execution-behaviour.js";
import { cached, testOutputCache } from "./output-cache-behaviour.js";

describe("a cache in memory", () => {
  testOutputCache({ it, expect, open: async () => createMemoryCache() });

  it("lets go of what was used least recently, and counts what entries take beside their outputs", async () => {
    const cache = createMemoryCache({ maxBytes: 3 * (512 + 100) });
    const entry = (name: string, length = 100) => cached(name, { output: bytes(length) });
    await cache.keep([entry("a"), entry("b"), entry("c")]);
    await cache.find(entry("a").key, START);
    await cache.keep([entry("d")]);
    expect(await cache.find(entry("b").key, START)).toBeUndefined();
    expect(await cache.find(entry("a").key, START)).toBeDefined();
    expect(await cache.figures()).toMatchObject({ entries: 3, bytes: 300 });
    await cache.keep([entry("e", 3 * 612)]);
    expect(await cache.find(entry("e").key, START)).toBeUndefined();
    expect(await cache.figures()).toMatchObject({ entries: 3 });
  });

  it("forgets an entry whose replacement is too large", async () => {
    const cache = createMemoryCache({ maxBytes: 1_000 });
    await cache.keep([cached("a")]);
    await cache.keep([cached("a", { output: bytes(1_000) })]);
    expect(await cache.find(cached("a").key, START)).toBeUndefined();
    expect(await cache.figures()).toMatchObject({ entries: 0, bytes: 0 });
  });

  it.each([0, -1, Number.NaN, "1"])("refuses %s bytes", (maxBytes) => {
    expect(() => createMemoryCache({ maxBytes: maxBytes as number })).toThrow(/`maxBytes` .*at least 1/);
  });
});

describe("the cache of a store in memory", () => {
  testOutputCache({ it, expect, open: async () => createMemoryExecutions().cache });

  it("is shared as the executions are, and refused once the store is closed", async () => {
    const store = createMemoryExecutions();
    const other = createMemoryExecutions({ shared: store });
    await store.cache.keep([cached("a")]);
    await store.close();
    expect(await other.cache.find(cached("a").key, START)).toEqual(cached("a"));
    await expect(store.cache.find(cached("a").key, START)).rejects.toMatchObject({ code: "UNSUPPORTED_OPERATION" });
  });
});
