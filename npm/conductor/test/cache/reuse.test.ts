/** Outputs that are taken again: which, for how long, and what is told of it. */
import { createMemoryCache, createMemoryExecutions } from "@atomiton/storage";
import { afterEach, describe, expect, it, vi } from "vitest";

import { edge, group, leaf } from "../contract/flows.js";
import { Counting, cachedLeaf, echo } from "./counting.js";

afterEach(() => void vi.useRealTimers());

const cachedOf = (result: Awaited<ReturnType<Counting["run"]>>) =>
  Object.fromEntries(result.trace?.nodes.map(({ nodeId, cached }) => [nodeId, cached]) ?? []);

describe("the output of a node that asks for it", () => {
  it("is taken again by the next run, which says so", async () => {
    const bench = new Counting({ t: echo });
    const flow = group("f", [cachedLeaf("a", { parameters: { x: 1 } }), leaf("b", { type: "t" })], [edge("a", "b")]);
    const first = await bench.run(flow);
    const second = await bench.run(flow);
    expect(first.data).toEqual(second.data);
    expect(second.outputs).toEqual(first.outputs);
    expect(bench.calls.t).toBe(3);
    expect(cachedOf(first)).toEqual({ a: undefined, b: undefined });
    expect(cachedOf(second)).toEqual({ a: 1, b: undefined });
    const node = bench.conductor.node.store.getState().nodes.get("a");
    expect(node).toMatchObject({ state: "completed", cached: 1 });
    expect(second.warnings).toBeUndefined();
  });

  it("is another object for each who takes it", async () => {
    const bench = new Counting({ t: { ...echo, execute: () => ({ list: [1] }) } });
    // biome-ignore lint/suspicious/noExplicitAny: made by the test.
    const listOf = async () => ((await bench.run(cachedLeaf("a"))).data as any).list;
    (await listOf()).push(2);
    (await listOf()).push(3);
    expect(await listOf()).toEqual([1]);
    expect(bench.calls.t).toBe(1);
  });

  it.each([
    ["a parameter", { parameters: { x: 2 } }, {}],
    ["a further parameter", { parameters: { x: 1, y: undefined } }, {}],
    ["the input", {}, { input: { from: 2 } }],
    ["a variable", {}, { variables: { v: 2 } }],
    ["the type", { type: "u" }, {}],
  ])("is made anew where %s is another", async (_, node, context) => {
    const bench = new Counting({ t: echo, u: echo });
    const given = { input: { from: 1 }, variables: { v: 1 } };
    await bench.run(cachedLeaf("a", { parameters: { x: 1 } }), given);
    const other = await bench.run(cachedLeaf("a", { parameters: { x: 1 }, ...node }), { ...given, ...context });
    expect(cachedOf(other)).toEqual({ a: undefined });
    const same = await bench.run(cachedLeaf("other", { parameters: { x: 1 } }), given);
    expect(cachedOf(same)).toEqual({ other: 1 });
  });

  it("is made anew by another version of its type, and in another process where it has none", async () => {
    const cache = createMemoryCache();
    const run = async (version: string | undefined) => {
      const bench = new Counting({ t: { ...echo, ...(version !== undefined && { version }) } }, { cache });
      if (version === undefined) delete bench.types.t?.version;
      return cachedOf(await bench.run(cachedLeaf("a"))).a;
    };
    expect([await run("1"), await run("2"), await run("1"), await run("2")]).toEqual([undefined, undefined, 1, 1]);
    const { version: _, ...versionless } = echo;
    const one = new Counting({ t: versionless }, { cache });
    expect(cachedOf(await one.run(cachedLeaf("a"))).a).toBeUndefined();
    expect(cachedOf(await one.run(cachedLeaf("a"))).a).toBe(1);
    vi.resetModules();
    const again = (await import("@atomiton/conductor/desktop")).createConductor;
    const two = again({
      transport: "local",
      cache,
      nodeExecutorFactory: { getNodeExecutable: () => versionless },
    } as never);
    const result = await two.node.run(cachedLeaf("a") as never);
    expect(result.trace?.nodes[0]?.cached).toBeUndefined();
  });

  it("is taken regardless of the order of parameters and variables, but not of keys within values", async () => {
    const bench = new Counting({ t: echo });
    await bench.run(cachedLeaf("a", { parameters: { x: 1, y: { p: 1, q: 2 } } }), { variables: { v: 1, w: 2 } });
    await bench.run(cachedLeaf("a", { parameters: { y: { p: 1, q: 2 }, x: 1 } }), { variables: { w: 2, v: 1 } });
    expect(bench.calls.t).toBe(1);
    await bench.run(cachedLeaf("a", { parameters: { x: 1, y: { q: 2, p: 1 } } }), { variables: { v: 1, w: 2 } });
    expect(bench.calls.t).toBe(2);
  });

  it("is taken in each round of a loop, and counted", async () => {
    const bench = new Counting({ t: { ...echo, execute: ({ item }) => ({ twice: item * 2 }) } });
    const loop = {
      id: "loop",
      type: "loop",
      parameters: { array: [1, 2, 1, 2, 1] },
      nodes: [cachedLeaf("a", { parameters: { item: "${{ item }}" }, policy: { cache: { key: "${{ item }}" } } })],
    };
    const result = await bench.run(group("f", [loop as never]));
    expect(result.error).toBeUndefined();
    expect(bench.calls.t).toBe(2);
    expect(JSON.stringify(result.data)).toContain('[{"twice":2},{"twice":4},{"twice":2},{"twice":4},{"twice":2}]');
    expect(cachedOf(result)).toEqual({ loop: 3 });
    const inner = bench.conductor.node.store.getState().nodes.get("loop")?.nodes?.[0];
    expect(inner?.cached).toBe(3);
  });

  it("keeps its route, and what each handle carries", async () => {
    const { routed } = await import("@atomiton/nodes");
    const bench = new Counting({
      t: { ...echo, execute: () => routed({ kept: true }, ["yes"]) },
      end: { effects: "none", execute: ({ nodeId, input }) => ({ nodeId, input }) },
    });
    const flow = group(
      "f",
      [cachedLeaf("a"), leaf("yes", { type: "end" }), leaf("no", { type: "end" })],
      [edge("a", "yes", { sourceHandle: "yes" }), edge("a", "no", { sourceHandle: "no" })],
    );
    for (const calls of [1, 1]) {
      const result = await bench.run(flow);
      expect(result.outputs).toMatchObject({ a: { kept: true }, yes: { input: { default: { kept: true } } } });
      expect(result.outputs).not.toHaveProperty("no");
      expect(bench.calls.t).toBe(calls);
    }
  });

  it("comes with what its node warned of", async () => {
    const bench = new Counting({ t: { ...echo, execute: ({ warn }) => warn("odd", "It is odd") } });
    const [first, second] = [await bench.run(cachedLeaf("a")), await bench.run(cachedLeaf("a"))];
    expect(first.warnings).toEqual(second.warnings);
    expect(second.warnings).toMatchObject([{ rule: "odd", message: "It is odd", nodeId: "a" }]);
    expect(bench.calls.t).toBe(1);
  });

  it("tells values apart after it was taken: dates, maps, sets, big integers, bytes, NaN, -0 and undefined", async () => {
    const value = {
      date: new Date(5),
      map: new Map([[{ a: 1 }, new Set([1n])]]),
      bytes: new Uint8Array([1, 2]),
      numbers: [Number.NaN, -0, undefined],
      $type: "own",
    };
    const bench = new Counting({ t: { ...echo, execute: () => value } });
    await bench.run(cachedLeaf("a"));
    const { data } = await bench.run(cachedLeaf("a"));
    expect(data).toStrictEqual(value);
    expect(data).not.toBe(value);
    expect(bench.calls.t).toBe(1);
  });
});

