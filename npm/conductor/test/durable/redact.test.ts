/** `redact` in policies: what nothing outside of a run sees, and what a run needs of it when it goes on. */
import { createMemoryExecutions } from "@atomiton/storage";
import { afterEach, describe, expect, it, vi } from "vitest";

import { type Definition, edge, group, leaf } from "../contract/flows.js";
import { asks, at, type Bodies, CARD, conductorOn, customer, goOn, run, wait } from "./redacting.js";
import { textIn, writtenIn } from "./written.js";

describe("what `redact` names", () => {
  afterEach(() => vi.restoreAllMocks());

  it.each([
    [["email"], { ...customer(), email: "[redacted]" }],
    [["cards[*].card"], { ...customer(), cards: [{ card: "[redacted]" }, { card: "[redacted]" }] }],
    [["cards[1]"], { ...customer(), cards: [{ card: CARD }, "[redacted]"] }],
    [
      ["**.card", '["name"]'],
      { ...customer(), name: "[redacted]", cards: [{ card: "[redacted]" }, { card: "[redacted]" }] },
    ],
    [["*"], { name: "[redacted]", email: "[redacted]", cards: "[redacted]", note: "[redacted]" }],
    [["**"], "[redacted]"],
  ])("by %j is not kept, and nodes get it", async (redact, kept) => {
    const store = createMemoryExecutions();
    const seen: unknown[] = [];
    const bodies = {
      read: customer,
      see: ({ input }: never) => void seen.push((input as { default: unknown }).default),
    };
    const conductor = conductorOn(store, bodies);
    const result = await run(
      conductor,
      group("f", [asks("a", "read", redact), leaf("b", { type: "see" })], [edge("a", "b")]),
    );
    expect(result.error).toBeUndefined();
    expect(result.warnings).toBeUndefined();
    expect(seen).toEqual([customer()]);
    expect(result.outputs?.a).toEqual(kept);
    expect(await conductor.executions.value("one", "a")).toEqual(kept);
  });

  it("is in nothing that is seen of the run", async () => {
    const said: unknown[] = [];
    for (const level of ["debug", "info", "warn", "error", "log"] as const) {
      vi.spyOn(console, level).mockImplementation((...args) => void said.push(...args));
    }
    const store = createMemoryExecutions();
    const bodies: Bodies = {
      read: customer,
      // biome-ignore lint/suspicious/noExplicitAny: an executable.
      say: ({ input, progress, warn, log, variables }: any) => {
        const { card } = input.default.cards[0];
        variables.last = input.default;
        progress(10, `charging ${card}`);
        warn("odd", `odd ${card}`);
        log.warn(`charged ${card}`, { card });
        return input.default;
      },
      fail: ({ input }) => {
        throw new Error(`refused ${input.item.card}`);
      },
      echo: ({ input }) => input,
    };
    const loop = {
      id: "loop",
      type: "loop",
      parameters: { loopType: "forEach", array: "${{ nodes.read.cards }}" },
      nodes: [
        { ...leaf("fail", { type: "fail" }), policy: { continueOnError: true } },
        leaf("round", { type: "echo" }),
      ],
      edges: [],
    } as Definition;
    const flow = {
      ...group(
        "f",
        [leaf("read", { type: "read" }), leaf("say", { type: "say" }), loop],
        [edge("read", "say"), edge("read", "loop")],
      ),
      policy: { redact: ["**.card", "secretInput"] },
    };
    const conductor = conductorOn(store, bodies);
    const events: unknown[] = [];
    conductor.node.onProgress((event) => void events.push(event));
    conductor.node.onComplete((event) => void events.push(event));
    conductor.node.store?.subscribe?.((state: unknown) => void events.push(state));
    const result = await run(conductor, flow, { input: { secretInput: "planted in the input", shown: 1 } });
    expect(result.error).toBeUndefined();
    const rows = await conductor.executions.list();
    const nodes = ["read", "say", "loop", "fail", "round"];
    const values = await Promise.all(nodes.map((id) => conductor.executions.value("one", id)));
    const seen = [await writtenIn(store), events, said, rows, values, await conductor.executions.trace("one")];
    const everything = textIn([
      ...seen,
      result.trace,
      result.outputs,
      result.warnings,
      conductor.node.store?.getState?.(),
    ]);
    expect(events.length).toBeGreaterThan(2);
    const ended = events.find((event) => (event as { output?: unknown }).output !== undefined);
    expect(ended).toMatchObject({
      output: { results: [{ item: { card: "[redacted]" } }, { item: { card: "[redacted]" } }] },
    });
    expect(everything).toContain("charging [redacted]");
    for (const hidden of [CARD, "planted in the input"]) expect(everything.includes(hidden), hidden).toBe(false);
    // The caller gets what the flow gave.
    expect(JSON.stringify(result.data)).toContain(CARD);
  });

  it("is told where it was in no output", async () => {
    const conductor = conductorOn(createMemoryExecutions(), { read: customer });
    const flow = { ...group("f", [asks("a", "read", ["mail", "email"])]), policy: { redact: ["**.token"] } };
    const { warnings } = await run(conductor, flow);
    expect(warnings?.map(({ nodeId, rule, message }) => [nodeId, rule, message])).toEqual([
      ["f", "unmatched-redact", expect.stringContaining("`**.token`")],
      ["a", "unmatched-redact", expect.stringContaining("`mail`")],
    ]);
  });

  it.each(["at once", "later"])(
    "cannot be found in an output that does not let itself be looked at %s: its node fails",
    async (when) => {
      const refuse = () => {
        throw new Error("not to be looked at");
      };
      const closed = () => new Proxy({}, { get: (_, key) => (key === "then" ? undefined : refuse()), ownKeys: refuse });
      const bodies = { closed: when === "later" ? async () => closed() : closed };
      const flow = group("f", [asks("a", "closed", ["card"])]);
      const { error } = await run(conductorOn(createMemoryExecutions(), bodies), flow);
      expect(error).toMatchObject({ nodeId: "a", message: "not to be looked at" });
    },
  );

  it("is refused where it is no list of paths", async () => {
    const conductor = conductorOn(createMemoryExecutions(), { read: customer });
    const { error } = await run(conductor, group("f", [asks("a", "read", ["a..b"])]));
    expect(error?.message).toContain("Expected a path such as `customer.email`");
  });
});

