/** Redacted parts of executions that sleep, wait for people, keep variables, or are cancelled. */
import { createMemoryExecutions } from "@atomiton/storage";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import { type Definition, edge, group, leaf } from "../contract/flows.js";
import { gate } from "./gate.js";
import { asks, at, type Bodies, CARD, conductorOn, customer, goOn, run, wait } from "./redacting.js";
import { holds, pass, settled, stopTime } from "./stopped-time.js";
import { writtenIn } from "./written.js";

const DAY = 86_400_000;
const CODE = "the code is 7731";

describe("an execution that sleeps", () => {
  const open: { shutdown(): Promise<unknown> }[] = [];
  // What is loaded at its first use takes real time.
  beforeAll(async () => {
    await run(conductorOn(createMemoryExecutions(), { a: () => 1 }), group("f", [asks("a", "a", ["x"])]));
    await goOn(
      group("f", [asks("a", "read", ["**"]), wait, leaf("b", { type: "with" })], [edge("a", "b"), at("w", "b", "w")]),
    );
  });
  beforeEach(stopTime);
  afterEach(async () => {
    for (const conductor of open.splice(0)) void conductor.shutdown();
    await settled();
    vi.useRealTimers();
  });

  const flow = group(
    "f",
    [asks("a", "read", ["**.card"]), leaf("w", { type: "sleep" }), leaf("b", { type: "see" })],
    [edge("a", "w"), edge("a", "b"), at("w", "b", "w")],
  );
  const start = (store: ReturnType<typeof createMemoryExecutions>, seen: unknown[], writes: string[]) => {
    const bodies: Bodies = {
      read: customer,
      sleep: async ({ sleep, signal }) => (await sleep(3 * DAY, signal)) / DAY,
      see: ({ input }) => void seen.push(input.default.cards[0].card),
    };
    const conductor = conductorOn(store, bodies, writes);
    open.push(conductor);
    return conductor;
  };

  it("stays in memory where parts of its values are there alone, and goes on with them", async () => {
    const store = createMemoryExecutions();
    const seen: unknown[] = [];
    const result = run(start(store, seen, ["read"]), flow);
    await pass(10_000);
    expect(await store.get("one")).toMatchObject({ status: "running" });
    await pass(3.1 * DAY);
    await holds(async () => (await store.get("one"))?.status === "completed");
    expect((await result).error).toBeUndefined();
    expect(seen).toEqual([CARD]);
    expect(await writtenIn(store)).not.toContain(CARD);
  });

  it.each([
    ["is woken by the next process, which reads them again", []],
    ["is blocked when its time comes in the next process, where they were written to the world", ["read"]],
  ])("%s", async (_, writes: string[]) => {
    const store = createMemoryExecutions();
    const seen: unknown[] = [];
    const first = start(store, seen, writes);
    void run(first, flow);
    await pass(5_000);
    await first.shutdown();
    expect(await store.get("one")).toMatchObject({ status: "sleeping" });
    store.abandon();
    const shared = createMemoryExecutions({ shared: store });
    const second = start(shared, seen, writes);
    expect(await second.recover()).toMatchObject({ resumed: [], blocked: [], sleeping: 1 });
    await pass(3.1 * DAY);
    const status = writes.length === 0 ? "completed" : "blocked";
    await holds(async () => (await store.get("one"))?.status === status);
    expect(seen).toEqual(writes.length === 0 ? [CARD] : []);
    if (writes.length === 0) return;
    expect((await store.get("one"))?.reason).toMatch(
      /`a`.*`cards\[0\]\.card`.*`w` still needs it.*writes to the world/,
    );
    await second.executions.cancel("one");
    expect(await store.get("one")).toMatchObject({ status: "cancelled" });
  });
});