describe("the time that an output may be taken", () => {
  it("ends at its ttl, whichever of the two that keep it and take it is shorter", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_000_000 });
    const bench = new Counting({ t: { ...echo, effects: "reads" } });
    const ask = async (cache: unknown) => cachedOf(await bench.run(cachedLeaf("a", { policy: { cache } }))).a;
    expect(await ask({ ttl: "1m" })).toBeUndefined();
    vi.setSystemTime(1_059_999);
    expect(await ask("1m")).toBe(1);
    expect(await ask({ ttl: "2m" })).toBe(1);
    expect(await ask({ ttl: "59999ms" })).toBeUndefined();
    // It was made again, at this time.
    vi.setSystemTime(1_119_997);
    expect(await ask({ ttl: 59_999 })).toBe(1);
    vi.setSystemTime(1_119_998);
    expect(await ask({ ttl: "2m" })).toBeUndefined();
  });

  it("is needed by nodes that look at the world, or a key", async () => {
    const bench = new Counting({ t: { ...echo, effects: "reads" } });
    for (const calls of [1, 2]) {
      const result = await bench.run(cachedLeaf("a"));
      expect(result.warnings).toMatchObject([{ rule: "not-cached", nodeId: "a", message: /give its `cache` a `ttl`/ }]);
      expect(result.trace?.nodes[0]?.notCached).toMatch(/ttl/);
      expect(bench.calls.t).toBe(calls);
    }
    await bench.run(cachedLeaf("a", { policy: { cache: { key: "k" } } }));
    await bench.run(cachedLeaf("a", { policy: { cache: { key: "k" } } }));
    expect(bench.calls.t).toBe(3);
  });
});

