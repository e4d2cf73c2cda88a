/** What an isolated execution does like any other. */
import { createMemoryExecutions } from "@atomiton/storage";
import { expect, it, vi } from "vitest";

import { type Definition, group } from "../contract/flows.js";
import { flowWith, isolating } from "./isolating.js";

const CODE = `
  const rows = inputs.default?.rows ?? data;
  return { rows: [1, 2, 3].map((n) => ({ n, square: n * n })), seen: variables.name };
`;

/** A loop with a node inside. */
const loop = (parameters: object): Definition => ({
  ...group("loop", [{ id: "inside", type: "code", parameters: { code: "return inputs" } }]),
  type: "loop",
  parameters: parameters as Record<string, unknown>,
});

/** Flows, and what is in their data or errors. */
const FLOWS: readonly [what: string, flow: Definition, found: string][] = [
  ["code", flowWith(["code", { code: CODE }], ["code", { code: "return inputs.default" }]), '"square":9'],
  ["code that throws", flowWith(["code", { code: "throw new TypeError('no')" }], "look"), "TypeError: no"],
  ["code that cannot be read", flowWith(["code", { code: "return (" }]), "SyntaxError"],
  ["a wrong parameter", flowWith(["sort", { by: 5 }]), "Invalid sort parameters"],
  [
    "a table",
    flowWith(["spreadsheet", { data: "id,amount\na,1\nb,2\n" }], ["transform", { code: "row => row" }]),
    '"amount":"2"',
  ],
  [
    "routes",
    {
      ...group("routes", [
        { id: "asks", type: "condition", parameters: { expression: "1 < 2" } },
        { id: "goes", type: "edit-fields", parameters: { values: { text: "on it went" } } },
      ]),
      edges: [{ id: "e", source: "asks", target: "goes", sourceHandle: "true" }],
    },
    "on it went",
  ],
  [
    "expressions",
    flowWith(["edit-fields", { values: { a: 5 } }], ["edit-fields", { values: { b: "${{ nodes.n0.result.a + 1 }}" } }]),
    '"b":6',
  ],
  [
    "names in code",
    flowWith(["edit-fields", { values: { a: 5 } }], ["code", { code: "return nodes.n0.result.a + 2" }]),
    "7",
  ],
  ["a loop over items", group("items", [loop({ loopType: "forEach", array: [1, 2, 3] })]), '"item":3'],
  ["a counted loop", group("counted", [loop({ loopType: "times", count: 3 })]), '"item":2'],
  ["a loop with a condition", group("while", [loop({ loopType: "while", condition: "iteration < 3" })]), '"item":2'],
  [
    "a loop that breaks",
    group("breaks", [loop({ loopType: "times", count: 9, breakWhen: "iteration === 2" })]),
    '"item":2',
  ],
  [
    "a loop that waits between its rounds",
    group("waits", [{ ...loop({ condition: "iteration === 1", interval: 5 }), type: "until" }]),
    "result",
  ],
  ["a variable that a node sets", flowWith("change", "change", ["code", { code: "return variables.count" }]), "2"],
  [
    "a retry",
    flowWith(["code", { code: "throw new Error('again')" }, { policy: { retries: 1, retryDelay: 1 } }]),
    "Error: again",
  ],
  ["a flow that ends", flowWith(["stop", { message: "enough" }], "look"), "enough"],
];

/** Times, ids of processes and what is guessed of progress by the time differ from run to run. */
function withoutTimes(value: unknown): unknown {
  const text = JSON.stringify(value, (key, held) =>
    /time|duration|At$|stack|^pid$|executionId|^progress$/i.test(key) && key !== "timeout" ? undefined : held,
  );
  return text === undefined ? undefined : JSON.parse(text);
}

