/** Nodes of which only so many attempts may be under way at once. */
import { expect, it } from "vitest";
import { outlineOf } from "../../src/engine/outline";
import { validateFlow } from "../../src/exports/node";
import { byId, conductorWith, type Definition, edge, group, leaf } from "./flows";

/** A loop of twelve rounds at once, of which one node is limited. */
const rounds = (concurrency: unknown, more: object = {}): Definition =>
  group("root", [
    {
      id: "each",
      type: "loop",
      parameters: { count: 12, concurrency: 12 },
      nodes: [leaf("before"), leaf("call", { policy: { concurrency, ...more } })],
      edges: [edge("before", "call")],
    } as never,
  ]);

/** Counts how many of its calls are under way, and how many there were. */
function counted() {
  const counts = { now: 0, most: 0, all: 0 };
  const execute = async (fail = false) => {
    counts.all++;
    counts.most = Math.max(counts.most, ++counts.now);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    counts.now--;
    if (fail) throw new Error("busy");
  };
  return { counts, execute };
}

it.each([1, 3, 12])("has no more than %d calls of it under way, and as many as may be", async (concurrency) => {
  const call = counted();
  const before = counted();
  const executables = byId({ call: () => call.execute(), before: () => before.execute() });
  const result = await conductorWith(executables, { concurrency: 50 }).node.run(rounds(concurrency));
  expect(result.success).toBe(true);
  expect(result.warnings ?? []).toEqual([]);
  expect(call.counts).toMatchObject({ most: concurrency, all: 12 });
  expect(before.counts).toMatchObject({ most: 12, all: 12 });
});

it("holds over tries", async () => {
  const { counts, execute } = counted();
  const tried = new Set<unknown>();
  const executables = byId({
    before: ({ input }: { input: { index?: number } }) => input.index,
    call: ({ input }: { input: unknown }) => {
      const key = JSON.stringify(input);
      const isFirst = !tried.has(key);
      tried.add(key);
      return execute(isFirst);
    },
  } as never);
  const conductor = conductorWith(executables, { concurrency: 50 });
  const result = await conductor.node.run(rounds(2, { retries: 1, retryDelay: 1 }));
  expect(result.success).toBe(true);
  expect(counts).toMatchObject({ most: 2, all: 24 });
});

it.each<[unknown, string]>([
  [0, "from 1 to 10000"],
  [1.5, "from 1 to 10000"],
  [10_001, "from 1 to 10000"],
  ["2", "a whole number"],
])("is refused: %j", async (concurrency, message) => {
  const [problem] = validateFlow(rounds(concurrency) as never, { schemas: {} });
  expect(problem).toMatchObject({
    path: "/nodes/0/nodes/1/policy/concurrency",
    message: expect.stringContaining(message),
  });
  const result = await conductorWith(byId({ before: () => 1, call: () => 1 })).node.run(rounds(concurrency));
  expect(result.error).toMatchObject({
    code: expect.stringMatching(/VALIDATION_FAILED|INVALID_PARAMETERS|TYPE_MISMATCH/),
  });
});

it("is warned of where no loop is around the node, and says what a loop has for its rounds", async () => {
  const policy = { concurrency: 2 };
  const loop = { id: "each", type: "loop", parameters: { count: 2 }, nodes: [leaf("a")], policy };
  const flow = group("root", [leaf("b", { policy }), loop as never]);
  const { success, warnings } = await conductorWith(byId({ a: () => 1, b: () => 1 })).node.run(flow);
  expect(success).toBe(true);
  expect(warnings?.filter(({ rule }) => rule === "ignored-policy")).toMatchObject([
    { rule: "ignored-policy", nodeId: "b", message: expect.not.stringContaining("rounds") },
    { rule: "ignored-policy", nodeId: "each", message: expect.stringContaining("parameter `concurrency`") },
  ]);
});

it("is a limit of the outline, with or without a rate", () => {
  const words = (policy?: object) => outlineOf(group("root", [leaf("a", policy && { policy })])).length;
  expect(words({ concurrency: 2 })).toBe(words() + 6);
  expect(words({ concurrency: 2, rateLimit: "1/s" })).toBe(words() + 6);
});