describe("the key of a cache", () => {
  const order = (key: string) => cachedLeaf("a", { policy: { cache: { key } } });

  it("stands for what the node gets, and its parameters count as they are written", async () => {
    const bench = new Counting({ t: { ...echo, effects: "writes" } });
    const key = "order ${{ input.id }}";
    await bench.run(order(key), { input: { id: 1, at: "noon" }, variables: { v: 1 } });
    const again = await bench.run(order(key), { input: { id: 1, at: "midnight" }, variables: { v: 2 } });
    expect(again.data).toEqual({ nodeId: "a", input: { id: 1, at: "noon" }, variables: { v: 1 } });
    await bench.run(order(key), { input: { id: 2 } });
    expect(bench.calls.t).toBe(2);
    const parameters = { to: "${{ input.at }}" };
    const other = () => ({ ...order(key), parameters }) as never;
    await bench.run(other(), { input: { id: 1, at: "noon" } });
    await bench.run(other(), { input: { id: 1, at: "midnight" } });
    expect(bench.calls.t).toBe(3);
  });

  it("reads the outputs of nodes before", async () => {
    const bench = new Counting({ t: echo, source: { effects: "none", execute: ({ input }) => ({ id: input.id }) } });
    const flow = group(
      "f",
      [leaf("s", { type: "source" }), leaf("m", { type: "source" }), order("${{ nodes.s.id }}")],
      [edge("s", "m"), edge("m", "a")],
    );
    for (const id of [1, 1, 2]) await bench.run(flow, { input: { id } });
    expect(bench.calls.t).toBe(2);
  });

  it("is refused where it is no expression, reads secrets, or names a node that does not come before", async () => {
    const bench = new Counting({ t: echo });
    for (const [key, message] of [
      ["${{ input. }}", /policy\/cache\/key/],
      ["${{ secrets.X }}", /cannot be made of `secrets`/],
      ["${{ nodes.b }}", /`b`/],
    ] as const) {
      const { error } = await bench.run(group("f", [order(key)]));
      expect(`${error?.message} ${error?.context?.text}`).toMatch(message);
    }
    expect(bench.calls.t).toBeUndefined();
  });

  it("is no key where it is empty, which is said", async () => {
    const bench = new Counting({ t: echo });
    const result = await bench.run(order("${{ input.missing }}"), { input: {} });
    expect(result.success).toBe(true);
    expect(result.warnings?.map(({ rule }) => rule)).toEqual(["empty-expression", "not-cached"]);
  });

  it("fails the node where it cannot be worked out", async () => {
    const bench = new Counting({ t: echo });
    const { error } = await bench.run(order("${{ input.a.b.c }}"), { input: {} });
    expect(error?.message).toMatch(/`policy.cache.key`/);
    expect(bench.calls.t).toBeUndefined();
  });
});