describe("an answer of people to a node whose output is redacted", () => {
  it("is not kept, and asked for again after a crash", async () => {
    const store = createMemoryExecutions();
    const stop = gate();
    const seen: unknown[] = [];
    const bodies = (after: () => unknown): Bodies => ({
      ask: async ({ ask, signal }) => {
        const answer = await ask({ message: "What is the code?" }, () => undefined, signal);
        await after();
        return { answer };
      },
      see: ({ input }) => void seen.push(input.default),
    });
    const flow = group("f", [asks("a", "ask", ["answer"]), leaf("b", { type: "see" })], [edge("a", "b")]);
    const first = conductorOn(store, bodies(stop.reach));
    void run(first, flow);
    await vi.waitFor(async () => expect(await first.executions.waiting("one")).toHaveLength(1));
    await first.executions.answer("one", CODE);
    await stop.reached;
    await first.shutdown();
    store.abandon();
    const second = conductorOn(
      createMemoryExecutions({ shared: store }),
      bodies(() => undefined),
    );
    const { resumed } = await second.recover();
    await vi.waitFor(async () => expect(await second.executions.waiting("one")).toHaveLength(1));
    await second.executions.answer("one", CODE);
    expect((await resumed[0]?.result)?.error).toBeUndefined();
    expect(seen).toEqual([{ answer: CODE }]);
    expect(await writtenIn(store)).not.toContain(CODE);
  });
});

describe("a variable that a node set to what is redacted", () => {
  const flow = group(
    "f",
    [asks("a", "set", ["**.card"]), wait, leaf("b", { type: "see" })],
    [edge("a", "b"), at("w", "b", "w")],
  );
  const set: Bodies["x"] = ({ variables }) => {
    const made = { card: CARD };
    variables.last = made;
    return made;
  };

  it("blocks an execution whose nodes may read it, and is not what stands for it", async () => {
    const seen: unknown[] = [];
    const see: Bodies["x"] = ({ variables }) => void seen.push(variables.last);
    const { recovery, shared } = await goOn(flow, { bodies: { set: set as never, see: see as never } });
    const reason = expect.stringMatching(/variables, `last\.card` was not kept, and `a` may still read it/);
    expect(recovery.blocked).toEqual([{ executionId: "one", reason }]);
    expect(await shared.get("one")).toMatchObject({ status: "blocked", reason });
    expect(seen).toEqual([]);
  });
});

