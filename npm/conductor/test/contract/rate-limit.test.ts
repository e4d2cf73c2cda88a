/** Nodes that may not start more than so often within a time. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { outlineOf } from "../../src/engine/outline";
import { validateFlow } from "../../src/exports/node";
import { byId, conductorWith, type Definition, edge, group, leaf, pass, stopClock, watch } from "./flows";

afterEach(() => vi.useRealTimers());

/** A loop of one node that is limited. */
const rounds = (count: number, rateLimit: unknown, more: object = {}): Definition =>
  group("root", [
    {
      id: "each",
      type: "loop",
      parameters: { count, concurrency: 50 },
      nodes: [leaf("call", { policy: { rateLimit, ...more } })],
    },
  ]);

/** When the node of {@link rounds} starts, in ms from the start of the run. */
async function startsOf(definition: Definition, body = () => {}) {
  stopClock();
  const began = Date.now();
  const starts: number[] = [];
  const conductor = conductorWith(
    byId({
      call: () => {
        starts.push(Date.now() - began);
        return body();
      },
    }),
    { concurrency: 50 },
  );
  const run = watch(conductor.node.run(definition));
  for (let step = 0; step < 1000 && !run.settled; step++) await pass(100);
  expect(run.value?.success).toBe(true);
  return starts;
}

describe("a node with a rate limit", () => {
  it.each([
    ["2/s", 1000],
    [{ limit: 2, per: "1s" }, 1000],
    [{ limit: 2, per: 400 }, 400],
    ["2/2s", 2000],
    ["2/500ms", 500],
  ])("starts no more than so often within the time: %j", async (rateLimit, per) => {
    expect(await startsOf(rounds(5, rateLimit))).toEqual([0, 0, per, per, 2 * per]);
  });

  it.each([
    ["1/min", 60_000],
    ["1/m", 60_000],
  ])("knows units alone: %j", async (rateLimit, per) => {
    expect(await startsOf(rounds(2, rateLimit))).toEqual([0, per]);
  });

  it("counts tries as well", async () => {
    let tries = 0;
    const failTwice = () => {
      if (++tries < 3) throw new Error("boom");
    };
    const definition = rounds(1, "1/10s", { retries: 2, retryDelay: "1s" });
    expect(await startsOf(definition, failTwice)).toEqual([0, 10_000, 20_000]);
  });

  it("shares its rate with all nodes that have its key, at any depth", async () => {
    stopClock();
    const began = Date.now();
    const starts: [string, number][] = [];
    const note = (id: string) => () => void starts.push([id, Date.now() - began]);
    const shared = { policy: { rateLimit: { limit: 2, per: "1s", key: "crm" } } };
    const other = { policy: { rateLimit: { limit: 2, per: "1s", key: "erp" } } };
    const definition = group(
      "root",
      [
        leaf("a", shared),
        group("inner", [leaf("b", shared), leaf("c", shared)]),
        leaf("d", { policy: { rateLimit: { limit: 2, per: 1000, key: "crm" } } }),
        leaf("e", other),
        leaf("f", { policy: { rateLimit: "2/s" } }),
      ],
      [],
      { parameters: { parallel: true } },
    );
    const bodies = Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((id) => [id, note(id)]));
    const run = watch(conductorWith(byId(bodies), { concurrency: 50 }).node.run(definition));
    for (let step = 0; step < 100 && !run.settled; step++) await pass(100);
    expect(run.value?.success).toBe(true);
    const late = starts.filter(([, at]) => at > 0);
    expect(starts).toHaveLength(6);
    expect(late.map(([, at]) => at)).toEqual([1000, 1000]);
    expect(late.every(([id]) => ["a", "b", "c", "d"].includes(id))).toBe(true);
  });

  it("warns in the result of a key that no other node has", async () => {
    const of = (key: string) => ({ policy: { rateLimit: { limit: 9, per: "1s", key } } });
    const warnings = async (...keys: string[]) => {
      const nodes = keys.map((key, at) => leaf(`n${at}`, of(key)));
      const bodies = Object.fromEntries(keys.map((_, at) => [`n${at}`, () => at]));
      const { warnings: told = [] } = await conductorWith(byId(bodies)).node.run(group("root", nodes));
      const ignored = told.filter(({ rule }) => rule === "ignored-policy");
      return ignored.map(({ nodeId, message }) => [nodeId, message.match(/key `\w+`|Did you mean `\w+`/g)]);
    };
    expect(await warnings("crm", "crm")).toEqual([]);
    expect(await warnings("crm", "crm", "cmr")).toEqual([["n2", ["key `cmr`", "Did you mean `crm`"]]]);
  });

  it("is not run where nodes with one key do not agree", async () => {
    const of = (rateLimit: object, more = {}) => ({ policy: { rateLimit, ...more } });
    const disagreeing = group("root", [
      leaf("a", of({ limit: 2, per: "1s", key: "crm" })),
      leaf("b", of({ limit: 3, per: "1s", key: "crm" })),
    ]);
    const result = await conductorWith(byId({ a: () => 1, b: () => 1 })).node.run(disagreeing);
    expect(result).toMatchObject({ success: false, error: { code: "VALIDATION_FAILED" } });
    expect(result.error?.message).toContain("Nodes with the key `crm` share one rate, which is 2 per 1000 ms");
    for (const wrong of [
      of({ limit: 2, per: "1s", key: 5 }),
      of({ limit: 2, per: "1s", key: "x" }, { concurrency: 2 }),
    ]) {
      const [first] = validateFlow(group("root", [leaf("a", wrong)]) as never);
      expect(first).toMatchObject({ severity: "error", nodeId: "a" });
    }
  });

  it("keeps no place from others while it waits", async () => {
    stopClock();
    const ran: string[] = [];
    const limited = { ...rounds(2, "1/h").nodes?.[0], parameters: { count: 2 } } as Definition;
    const definition = group("root", [limited, leaf("other"), leaf("last")], [edge("other", "last")]);
    const run = watch(conductorWith(({ nodeId }) => ran.push(nodeId)).node.run(definition));
    await pass(1000);
    expect(ran).toEqual(["call", "other", "last"]);
    await pass(3_600_000);
    expect(run.value?.success).toBe(true);
    expect(ran).toEqual(["call", "other", "last", "call"]);
  });

  it("is cancelled while it waits", async () => {
    stopClock();
    let starts = 0;
    const conductor = conductorWith(() => void starts++, { concurrency: 9 });
    const run = watch(conductor.node.run(rounds(3, "1/h"), { executionId: "run" }));
    await pass(10);
    await conductor.node.cancel("run");
    await pass(10);
    expect(run.value).toMatchObject({ success: false, error: { code: "CANCELLED" } });
    await pass(7_200_000);
    expect(starts).toBe(1);
  });

  it("has the whole of its timeout once it starts", async () => {
    stopClock();
    const conductor = conductorWith(() => new Promise((resolve) => setTimeout(resolve, 900)), { concurrency: 9 });
    const run = watch(conductor.node.run(rounds(3, "1/10s", { timeout: "1s" })));
    await pass(30_000);
    expect(run.value).toMatchObject({ success: true, data: { iterationCount: 3 } });
  });

  it("may be changed in place between two runs", async () => {
    const definition = rounds(2, "2/s");
    expect(await startsOf(definition)).toEqual([0, 0]);
    const call = definition.nodes?.[0]?.nodes?.[0] as Definition;
    call.policy = { rateLimit: "1/s" };
    expect(await startsOf(definition)).toEqual([0, 1000]);
    call.policy = {};
    expect(await startsOf(definition)).toEqual([0, 0]);
  });

  it("is of a group where the group has it: its beginnings count", async () => {
    const inner = group("inner", [leaf("call"), leaf("rest")], [], { policy: { rateLimit: "1/s" } });
    const definition = rounds(3, null);
    (definition.nodes as Definition[])[0] = { ...(definition.nodes?.[0] as Definition), nodes: [inner] };
    expect(await startsOf(definition)).toEqual([0, 1000, 2000]);
  });
});