describe("an output that is not kept", () => {
  it.each([
    ["a function", () => ({ f: () => 1 }), /its output, at \["f"\], is a function/],
    [
      "an instance of a class",
      () =>
        new (class Socket {
          open = true;
        })(),
      /its output is an instance of Socket/,
    ],
    [
      "a circle",
      () => {
        const circle: Record<string, unknown> = {};
        circle.self = circle;
        return circle;
      },
      /a reference to an object that it is part of/,
    ],
  ])("%s is handed on as it is, and the reason told", async (_, make, message) => {
    const bench = new Counting({ t: { ...echo, execute: make } });
    for (const calls of [1, 2]) {
      const result = await bench.run(cachedLeaf("a"));
      expect(result.success).toBe(true);
      expect(result.warnings).toMatchObject([{ rule: "not-cached", message }]);
      expect(bench.calls.t).toBe(calls);
    }
  });

  it("nor is one looked for that is made from something without a form as text", async () => {
    const bench = new Counting({ t: { ...echo, execute: () => 1 } });
    const result = await bench.run(cachedLeaf("a"), { input: { socket: { send: () => {} } } });
    expect(result.warnings).toMatchObject([
      { rule: "not-cached", message: /its input, at \["socket"\]\["send"\], is a function/ },
    ]);
  });

  it("is one that failed, or that is routed as an error", async () => {
    const { routed } = await import("@atomiton/nodes");
    let fails = true;
    const bench = new Counting({
      t: {
        ...echo,
        execute: () => {
          if (fails) throw new Error("not now");
          return routed({ status: 500 }, ["error"]);
        },
      },
    });
    expect((await bench.run(cachedLeaf("a"))).error?.message).toMatch(/not now/);
    fails = false;
    expect((await bench.run(cachedLeaf("a"))).success).toBe(true);
    await bench.run(cachedLeaf("a"));
    expect(bench.calls.t).toBe(3);
  });

  it("is tried again by a retry", async () => {
    const bench = new Counting({
      t: {
        ...echo,
        execute: ({ attempt }) => {
          if (attempt === 1) throw Object.assign(new Error("later"), { code: "NETWORK_ERROR" });
          return "made";
        },
      },
    });
    const policy = { cache: true, retries: 2, retryDelay: 1 };
    expect((await bench.run(cachedLeaf("a", { policy }))).data).toBe("made");
    expect((await bench.run(cachedLeaf("a", { policy }))).data).toBe("made");
    expect(bench.calls.t).toBe(2);
  });
});

