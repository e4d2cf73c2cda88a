/** Secrets and redacted parts in replays, files, forks, differences and the cache. */
import { openReplay } from "@atomiton/conductor/desktop";
import { createMemoryCache, createMemoryExecutions, type NewCachedOutput } from "@atomiton/storage";
import { describe, expect, it, vi } from "vitest";

import { type Definition, edge, group, leaf } from "../contract/flows.js";
import { gate } from "./gate.js";
import { asks, at, type Bodies, CARD, conductorOn, customer, run } from "./redacting.js";
import { textIn, writingsOf, writtenIn } from "./written.js";

const TOKEN = 't0k"én/+&42 x';
const decoder = new TextDecoder();

const secrets = (value: string | undefined) => ({ secrets: (name: string) => (name === "TOKEN" ? value : undefined) });
const nowhereIn = (text: string) => {
  for (const writing of [...writingsOf(TOKEN), CARD]) expect(text.includes(writing), writing).toBe(false);
};
const asksToken = leaf("key", { type: "key", parameters: { auth: "Bearer ${{ secrets.TOKEN }}" } });
const bodies = (seen: unknown[] = [], wait: () => unknown = () => "waited"): Bodies => ({
  key: ({ auth, input }) => ({ auth, [auth]: 1, input }),
  read: customer,
  see: ({ input }) => void seen.push(input),
  wait,
});

/** A flow that was interrupted with a secret and something redacted in its store, as a file. */
async function exported() {
  const store = createMemoryExecutions();
  const stop = gate();
  const flow = group(
    "f",
    [asksToken, asks("a", "read", ["**.card"]), leaf("w", { type: "wait" }), leaf("b", { type: "see" })],
    [edge("key", "b"), at("a", "b", "a"), at("w", "b", "w")],
  );
  const conductor = conductorOn(store, bodies([], stop.reach), [], secrets(TOKEN));
  void run(conductor, flow, { input: { planted: TOKEN } });
  await stop.reached;
  await conductor.shutdown();
  store.abandon();
  const looking = conductorOn(createMemoryExecutions({ shared: store }), {});
  return { file: await looking.executions.export("one"), looking };
}

describe("an execution with secrets and redacted parts", () => {
  it("is replayed, and is a file, with names and marks in their places", async () => {
    const { file, looking } = await exported();
    nowhereIn(decoder.decode(file));
    for (const replay of [await openReplay(file), await looking.executions.replay("one")]) {
      const last = replay.at(replay.length);
      const auth = "Bearer ${{ secrets.TOKEN }}";
      expect(last.value("key")).toEqual({ auth, [auth]: 1, input: { planted: "${{ secrets.TOKEN }}" } });
      expect(last.value("a")).toEqual({ ...customer(), cards: [{ card: "[redacted]" }, { card: "[redacted]" }] });
      nowhereIn(textIn(Array.from({ length: replay.length + 1 }, (_, step) => replay.at(step).nodes)));
    }
  });

  it.each([["one"], ["another"]])("goes on in another store, as %s, with the secrets that are there", async (id) => {
    const { file } = await exported();
    const renewed = "another secret, of another place";
    const seen: unknown[] = [];
    const store = createMemoryExecutions();
    const there = conductorOn(store, bodies(seen), [], secrets(renewed));
    await there.executions.import(file, { id });
    expect((await there.executions.resume(id)).error).toBeUndefined();
    const auth = `Bearer ${renewed}`;
    expect(seen).toEqual([{ default: { auth, [auth]: 1, input: { planted: renewed } }, a: customer(), w: "waited" }]);
    expect(await writtenIn(store)).not.toContain(renewed);
  });

  it("does not go on in a store whose conductor has not these secrets, and is cancelled there all the same", async () => {
    const { file } = await exported();
    const store = createMemoryExecutions();
    const there = conductorOn(store, bodies());
    await there.executions.import(file);
    await expect(there.executions.resume("one")).rejects.toThrow("`secrets.TOKEN` cannot be read");
    expect(await store.get("one")).toMatchObject({ status: "blocked" });
    await there.executions.cancel("one");
    expect(await store.get("one")).toMatchObject({ status: "cancelled" });
  });
});

