/** Secrets are in no key and no entry of a cache. */
import { type CachedOutput, createMemoryCache, type NewCachedOutput } from "@atomiton/storage";
import { describe, expect, it } from "vitest";

import { edge, group, leaf } from "../contract/flows.js";
import { Counting, cachedLeaf, echo } from "./counting.js";

const SECRET = "hunter2-µ\"'";

/** A cache, and all that was ever told to it. */
function watched() {
  const cache = createMemoryCache();
  const told: (NewCachedOutput | string)[] = [];
  return {
    told,
    cache: {
      ...cache,
      find: (key: string, now: number): Promise<CachedOutput | undefined> => {
        told.push(key);
        return cache.find(key, now);
      },
      keep: (entries: readonly NewCachedOutput[]) => {
        told.push(...entries);
        return cache.keep(entries);
      },
    },
    text: () =>
      told
        .map((entry) =>
          typeof entry === "string"
            ? entry
            : JSON.stringify({ ...entry, output: new TextDecoder().decode(entry.output) }),
        )
        .join("\n"),
  };
}

const withSecret = (types: Record<string, typeof echo>, secret = SECRET) => {
  const watch = watched();
  const bench = new Counting(types, { cache: watch.cache, secrets: () => secret });
  return { watch, bench };
};

describe("a node that reads a secret", () => {
  const asks = () => cachedLeaf("a", { parameters: { token: "Bearer ${{ secrets.TOKEN }}" } });

  it("has its output taken again as long as the secret is the same", async () => {
    let secret = SECRET;
    const watch = watched();
    const t = { ...echo, execute: () => "made" };
    const bench = new Counting({ t }, { cache: watch.cache, secrets: () => secret });
    await bench.run(asks());
    await bench.run(asks());
    expect(bench.calls.t).toBe(1);
    secret = "another";
    await bench.run(asks());
    expect(bench.calls.t).toBe(2);
    expect(watch.text()).not.toContain("hunter2");
  });

  it("has a key from which the secret cannot be guessed: it is not a plain hash of what is known", async () => {
    const t = { ...echo, execute: () => "made" };
    const { watch, bench } = withSecret({ t });
    await bench.run(asks());
    const [key] = watch.told;
    // The same without a secret, of which the parameter has the same text, is no secret.
    const open = watched();
    const plain = new Counting({ t }, { cache: open.cache });
    await plain.run(cachedLeaf("a", { parameters: { token: `Bearer ${SECRET}` } }));
    expect(open.told[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    expect(key).not.toBe(open.told[0]);
  });

  it("has an output that holds it kept nowhere, nor that of a node after it", async () => {
    const { watch, bench } = withSecret({ t: { ...echo, execute: ({ token, input }) => ({ token, input }) } });
    const flow = group("f", [asks(), cachedLeaf("b")], [edge("a", "b")]);
    for (const calls of [2, 4]) {
      const result = await bench.run(flow);
      expect(result.success).toBe(true);
      expect(result.warnings).toMatchObject([
        { rule: "not-cached", nodeId: "a", message: /holds a secret/ },
        { rule: "not-cached", nodeId: "b", message: /holds a secret/ },
      ]);
      expect(bench.calls.t).toBe(calls);
    }
    expect(watch.text()).not.toContain("hunter2");
    expect((await watch.cache.figures()).entries).toBe(0);
  });

  it("has no bytes kept, in which it may be in any form", async () => {
    const { watch, bench } = withSecret({ t: { ...echo, execute: ({ token }) => Buffer.from(`x${token}`) } });
    const { warnings } = await bench.run(asks());
    expect(warnings).toMatchObject([{ rule: "not-cached", message: /its output has bytes/ }]);
    expect((await watch.cache.figures()).entries).toBe(0);
  });

  it("has what it warned of kept without it", async () => {
    const { watch, bench } = withSecret({
      t: { ...echo, execute: ({ token, warn }) => void warn("told", `It is ${token}`) },
    });
    await bench.run(asks());
    const { warnings } = await bench.run(asks());
    expect(warnings).toMatchObject([{ message: "It is Bearer ***" }]);
    expect(bench.calls.t).toBe(1);
    expect(watch.text()).not.toContain("hunter2");
  });
});

describe("an output that was kept by a flow without secrets", () => {
  it("is taken where another node of the flow reads one", async () => {
    const { bench } = withSecret({ t: { ...echo, execute: () => "made" } });
    const reader = leaf("s", { type: "t", parameters: { token: "${{ secrets.TOKEN }}" } });
    await bench.run(group("one", [cachedLeaf("a")]));
    await bench.run(group("two", [reader, cachedLeaf("a")]));
    expect(bench.calls.t).toBe(2);
  });
});