describe("the owner's word", () => {
  const types = () => ({
    t: echo,
    r: { ...echo, effects: "reads" as const },
    w: { ...echo, effects: "writes" as const },
  });
  const twice = async (bench: Counting, node: ReturnType<typeof leaf>) => {
    await bench.run(node);
    return cachedOf(await bench.run(node))[node.id];
  };

  it("is that nothing is taken again but what asks for it, and nothing at all with false", async () => {
    const plain = new Counting(types());
    expect(await twice(plain, leaf("a", { type: "t" }))).toBeUndefined();
    expect(await twice(plain, cachedLeaf("a"))).toBe(1);
    expect(await twice(new Counting(types(), { cache: false }), cachedLeaf("a"))).toBeUndefined();
  });

  it("takes all nodes without effects, unless they say no", async () => {
    const bench = new Counting(types(), { cache: { nodes: "pure" } });
    expect(await twice(bench, leaf("a", { type: "t" }))).toBe(1);
    expect(
      await twice(bench, leaf("b", { type: "t", parameters: { b: 1 }, policy: { cache: false } })),
    ).toBeUndefined();
    expect(await twice(bench, leaf("c", { type: "r" }))).toBeUndefined();
    expect(await twice(bench, leaf("d", { type: "w" }))).toBeUndefined();
    const odd = await bench.run(leaf("e", { type: "t" }), { input: { f: () => 1 } });
    expect(odd.warnings).toBeUndefined();
    expect(odd.trace?.nodes[0]?.notCached).toMatch(/a function/);
  });

  it("bounds memory", async () => {
    const bench = new Counting(
      { t: { ...echo, execute: ({ x }) => String(x).repeat(1_000) } },
      { cache: { maxBytes: 5_000 } },
    );
    for (const x of [1, 2, 3, 1]) await bench.run(cachedLeaf("a", { parameters: { x } }));
    expect(bench.calls.t).toBe(3);
    for (const x of [4, 5, 1]) await bench.run(cachedLeaf("a", { parameters: { x } }));
    expect(bench.calls.t).toBe(5);
    await bench.run(cachedLeaf("a", { parameters: { x: 2 } }));
    expect(bench.calls.t).toBe(6);
  });

  it("is the cache of the store where there is one", async () => {
    const store = createMemoryExecutions();
    const one = new Counting(types(), { store });
    await one.run(cachedLeaf("a"), { executionId: "first" });
    const found = await one.run(cachedLeaf("a"));
    expect(cachedOf(found)).toEqual({ a: 1 });
    await one.conductor.shutdown();
    expect(await store.cache.figures()).toMatchObject({ entries: 1, hits: expect.any(Number) });
    const other = new Counting(types(), { store: createMemoryExecutions({ shared: store }) });
    expect(cachedOf(await other.run(cachedLeaf("a")))).toEqual({ a: 1 });
    const apart = new Counting(types(), { store, cache: { maxBytes: 10_000 } });
    expect(cachedOf(await apart.run(cachedLeaf("a")))).toEqual({ a: undefined });
  });

  it.each([
    ["on", /must be true, false/],
    [{ nodes: "all" }, /nodes: "asking"/],
    [{ maxBytes: 0 }, /at least 1/],
    [{ node: "pure" }, /found node/],
    [{ in: {} }, /a cache of outputs/],
    [{ in: createMemoryCache(), maxBytes: 5 }, /not both/],
  ])("is refused as %j", (cache, message) => {
    expect(() => new Counting({}, { cache })).toThrow(message);
  });
});

describe("a cache that does not work", () => {
  const failing = (what: "find" | "keep") => {
    const cache = createMemoryCache();
    return { ...cache, [what]: () => Promise.reject(new Error("the disk is full")) };
  };

  it.each(["find", "keep"] as const)("is told of once where %s fails, and nodes run", async (what) => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    try {
      const bench = new Counting({ t: echo }, { cache: failing(what) });
      for (let run = 0; run < 3; run++) {
        expect((await bench.run(cachedLeaf("a", { parameters: { run } }))).success).toBe(true);
      }
      await bench.conductor.shutdown();
      const told = warn.mock.calls.filter(([text]) => String(text).includes("the disk is full"));
      expect(told).toHaveLength(1);
    } finally {
      warn.mockRestore();
    }
  });

  it("makes an output anew that it gives damaged", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    try {
      const cache = createMemoryCache();
      const damaged = {
        ...cache,
        find: async (key: string, now: number) => {
          const entry = await cache.find(key, now);
          return entry && { ...entry, output: entry.output.subarray(1) };
        },
      };
      const bench = new Counting({ t: echo }, { cache: damaged });
      await bench.run(cachedLeaf("a"));
      const result = await bench.run(cachedLeaf("a"));
      expect(result.success).toBe(true);
      expect(bench.calls.t).toBe(2);
      expect(String(warn.mock.calls)).toMatch(/cannot be read and is made again/);
    } finally {
      warn.mockRestore();
    }
  });
});