describe("an execution that goes on without what was redacted", () => {
  it("runs a node again that only reads, and goes on with what it gives now", async () => {
    const flow = group(
      "f",
      [asks("a", "read", ["**.card"]), wait, leaf("b", { type: "with" })],
      [edge("a", "b"), at("w", "b", "w")],
    );
    const { calls, recovery } = await goOn(flow);
    expect(recovery.blocked).toEqual([]);
    const result = await recovery.resumed[0]?.result;
    expect(result?.error).toBeUndefined();
    expect(calls).toEqual(["a", "a", `b {"card":"${CARD}"}`]);
  });

  it("runs again what that needs itself, each once, in their order", async () => {
    const nodes = [asks("a", "read", ["**.card"]), asks("b", "with", ["**.card"]), wait, leaf("c", { type: "with" })];
    const flow = group("f", nodes, [edge("a", "b"), edge("b", "w"), edge("b", "c"), at("w", "c", "w")]);
    const { calls, recovery } = await goOn(flow);
    expect((await recovery.resumed[0]?.result)?.error).toBeUndefined();
    const card = `{"card":"${CARD}"}`;
    expect(calls).toEqual(["a", `b ${card}`, "a", `b ${card}`, `c ${card}`]);
  });

  it("gives it also to what an expression, a group or a node in flight gets", async () => {
    const named = leaf("n", { type: "named", parameters: { card: "${{ nodes.a.cards[0].card }}" } });
    const flow = group(
      "f",
      [asks("a", "read", ["**"]), group("g", [wait, leaf("b", { type: "with" })]), named],
      [edge("a", "g"), edge("g", "n")],
    );
    const seen: unknown[] = [];
    const { recovery, calls } = await goOn(flow, { bodies: { named: ({ card }) => void seen.push(card) } });
    expect((await recovery.resumed[0]?.result)?.error).toBeUndefined();
    expect(calls).toEqual(["a", "a", `b {"card":"${CARD}"}`]);
    expect(seen).toEqual([CARD]);
  });

  it("is blocked where the node writes to the world, with the node and the path", async () => {
    const flow = group(
      "f",
      [asks("a", "read", ["**.card"]), wait, leaf("b", { type: "with" })],
      [edge("a", "b"), at("w", "b", "w")],
    );
    const { calls, recovery, shared, second } = await goOn(flow, { writes: ["read"] });
    const reason = expect.stringMatching(/`a`.*`cards\[0\]\.card`.*`b` still needs it.*writes to the world/);
    expect(recovery).toMatchObject({ resumed: [], blocked: [{ executionId: "one", reason }] });
    expect(await shared.get("one")).toMatchObject({ status: "blocked", reason });
    expect(calls).toEqual(["a"]);
    await expect(second.executions.resume("one")).rejects.toThrow("writes to the world");
    expect((await run(second, flow)).error?.message).toContain("writes to the world");
    expect(await shared.get("one")).toMatchObject({ status: "blocked" });
  });

  it("goes on where nothing needs it any more, and says that the result lacks it", async () => {
    const flow = group(
      "f",
      [asks("a", "read", ["**.card"]), leaf("b", { type: "count" }), wait],
      [edge("a", "b"), edge("b", "w")],
    );
    let counts = 0;
    const { calls: reads, recovery } = await goOn(flow, { writes: ["read"], bodies: { count: () => ++counts } });
    const result = await recovery.resumed[0]?.result;
    expect(result?.error).toBeUndefined();
    expect([reads, counts]).toEqual([["a"], 1]);
    expect(result?.warnings).toContainEqual(expect.objectContaining({ rule: "redacted-value", nodeId: "a" }));
  });

  it("is blocked where it is a part of what a loop gives, or goes over", async () => {
    const loop = (inside: Definition) =>
      ({ id: "loop", type: "loop", parameters: { loopType: "times", count: 2 }, nodes: [inside] }) as Definition;
    const results = group(
      "f",
      [loop(asks("a", "read", ["email"])), wait, leaf("b", { type: "with" })],
      [edge("loop", "b"), at("w", "b", "w")],
    );
    expect((await goOn(results)).recovery.blocked[0]?.reason).toMatch(/`a`, `email`.*`b` still needs it.*`loop`/);
    const over = {
      id: "loop",
      type: "loop",
      parameters: { loopType: "forEach", array: "${{ nodes.a.cards }}" },
      nodes: [leaf("w", { type: "wait" })],
    } as Definition;
    const items = group("f", [asks("a", "read", ["**.card"]), over], [edge("a", "loop")]);
    expect((await goOn(items)).recovery.blocked[0]?.reason).toMatch(/loop `loop` is not over/);
  });

  it("is blocked where the node fails when it is run again", async () => {
    const flow = group(
      "f",
      [asks("a", "once", ["email"]), wait, leaf("b", { type: "with" })],
      [edge("a", "b"), at("w", "b", "w")],
    );
    let calls = 0;
    const once = () => {
      if (calls++ > 0) throw new Error("gone");
      return customer();
    };
    const { recovery, shared } = await goOn(flow, { bodies: { once } });
    expect((await recovery.resumed[0]?.result)?.error?.message).toMatch(/`a`.*gone/);
    expect(await shared.get("one")).toMatchObject({ status: "blocked", reason: expect.stringMatching(/`a`.*gone/) });
  });

  it("is blocked where the flow's input is needed, and takes it again from who begins it again", async () => {
    const flow = { ...group("f", [wait, leaf("b", { type: "with" })]), policy: { redact: ["key"] } };
    const { recovery, second, calls } = await goOn(flow, { given: { input: { key: "the key of it" } } });
    expect(recovery.blocked[0]?.reason).toMatch(/`input\.key`.*`w` still needs it/);
    const result = await run(second, flow, { input: { key: "the key of it" } });
    expect(result.error).toBeUndefined();
    expect(calls).toEqual(['b {"key":"the key of it"}']);
  });

  it("says what is missing in the result of one that is over", async () => {
    const store = createMemoryExecutions();
    const conductor = conductorOn(store, { read: customer });
    const flow = group("f", [asks("a", "read", ["email"])]);
    expect((await run(conductor, flow)).data).toEqual(customer());
    const again = await run(conductor, flow);
    expect(again.data).toEqual({ ...customer(), email: "[redacted]" });
    expect(again.warnings).toContainEqual(expect.objectContaining({ rule: "redacted-value", nodeId: "a" }));
  });
});