describe("a fork of an execution with secrets", () => {
  const flow = group("f", [asksToken, leaf("b", { type: "fails" })], [edge("key", "b")]);

  it("takes over what has them, with their values as they are now", async () => {
    const store = createMemoryExecutions();
    const seen: unknown[] = [];
    let isBroken = true;
    const fails: Bodies["x"] = ({ input, variables }) => {
      if (isBroken) throw new Error("not yet");
      seen.push(input, { ...variables });
    };
    const first = conductorOn(store, { ...bodies(), fails: fails as never }, [], secrets(TOKEN));
    await run(first, flow, { input: { planted: TOKEN }, variables: { token: TOKEN } });
    isBroken = false;
    const renewed = "another secret";
    const second = conductorOn(store, { ...bodies(), fails: fails as never }, [], secrets(renewed));
    const { executionId } = await second.executions.fork("one");
    const result = await second.executions.result(executionId);
    expect(result.error).toBeUndefined();
    expect(result.reused).toEqual(["key"]);
    const auth = `Bearer ${renewed}`;
    expect(seen).toEqual([{ default: { auth, [auth]: 1, input: { planted: renewed } } }, { token: renewed }]);
    nowhereIn(textIn([await second.executions.diff("one", executionId), result]));
    const text = await writtenIn(store);
    nowhereIn(text);
    expect(text).not.toContain(renewed);
    const none = conductorOn(store, { ...bodies(), fails: fails as never });
    await expect(none.executions.fork("one")).rejects.toThrow("`secrets.TOKEN` cannot be read");
  });
});

describe("a fork of an execution with redacted parts", () => {
  const line = group("f", [asks("a", "read", ["**.card"]), leaf("b", { type: "fails" })], [edge("a", "b")]);

  async function failed(flow: Definition, given: object = {}, more: Bodies = {}) {
    const store = createMemoryExecutions();
    const calls: unknown[] = [];
    let isBroken = true;
    const all: Bodies = {
      ...bodies(),
      fails: ({ input, variables }) => {
        if (isBroken) throw new Error("not yet");
        calls.push(input.default ?? input, { ...variables });
      },
      ...more,
    };
    const conductor = conductorOn(store, all);
    await run(conductor, flow, given);
    isBroken = false;
    const fork = async (changes?: object) => {
      const { executionId } = await conductor.executions.fork("one", changes);
      return conductor.executions.result(executionId);
    };
    return { fork, calls, store };
  }

  it("is refused where a node that runs needs them, and says which node to run again", async () => {
    const { fork, calls, store } = await failed(line);
    await expect(fork()).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringMatching(
        /`a`, `cards\[0\]\.card`, .*`b`, which the fork runs, needs it: name `a` in `from`/,
      ),
    });
    expect((await store.list({}, {})).executions).toHaveLength(1);
    expect((await fork({ from: "a" })).error).toBeUndefined();
    expect(calls).toEqual([customer(), {}]);
  });

  it("takes them over where nothing needs them, and says that the result lacks them", async () => {
    const flow = group(
      "f",
      [asks("a", "read", ["**.card"]), leaf("c", { type: "count" }), leaf("b", { type: "fails" })],
      [edge("a", "c"), edge("c", "b")],
    );
    const { fork, calls } = await failed(flow, {}, { count: ({ input }) => input.default.cards.length });
    const result = await fork();
    expect(result).toMatchObject({ success: true, reused: ["a", "c"] });
    expect(calls).toEqual([2, {}]);
    expect(result.outputs?.a).toMatchObject({ cards: [{ card: "[redacted]" }, { card: "[redacted]" }] });
    expect(result.warnings).toContainEqual(expect.objectContaining({ rule: "redacted-value", nodeId: "a" }));
  });

  it("is refused where they were in a variable that a node set", async () => {
    const flow = group(
      "f",
      [asks("c", "give", ["**.card"]), leaf("a", { type: "set" }), leaf("b", { type: "fails" })],
      [edge("c", "a"), edge("a", "b")],
    );
    const give: Bodies["x"] = () => ({ card: CARD });
    const take: Bodies["x"] = ({ variables, input }) => {
      variables.last = input.default;
      return 1;
    };
    const { fork, calls } = await failed(flow, {}, { give: give as never, set: take as never });
    await expect(fork()).rejects.toThrow(/variables that `a` set, `last\.card` was not kept.*name `a` in `from`/);
    // A variable that moved may have been read by any executable of an application, so that it runs as well.
    expect((await fork({ from: "a" })).error).toBeUndefined();
    expect(calls).toEqual([1, { last: { card: CARD } }]);
  });

  it("is refused where they were in the input, until that is given", async () => {
    const flow = { ...group("f", [leaf("b", { type: "fails" })]), policy: { redact: ["key"] } };
    const { fork, calls } = await failed(flow, {
      input: { key: "the key of it" },
      variables: { key: "a variable of it" },
    });
    await expect(fork()).rejects.toThrow(/`input\.key` was not kept.*give `input` with the fork/);
    const input = { key: "the key of it" };
    await expect(fork({ input })).rejects.toThrow(/`variables\.key` was not kept.*give `variables` with the fork/);
    expect((await fork({ input, variables: { key: "other" } })).error).toBeUndefined();
    expect(calls).toEqual([input, { key: "other" }]);
  });
});