describe("a rate limit that makes no sense", () => {
  const wrong: [unknown, string, string, RegExp][] = [
    ["ten/s", "", "VALIDATION_FAILED", /Expected a rate such as `10\/s`.*found "ten\/s"/],
    ["10", "", "VALIDATION_FAILED", /Expected a rate/],
    ["0/s", "", "VALIDATION_FAILED", /from 1 to 10000 starts/],
    ["10001/s", "", "VALIDATION_FAILED", /from 1 to 10000 starts/],
    ["1.5/s", "", "VALIDATION_FAILED", /Expected a rate/],
    ["5/2d", "", "VALIDATION_FAILED", /1 ms to 24 h/],
    ["5/0s", "", "VALIDATION_FAILED", /1 ms to 24 h/],
    ["5/sec", "", "VALIDATION_FAILED", /Expected a rate/],
    [5, "", "TYPE_MISMATCH", /Expected a rate such as `10\/s`, or its `limit` and `per`, found a number/],
    [{ limit: 5 }, "/per", "VALIDATION_FAILED", /A rate limit needs `per`/],
    [{ limit: 0, per: "1s" }, "/limit", "VALIDATION_FAILED", /whole number from 1 to 10000, found 0/],
    [{ limit: "5", per: "1s" }, "/limit", "TYPE_MISMATCH", /whole number, found a string/],
    [{ limit: 5, per: "soon" }, "/per", "VALIDATION_FAILED", /found "soon"; from 1 ms to 24 h/],
    [{ limit: 5, per: 0.5 }, "/per", "VALIDATION_FAILED", /from 1 ms to 24 h/],
    [{ limit: 5, per: "1s", burst: 3 }, "/burst", "VALIDATION_FAILED", /A rate limit has no `burst`/],
  ];
  it.each(wrong)("is refused: %j", async (rateLimit, place, code, message) => {
    const definition = group("root", [leaf("a", { policy: { rateLimit } })]);
    const problem = { path: `/nodes/0/policy/rateLimit${place}`, code, message: expect.stringMatching(message) };
    expect(validateFlow(definition as never, { schemas: {} })).toMatchObject([problem]);
    const { error } = await conductorWith().node.run(definition);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe("the outline of a flow", () => {
  const words = (policy?: object) =>
    outlineOf(group("root", [leaf("a", policy && { policy }), leaf("b")], [edge("a", "b")]) as never).length;

  it("is as long as ever where nothing is limited", () => {
    const plain = 3 + 3 * 8 + 5;
    expect(words()).toBe(plain);
    expect(words({ retries: 1, timeout: "1s" })).toBe(plain);
    expect(words({ continueOnError: true })).toBe(plain);
    expect(words({ rateLimit: null })).toBe(plain);
  });

  it("has five words more for one limit, and three for each other", () => {
    expect(words({ rateLimit: "1/s" })).toBe(words() + 6);
  });
});
