/** What all caches of outputs do alike. It needs neither a runner nor Node, so that it can run in a page too. */
import type { ExpectStatic } from "vitest";

import type { NewCachedOutput, OutputCache } from "../src/executions/output-cache.js";
import { bytes, START } from "./execution-behaviour.js";

/** What the behaviour is checked with, and on. */
export interface OutputCacheBench {
  it: (behaviour: string, check: () => Promise<void>) => void;
  expect: ExpectStatic;
  /** A new and empty cache. */
  open: () => Promise<OutputCache>;
}

/** An entry of 4 bytes, whose key ends with `name`. */
export function cached(name: string, given: Partial<NewCachedOutput> = {}): NewCachedOutput {
  return {
    key: name.padStart(64, "0"),
    nodeType: "transform",
    output: bytes(4, name.charCodeAt(0)),
    executionId: `run-${name}`,
    nodeId: "node",
    storedAt: START,
    ...given,
  };
}

/** Checks the behaviour. */
export function testOutputCache({ it, expect, open }: OutputCacheBench): void {
  const keyOf = (name: string) => cached(name).key;

  it("finds what was kept, as it was given", async () => {
    const cache = await open();
    const given = cached("a", { nodeType: "eigen:type", nodeId: "knoten-ä", expiresAt: START + 1 });
    await cache.keep([given, cached("b")]);
    expect(await cache.find(keyOf("a"), START)).toEqual(given);
    const endless = await cache.find(keyOf("b"), START + 1e12);
    expect(endless).toEqual(cached("b"));
    expect(endless).not.toHaveProperty("expiresAt");
    expect(await cache.find(keyOf("c"), START)).toBeUndefined();
  });

  it("keeps an output of no bytes, and one of a megabyte", async () => {
    const cache = await open();
    await cache.keep([cached("a", { output: bytes(0) }), cached("b", { output: bytes(1 << 20) })]);
    expect((await cache.find(keyOf("a"), START))?.output).toEqual(bytes(0));
    expect((await cache.find(keyOf("b"), START))?.output).toEqual(bytes(1 << 20));
  });

  it("does not find an entry from its expiry on", async () => {
    const cache = await open();
    await cache.keep([cached("a", { expiresAt: START + 10 })]);
    expect(await cache.find(keyOf("a"), START + 9)).toBeDefined();
    expect(await cache.find(keyOf("a"), START + 10)).toBeUndefined();
  });

  it("replaces an entry as a whole, and takes the later one of a call", async () => {
    const cache = await open();
    await cache.keep([cached("a", { expiresAt: START + 10 })]);
    await cache.keep([cached("a", { output: bytes(2) }), cached("a", { output: bytes(3), executionId: "later" })]);
    expect(await cache.find(keyOf("a"), START + 99)).toEqual(cached("a", { output: bytes(3), executionId: "later" }));
    expect(await cache.figures()).toMatchObject({ entries: 1, bytes: 3 });
  });

  it("keeps bytes apart from what callers hold", async () => {
    const cache = await open();
    const within = bytes(16).subarray(4, 8);
    await cache.keep([cached("a", { output: within })]);
    within.fill(9);
    (await cache.find(keyOf("a"), START))?.output.fill(8);
    expect((await cache.find(keyOf("a"), START))?.output).toEqual(bytes(4, 4));
  });

  it("counts entries, the bytes of their outputs, and hits", async () => {
    const cache = await open();
    expect(await cache.figures()).toEqual({ entries: 0, bytes: 0, hits: 0 });
    await cache.keep([cached("a"), cached("b", { output: bytes(10) })]);
    await cache.find(keyOf("a"), START);
    await cache.find(keyOf("a"), START);
    await cache.find(keyOf("c"), START);
    expect(await cache.figures()).toEqual({ entries: 2, bytes: 14, hits: 2 });
  });

  it("clears what expired, what is of a type, what is both, or all", async () => {
    const cache = await open();
    const entries = [
      cached("a", { expiresAt: START + 1 }),
      cached("b", { expiresAt: START + 1, nodeType: "code" }),
      cached("c", { expiresAt: START + 2, nodeType: "code" }),
      cached("d"),
    ];
    const left = async () => {
      const found = await Promise.all(["a", "b", "c", "d"].map((name) => cache.find(keyOf(name), START)));
      return found.flatMap((entry) => (entry === undefined ? [] : [entry.key.slice(-1)])).join("");
    };
    await cache.keep(entries);
    expect(await cache.clear({ expiredAt: START + 1, nodeType: "code" })).toBe(1);
    expect(await left()).toBe("acd");
    expect(await cache.clear({ expiredAt: START + 1 })).toBe(1);
    expect(await left()).toBe("cd");
    expect(await cache.clear({ nodeType: "transform" })).toBe(1);
    expect(await left()).toBe("c");
    expect(await cache.clear({ nodeType: "unknown" })).toBe(0);
    await cache.keep(entries);
    expect(await cache.clear()).toBe(4);
    expect(await cache.figures()).toMatchObject({ entries: 0, bytes: 0 });
  });

  it("keeps nothing when given nothing", async () => {
    const cache = await open();
    await cache.keep([]);
    expect(await cache.figures()).toEqual({ entries: 0, bytes: 0, hits: 0 });
  });
}