describe("a redacted part that is handed on", () => {
  const calls: unknown[] = [];
  const see: Bodies["x"] = ({ input }) => void calls.push(input);
  const bodies = { see: see as never };
  const disabled = leaf("d", { type: "see", parameters: { enabled: false } });
  const cardsByPrice = () => {
    const lists = { cheap: [{ card: CARD }], dear: [{ card: `${CARD}-2` }] };
    const made = Object.defineProperty({ ...lists }, Symbol.for("@atomiton/routed"), { value: Object.keys(lists) });
    return Object.defineProperty(made, Symbol.for("@atomiton/carried"), { value: new Map(Object.entries(lists)) });
  };
  afterEach(() => calls.splice(0));

  it("by a disabled node is had again for those after it", async () => {
    const flow = group(
      "f",
      [asks("a", "read", ["**.card"]), disabled, wait, leaf("b", { type: "see" })],
      [edge("a", "d"), edge("d", "b"), at("w", "b", "w")],
    );
    const { recovery } = await goOn(flow, { bodies });
    expect((await recovery.resumed[0]?.result)?.error).toBeUndefined();
    expect(calls).toEqual([{ default: { ...customer(), time: 2 }, w: "waited" }]);
    // What is had again cannot be where the node writes to the world.
    expect((await goOn(flow, { bodies, writes: ["read"] })).recovery.blocked[0]?.reason).toMatch(
      /`a`.*`b` still needs it/,
    );
  });

  it("by several edges of a disabled node is had again as well", async () => {
    const flow = group(
      "f",
      [asks("a", "read", ["**.card"]), leaf("other", { type: "with" }), disabled, wait, leaf("b", { type: "see" })],
      [edge("a", "d"), at("other", "d", "other"), edge("d", "b"), at("w", "b", "w")],
    );
    const { recovery } = await goOn(flow, { bodies });
    expect((await recovery.resumed[0]?.result)?.error).toBeUndefined();
    expect(calls).toEqual([{ default: { default: { ...customer(), time: 3 }, other: {} }, w: "waited" }]);
  });

  it("apart from each other by the handles of a node is had again for each", async () => {
    const by = (handle: string, target: string) => ({ ...edge("a", target), sourceHandle: handle }) as never;
    const flow = group(
      "f",
      [asks("a", "lists", ["**"]), wait, leaf("b", { type: "see" }), leaf("c", { type: "see" })],
      [by("cheap", "b"), at("w", "b", "w"), by("dear", "c"), at("w", "c", "w")],
    );
    const { recovery } = await goOn(flow, { bodies: { ...bodies, lists: cardsByPrice } });
    expect((await recovery.resumed[0]?.result)?.error).toBeUndefined();
    expect(calls).toEqual([
      { default: [{ card: CARD }], w: "waited" },
      { default: [{ card: `${CARD}-2` }], w: "waited" },
    ]);
  });

  it("by one of several handles is a text in the result that lacks it", async () => {
    const by = { ...edge("a", "d"), sourceHandle: "cheap" } as never;
    const conductor = conductorOn(createMemoryExecutions(), { lists: cardsByPrice });
    const flow = group("f", [asks("a", "lists", ["**"]), disabled], [by]);
    expect((await run(conductor, flow)).data).toEqual([{ card: CARD }]);
    const again = await run(conductor, flow);
    expect(again.data).toBe("[redacted]");
    expect(again.warnings).toContainEqual(expect.objectContaining({ rule: "redacted-value", nodeId: "a" }));
  });

  it("into a loop is had again for the rounds that come", async () => {
    const round = leaf("r", { type: "round", parameters: { of: "${{ nodes.a.cards[0].card }}" } });
    const loop = {
      id: "loop",
      type: "loop",
      parameters: { loopType: "times", count: 2 },
      nodes: [round],
    } as Definition;
    const flow = group("f", [asks("a", "read", ["**.card"]), loop], [edge("a", "loop")]);
    const store = createMemoryExecutions();
    const stop = gate();
    const seen: unknown[] = [];
    const body = (second: () => unknown): Bodies => ({
      read: customer,
      round: ({ of, input }) => {
        if (input.index === 1) return second();
        seen.push(of);
        return 1;
      },
    });
    const first = conductorOn(store, body(stop.reach));
    void run(first, flow);
    await stop.reached;
    await first.shutdown();
    store.abandon();
    const later = body(() => 2);
    const again: Bodies = { ...later, round: ({ of }) => seen.push(of) };
    const second = conductorOn(createMemoryExecutions({ shared: store }), again);
    const { resumed, blocked } = await second.recover();
    expect(blocked).toEqual([]);
    expect((await resumed[0]?.result)?.error).toBeUndefined();
    expect(seen).toEqual([CARD, CARD]);
  });
});

describe("an input that was redacted", () => {
  it("is not taken from a caller who begins the execution again with something else beside it", async () => {
    const flow = { ...group("f", [wait, leaf("b", { type: "with" })]), policy: { redact: ["key"] } };
    const { recovery, second, calls } = await goOn(flow, { given: { input: { key: "the key of it", count: 1 } } });
    expect(recovery.blocked).toHaveLength(1);
    const other = await run(second, flow, { input: { key: "the key of it", count: 2 } });
    expect(other.error?.message).toContain("`input.key` was not kept");
    expect(calls).toEqual([]);
    const same = await run(second, flow, { input: { key: "the key of it", count: 1 } });
    expect(same.error).toBeUndefined();
    expect(calls).toEqual(['b {"key":"the key of it","count":1}']);
  });

  it("is needed by a node that is run again for what it gave", async () => {
    // Between `w` and the input stands an edge.
    const nodes = [asks("a", "echo", ["**.card"]), wait, leaf("b", { type: "with" })];
    const edges = [edge("a", "w"), edge("a", "b"), at("w", "b", "w")];
    const flow = { ...group("f", nodes, edges), policy: { redact: ["key"] } };
    const echo: Bodies["x"] = ({ input }) => ({ cards: [{ card: input.key }] });
    const { recovery } = await goOn(flow, {
      given: { input: { key: "the key of it" } },
      bodies: { echo: echo as never },
    });
    expect(recovery.blocked[0]?.reason).toMatch(/`input\.key` was not kept, and `a` still needs it/);
  });
});