describe("redacted parts and the cache", () => {
  function watched() {
    const cache = createMemoryCache();
    const told: (NewCachedOutput | string)[] = [];
    const text = () =>
      told.map((entry) => textIn(entry) + (typeof entry === "string" ? "" : decoder.decode(entry.output))).join("\n");
    const keep = (entries: readonly NewCachedOutput[]) => {
      told.push(...entries);
      return cache.keep(entries);
    };
    const find = (key: string, now: number) => {
      told.push(key);
      return cache.find(key, now);
    };
    return { told, text, cache: { ...cache, keep, find } };
  }
  const cached = (id: string, type: string, redact?: string[]): Definition =>
    ({ ...leaf(id, { type }), policy: { cache: "1h", ...(redact && { redact }) } }) as Definition;

  it("are in none of its keys and entries, and a node that has them is run each time", async () => {
    const watch = watched();
    const calls: string[] = [];
    const executable = (type: string) => ({
      effects: "none" as const,
      version: "1",
      // biome-ignore lint/suspicious/noExplicitAny: an executable.
      execute: ({ nodeId, input }: any) => {
        calls.push(nodeId);
        return type === "read" ? customer() : type === "count" ? input.default.cards.length : { ...input.default };
      },
    });
    const conductor = conductorOn(createMemoryExecutions(), {}, [], {
      nodeExecutorFactory: { getNodeExecutable: executable },
      cache: watch.cache,
    });
    const flow = group(
      "f",
      [cached("a", "read", ["**.card"]), cached("copy", "copy"), cached("count", "count")],
      [edge("a", "copy"), edge("copy", "count")],
    );
    for (const executionId of ["one", "two"]) {
      const result = await conductor.node.run(flow as never, { executionId } as never);
      expect(result.error).toBeUndefined();
      expect(result.trace?.nodes[0]?.notCached).toContain("parts of its output are redacted");
      expect(result.warnings).toContainEqual(
        expect.objectContaining({ nodeId: "a", rule: "not-cached", message: expect.stringContaining("redacted") }),
      );
    }
    // What has nothing of them is taken again.
    expect(calls).toEqual(["a", "copy", "count", "a", "copy"]);
    expect(watch.told.length).toBeGreaterThan(3);
    nowhereIn(watch.text());
    // A key tells nothing of what it was made from.
    const open = watched();
    const plain = conductorOn(createMemoryExecutions(), {}, [], {
      nodeExecutorFactory: { getNodeExecutable: executable },
      cache: open.cache,
    });
    await run(plain, { ...flow, nodes: [cached("a", "read"), ...(flow.nodes ?? []).slice(1)] });
    const keys = (told: readonly unknown[]) => told.filter((each) => typeof each === "string");
    expect(keys(open.told)).toHaveLength(3);
    expect(keys(watch.told).filter((key) => keys(open.told).slice(1).includes(key))).toEqual([]);
  });
});

describe("what is told of an execution by its id", () => {
  it("has neither secrets nor redacted parts, also while it is under way here", async () => {
    const store = createMemoryExecutions();
    const stop = gate();
    let isOver!: () => void;
    const over = new Promise<void>((resolve) => {
      isOver = resolve;
    });
    const wait = async () => {
      void stop.reach();
      await over;
    };
    const flow = group(
      "f",
      [asksToken, asks("a", "read", ["**.card"]), leaf("w", { type: "wait" }), leaf("b", { type: "echo" })],
      [edge("key", "b"), at("a", "b", "a"), at("w", "b", "w")],
    );
    const conductor = conductorOn(store, { ...bodies([], wait), echo: ({ input }) => input }, [], secrets(TOKEN));
    const result = run(conductor, flow);
    await stop.reached;
    const told = conductor.executions.result("one");
    isOver();
    const own = JSON.stringify((await result).data);
    expect(own).toContain(CARD);
    expect(own).toContain(JSON.stringify(TOKEN).slice(1, -1));
    nowhereIn(textIn([await told, (await told).data, (await told).outputs]));
    await vi.waitFor(async () => expect(await store.get("one")).toMatchObject({ status: "completed" }));
    const later = await conductor.executions.result("one");
    nowhereIn(textIn([later, later.data, later.outputs]));
  });
});