/** How an execution ended, and what the store has of it. */
async function outcome(served: Awaited<ReturnType<typeof isolating>>, role: string, flow: Definition) {
  const executionId = `${flow.id}-run`;
  const { conductor, store, run } = served;
  const { success, data, error, metadata } = await run(role, flow, { executionId });
  const { executions } = conductor;
  const ids = flow.nodes?.map(({ id }) => id) ?? [];
  const values = await Promise.all(ids.map((id) => executions.value(executionId, id)));
  const { sequence, status } = (await store.get(executionId)) ?? {};
  const records = await store.records(executionId);
  const words = records.map(({ journal }) => journal.length);
  const trace = await executions.trace(executionId);
  const logs = await executions.logs(executionId);
  const bytes = words.reduce((sum, length) => sum + length, 0);
  return withoutTimes({
    success,
    data,
    error,
    metadata,
    values,
    sequence: sequence !== undefined,
    status,
    trace,
    logs,
    bytes,
  });
}

it.each(FLOWS)("gives and records the same with %s", async (_what, flow, found) => {
  const variables = { name: { defaultValue: "Ada" } };
  const served = await isolating({}, {}, { store: createMemoryExecutions() });
  const isolated = await outcome(served, "editor", { ...flow, variables } as Definition);
  const other = await isolating({}, {}, { store: createMemoryExecutions() });
  const here = await outcome(other, "admin", { ...flow, variables } as Definition);
  expect(isolated).toEqual(here);
  expect(JSON.stringify([here.data, here.error])).toContain(found);
});

it("reads the secrets that it is given, and no others", async () => {
  const asked: string[] = [];
  const secrets = (name: string) => {
    asked.push(name);
    return `value of ${name}`;
  };
  const { run } = await isolating({}, { secrets });
  const { data } = await run("runner", flowWith(["edit-fields", { values: { text: "${{ secrets.TOKEN }}" } }], "look"));
  expect(asked).toContain("TOKEN");
  expect(data.environment).toEqual({});
});

it("asks people, is paused and goes on", async () => {
  const { run, conductor, post } = await isolating();
  const flow = flowWith(["wait-for-input", { message: "May it be?" }], ["code", { code: "return inputs.default" }]);
  const answer = run("runner", flow, { executionId: "asking" });
  const question = await vi.waitFor(async () => {
    const [found] = await conductor.executions.waiting("asking");
    expect(found).toBeDefined();
    return found as { id: string };
  });
  await post("runner", "/executions/asking/pause");
  await conductor.executions.answer(question.id, "yes");
  await post("runner", "/executions/asking/resume");
  const { success, data } = await answer;
  expect([success, data.result]).toEqual([true, expect.anything()]);
});

/** An execution that a caller of a role began, and that asks something, after a restart of the server. */
async function restarted(role: string) {
  const store = createMemoryExecutions();
  const first = await isolating({}, {}, { store });
  const flow = flowWith(["wait-for-input", { message: "May it be?" }], "look");
  void first.run(role, flow, { executionId: "kept" }).catch(() => {});
  await vi.waitFor(async () => expect(await first.conductor.executions.waiting("kept")).toHaveLength(1));
  first.server.close();
  await first.conductor.shutdown();
  const second = await isolating({}, {}, { store });
  const end = async () => {
    const asked = await vi.waitFor(async () => {
      const [found] = await second.conductor.executions.waiting("kept");
      expect(found).toBeDefined();
      return found as { id: string };
    });
    await second.conductor.executions.answer(asked.id, "yes");
    const { data } = await second.conductor.executions.result("kept");
    return data as { pid: number; parent: number };
  };
  return { ...second, end };
}

it("goes on isolated after a restart, also where an admin began it", async () => {
  const { conductor, end } = await restarted("admin");
  await conductor.recover();
  expect((await end()).parent).toBe(process.pid);
});

it("goes on isolated where a caller who is not isolated names its id", async () => {
  const { run, end, store } = await restarted("runner");
  const { epoch = 0 } = (await store.get("kept")) ?? {};
  const named = run("admin", flowWith("look"), { executionId: "kept" });
  await vi.waitFor(async () => expect((await store.get("kept"))?.epoch).toBeGreaterThan(epoch));
  expect((await end()).parent).toBe(process.pid);
  await named;
});
