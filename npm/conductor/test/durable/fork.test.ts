/** New executions from old ones: what is done again, and what is taken over. */
import { createConductor, type NodeDefinition } from "@atomiton/conductor/desktop";
import { routed } from "@atomiton/nodes";
import type { MemoryExecutions } from "@atomiton/storage";
import { describe, expect, it } from "vitest";

import { type Definition, edge, group, leaf, type Params } from "../contract/flows.js";
import { applications } from "../desktop/process/application.js";
import { httpServer, json } from "../transports/servers.js";
import { longFlow, memory, Process, World } from "./world.js";

type Body = (params: Params) => unknown;

/** A conductor over a store that counts what its executables are called with. */
class Office {
  readonly calls: string[] = [];
  readonly store: MemoryExecutions;
  readonly conductor;

  constructor(bodies: Record<string, Body> = {}, store?: MemoryExecutions, config: object = {}) {
    this.store = memory(store);
    const execute = (params: Params) => {
      const { executionId, nodeId } = params;
      this.calls.push(executionId.slice(executionId.indexOf("/") + 1));
      const body = bodies[nodeId];
      return body === undefined ? { from: nodeId, of: params.input ?? null } : body(params);
    };
    this.conductor = createConductor({
      transport: "local",
      store: this.store,
      nodeExecutorFactory: { getNodeExecutable: () => ({ effects: "reads", execute }) },
      retryDelay: 1,
      ...config,
    } as never);
  }

  run(flow: Definition, executionId = "old", given: object = {}) {
    return this.conductor.node.run(flow as NodeDefinition, { executionId, ...given });
  }

  /** Forks an execution and gives its result with what was called for it. */
  async fork(id: string, changes?: object) {
    this.calls.length = 0;
    const { executionId } = await this.conductor.executions.fork(id, changes);
    const result = await this.conductor.executions.result(executionId);
    return { executionId, result, calls: [...this.calls] };
  }
}

const line = (...ids: string[]): Definition =>
  group(
    "flow",
    ids.map((id) => leaf(id)),
    ids.slice(1).map((id, index) => edge(ids[index] as string, id)),
  );

describe("a fork", () => {
  it("of a failed execution runs what failed and what comes after it", async () => {
    let isBroken = true;
    const office = new Office({
      b: ({ input }) => {
        if (isBroken) throw new Error("not yet");
        return { b: input.default };
      },
    });
    expect((await office.run(line("a", "b", "c"))).error?.message).toBe("not yet");
    isBroken = false;
    const { result, calls, executionId } = await office.fork("old");
    expect(calls).toEqual(["b", "c"]);
    expect(result.error).toBeUndefined();
    expect(result.outputs?.["a"]).toEqual({ from: "a", of: {} });
    expect(await office.store.get(executionId)).toMatchObject({
      status: "completed",
      trigger: "fork",
      parentId: "old",
    });
    expect(await office.store.get("old")).toMatchObject({ status: "failed" });
  });

  it("without changes of a completed execution calls nothing, and gives the same", async () => {
    const office = new Office();
    const first = await office.run(line("a", "b", "c"));
    const { result, calls } = await office.fork("old");
    expect(calls).toEqual([]);
    expect(result.data).toEqual(first.data);
    expect(result.outputs).toEqual(first.outputs);
  });

  it("runs from the nodes that are named", async () => {
    const office = new Office();
    await office.run(line("a", "b", "c"));
    expect((await office.fork("old", { from: "b" })).calls).toEqual(["b", "c"]);
    expect((await office.fork("old", { from: ["c"] })).calls).toEqual(["c"]);
  });

  it("runs what has other parameters, and goes on from an edited flow", async () => {
    const office = new Office();
    await office.run(line("a", "b", "c"));
    expect((await office.fork("old", { parameters: { c: { size: 2 } } })).calls).toEqual(["c"]);
    const edited = line("a", "b", "c");
    edited.nodes?.push(leaf("d"));
    edited.edges?.push(edge("a", "d"));
    const { calls, result } = await office.fork("old", { flow: edited });
    expect(calls).toEqual(["d"]);
    expect(result.outputs?.["d"]).toEqual({ from: "d", of: { default: { from: "a", of: {} } } });
  });
});

describe("what a fork takes over", () => {
  it("is what was recorded, also dates, maps, bytes and large values, and again in a fork of it", async () => {
    const value = () => ({
      at: new Date(7),
      map: new Map([["a", new Set([1n])]]),
      bytes: new Uint8Array([1, 2]),
      none: undefined,
      large: "x".repeat(100_000),
    });
    const seen: unknown[] = [];
    const office = new Office({ a: value, b: ({ input }) => seen.push(input.default) });
    await office.run(line("a", "b"));
    const { executionId, calls } = await office.fork("old", { from: "b" });
    expect(calls).toEqual(["b"]);
    await office.fork(executionId, { from: "b" });
    expect(seen).toEqual([value(), value(), value()]);
    expect(await office.conductor.executions.value(executionId, "a")).toEqual(value());
  });

  it("stays where the old execution is deleted", async () => {
    const office = new Office({ a: () => "x".repeat(100_000) });
    await office.run(line("a", "b"));
    const { executionId } = await office.fork("old", { from: "b" });
    expect(await office.conductor.executions.delete(["old"])).toBe(1);
    expect(await office.conductor.executions.value(executionId, "a")).toBe("x".repeat(100_000));
    expect((await office.fork(executionId, { from: "b" })).calls).toEqual(["b"]);
  });

  it("is given again where the group around it begins again", async () => {
    let failures = 0;
    const office = new Office({
      a: () => ({ at: new Date(7) }),
      b: ({ input }) => {
        if (failures-- > 0) throw new Error("not this time");
        return input.default.at.getTime();
      },
    });
    const again = {
      ...group("again", [leaf("a"), leaf("b")], [edge("a", "b")]),
      policy: { retries: 2, retryDelay: 1 },
    };
    await office.run(group("flow", [again]));
    failures = 1;
    const { calls, result } = await office.fork("old", { from: "b" });
    expect(calls).toEqual(["again/b", "again/b"]);
    expect(result.data).toBe(7);
  });

  it("is the last beginning of a group, and nothing of one that was left", async () => {
    let tries = 0;
    const office = new Office({
      a: () => ++tries,
      b: ({ input }) => input.default * 10,
      c: () => {
        throw new Error("never");
      },
    });
    const nodes = [leaf("a"), leaf("b"), leaf("c")];
    const again = {
      ...group("again", nodes, [edge("a", "b"), edge("b", "c")]),
      policy: { retries: 1, retryDelay: 1 },
    };
    await office.run(group("flow", [again]));
    const { calls, result } = await office.fork("old");
    expect(result.success).toBe(false);
    expect(calls).toEqual(["again/c", "again/c"]);
    expect(result.outputs).toMatchObject({ a: 2, b: 20 });
  });

  it("is what a route, an error edge, a catch and rounds of loops gave", async () => {
    const loop = {
      id: "loop",
      type: "loop",
      parameters: { array: [1, 2, 3], onError: "continue" },
      nodes: [leaf("odd")],
    };
    const attempt = {
      id: "try",
      type: "try",
      parameters: { catch: "rescue", finally: "close" },
      nodes: [leaf("fails"), leaf("rescue"), leaf("close")],
    };
    const parallel = { ...group("all", [leaf("p"), leaf("q")]), type: "parallel", parameters: { mode: "all" } };
    const flow = group(
      "flow",
      [
        leaf("gate"),
        leaf("taken"),
        leaf("left"),
        loop,
        attempt,
        parallel,
        leaf("bad"),
        leaf("told"),
        leaf("end"),
      ] as Definition[],
      [
        edge("gate", "taken", { sourceHandle: "yes" }),
        edge("gate", "left", { sourceHandle: "no" }),
        edge("bad", "told", { sourceHandle: "error" }),
        ...["taken", "loop", "try", "all", "told"].map((id) => edge(id, "end", { targetHandle: id })),
      ],
    );
    const office = new Office({
      gate: () => routed({ yes: 1, no: 2 }, ["yes"]),
      fails: () => Promise.reject(new Error("always")),
      bad: () => Promise.reject(new Error("bad")),
      odd: ({ input }) => (input.item === 2 ? Promise.reject(new Error("even")) : input.item),
    });
    const first = await office.run(flow);
    expect(first.error).toBeUndefined();
    const { calls, result } = await office.fork("old", { from: "end" });
    expect(calls).toEqual(["end"]);
    expect(JSON.parse(JSON.stringify(result.outputs))).toEqual(JSON.parse(JSON.stringify(first.outputs)));
    expect(result.reused).toEqual(
      expect.arrayContaining(["gate", "taken", "loop", "odd", "try", "all", "bad", "told"]),
    );
    const { calls: again } = await office.fork("old", { from: "odd" });
    expect(again).toEqual(["loop[0]/odd", "loop[1]/odd", "loop[2]/odd", "end"]);
  });

  it("is of a loop the rounds that went well", async () => {
    let isBroken = true;
    const office = new Office({
      step: ({ input }) => {
        if (input.item === 3 && isBroken) throw new Error("not yet");
        return input.item * 10;
      },
    });
    const loop = { id: "loop", type: "loop", parameters: { array: [1, 2, 3, 4] }, nodes: [leaf("step")] };
    await office.run(group("flow", [loop as Definition]));
    isBroken = false;
    const { calls, result } = await office.fork("old");
    expect(calls).toEqual(["loop[2]/step", "loop[3]/step"]);
    expect(result.data).toMatchObject({ results: [10, 20, 30, 40] });
  });

  it("is with it what became of the variables", async () => {
    let isBroken = true;
    const office = new Office({
      a: ({ variables }) => {
        variables["count"] = Number(variables["count"]) + 1;
        return "a";
      },
      b: ({ variables }) => {
        if (isBroken) throw new Error("not yet");
        return variables["count"];
      },
    });
    await office.run(line("a", "b"), "old", { variables: { count: 1 } });
    isBroken = false;
    const { calls, result } = await office.fork("old");
    expect(calls).toEqual(["b"]);
    expect(result.data).toBe(2);
  });
});

describe("what reads an input or a variable that is another", () => {
  const code = (id: string, text: string) => leaf(id, { type: "code", parameters: { code: text } });
  const flow = group(
    "flow",
    [
      code("fixed", "return { one: 1 }"),
      code("reads", "return variables.region"),
      code("other", "return variables.other"),
      code("given", "return inputs"),
      leaf("named", { type: "edit-fields", parameters: { values: { at: "${{ variables.region }}" } } }),
    ],
    [edge("fixed", "named")],
  );

  it("is refused where its flow does not allow the value, and under a misspelt name", async () => {
    const office = new Office();
    const variables = { region: { enum: ["eu", "us"], defaultValue: "eu" } };
    await office.run({ ...line("a", "b"), variables } as never, "old");
    const why = (given: object) =>
      office.conductor.executions.fork("old", { variables: given }).catch(({ code, message }) => [code, message]);
    expect(await why({ region: "uk" })).toEqual([
      "INVALID_PARAMETERS",
      expect.stringContaining('must be one of "eu", "us"'),
    ]);
    expect(await why({ regoin: "us" })).toEqual([
      "INVALID_PARAMETERS",
      expect.stringContaining("Did you mean `region`?"),
    ]);
    expect(await why({ region: "us", other: 1 })).toMatchObject({ executionId: expect.any(String) });
  });

  it("is run again, and what can be known not to is not", async () => {
    const store = memory();
    const conductor = createConductor({ transport: "local", store });
    const given = { variables: { region: "eu", other: 1 }, input: { a: 1 } };
    expect((await conductor.node.run(flow as NodeDefinition, { executionId: "old", ...given })).error).toBeUndefined();
    const reusedBy = async (changes: object) => {
      const { executionId } = await conductor.executions.fork("old", changes);
      return (await conductor.executions.result(executionId)).reused;
    };
    expect(await reusedBy({ variables: { region: "us" } })).toEqual(["fixed", "other", "given"]);
    expect(await reusedBy({ variables: { region: "eu" } })).toEqual(["fixed", "reads", "other", "given", "named"]);
    expect(await reusedBy({ input: { a: 2 } })).toEqual(["fixed", "reads", "other", "named"]);
  });
});

describe("a fork is refused", () => {
  it("where the type of a node does not have a changed parameter", async () => {
    const conductor = createConductor({ transport: "local", store: memory() } as never);
    const set = { id: "set", type: "edit-fields", parameters: { values: { a: 1 }, note: "kept" } };
    const flow = { ...group("flow", [group("in", [set as never])]) } as never;
    await conductor.node.run(flow, { executionId: "old" as never });
    const fork = (values: object) => conductor.executions.fork("old", { parameters: { set: values as never } });
    await expect(fork({ vlues: { a: 2 } })).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringMatching(
        /^`set` in `parameters`: `edit-fields` has no parameter `vlues`. Did you mean `values`\?/,
      ),
    });
    const { executionId } = await fork({ values: { a: 2 } });
    expect((await conductor.executions.result(executionId)).data).toMatchObject({ result: { a: 2 } });
    await conductor.shutdown();
  });

  it("where its changes do not fit the execution", async () => {
    const office = new Office();
    await office.run(group("flow", [leaf("a"), group("in", [leaf("b")]), group("on", [leaf("b")])]));
    const refusal = (id: string, changes: unknown) => office.conductor.executions.fork(id, changes as object);
    const code = "INVALID_PARAMETERS";
    await expect(refusal("none", {})).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
    await expect(refusal("old", { form: "a" })).rejects.toMatchObject({
      code,
      message: expect.stringContaining("`form`"),
    });
    await expect(refusal("old", { from: "x" })).rejects.toMatchObject({
      code,
      message: "`x` in `from` names no node of the flow; it has a, in, in/b, on, on/b",
    });
    await expect(refusal("old", { parameters: { "in/c": { size: 1 } } })).rejects.toMatchObject({
      code,
      message: "`in/c` in `parameters` names no node of the flow; it has a, in, in/b, on, on/b. Did you mean `in/b`?",
    });
    await expect(refusal("old", { parameters: { b: { size: 1 } } })).rejects.toMatchObject({
      code,
      message: "`b` in `parameters` names several nodes; name one of in/b, on/b",
    });
    await expect(refusal("old", { flow: group("other", [leaf("a")]) })).rejects.toMatchObject({ code });
    await expect(refusal("old", { flow: group("flow", [leaf("a"), leaf("a")]) })).rejects.toThrow(/`a`/);
    await expect(refusal("old", { executionId: "old" })).rejects.toMatchObject({ code });
    expect((await office.fork("old", { from: "in/b" })).calls).toEqual(["in/b"]);
  });
});

describe("a fork tells which nodes it took over", () => {
  it("in its result, its trace, the store and when it is looked back at", async () => {
    const office = new Office();
    const flow = group(
      "flow",
      [leaf("a"), group("in", [leaf("x"), leaf("y")], [edge("x", "y")]), leaf("b")],
      [edge("a", "in"), edge("in", "b")],
    );
    const first = await office.run(flow);
    expect(first.reused).toBeUndefined();
    const { result, executionId } = await office.fork("old", { from: "y" });
    expect(office.calls).toEqual(["in/y", "b"]);
    expect(result.reused).toEqual(["a", "x"]);
    const marks = ({ nodeId, reused }: { nodeId: string; reused?: true }) => [nodeId, reused];
    expect(result.trace?.nodes.map(marks)).toEqual([
      ["a", true],
      ["in", undefined],
      ["b", undefined],
    ]);
    const { nodes } = office.conductor.node.store.getState();
    expect(nodes.get("a")?.reused).toBe(true);
    expect(nodes.get("in")?.reused).toBeUndefined();
    expect(nodes.get("in")?.nodes?.map(({ id, reused }) => [id, reused])).toEqual([
      ["x", true],
      ["y", undefined],
    ]);
    expect((await office.conductor.executions.trace(executionId)).nodes.map(marks)).toEqual(
      result.trace?.nodes.map(marks),
    );
    const again = await office.conductor.executions.result(executionId);
    expect(again.reused).toEqual(["a", "x"]);
  });
});

describe("a fork that is begun from elsewhere", () => {
  const start = applications(() => ({}));

  it("is told by its id at once to a page of a desktop application, which waits for its result", async () => {
    const office = new Office();
    await office.run(line("a", "b"));
    const page = await start({ conductor: office.conductor }).open();
    office.calls.length = 0;
    const begun = await page.call("node", "forkExecution", { executionId: "old", changes: { from: "b" } });
    const { executionId } = begun.result as { executionId: string };
    const { result } = await page.call("node", "resultOfExecution", { executionId });
    expect(result).toMatchObject({ success: true, reused: ["a"] });
    expect(office.calls).toEqual(["b"]);
    const diff = await page.call("node", "diffExecutions", { a: "old", b: executionId });
    expect(diff.result).toMatchObject({ a: { executionId: "old" }, nodes: [{ path: "a", b: { reused: true } }, {}] });
    const refused = await page.call("node", "forkExecution", { executionId: "old", changes: { from: "x" } });
    expect(refused).toMatchObject({ code: "INVALID_PARAMETERS" });
  });

  it("is begun over a server", async () => {
    const office = new Office();
    await office.run(line("a", "b"));
    const { executions } = office.conductor;
    const server = await httpServer(async ({ path, body }, response) => {
      const { executionId, changes, a, b } = JSON.parse(body);
      if (path === "/api/node/forkExecution") return json(response, await executions.fork(executionId, changes));
      if (path === "/api/node/diffExecutions") return json(response, await executions.diff(a, b));
      return json(response, await executions.result(executionId));
    });
    const client = createConductor({ transport: "http", apiUrl: server.url, logLevel: "error" } as never);
    const { executionId } = await client.executions.fork("old", { from: "b", executionId: "far" });
    expect(executionId).toBe("far");
    expect(await client.executions.result("far")).toMatchObject({ success: true, reused: ["a"] });
    expect((await client.executions.diff("old", "far")).nodes[0]).toMatchObject({ path: "a", b: { reused: true } });
    expect(await client.executions.diff("old", "far")).toEqual(await executions.diff("old", "far"));
    await client.shutdown();
  });
});

describe("a fork whose process crashed", () => {
  const changes = { from: ["pay2", "look"], parameters: { price: { other: 1 } }, executionId: "new" };

  it.each([
    ["before", true],
    ["after", false],
  ])("goes on from every point, crashed %s a write, and does no more than it would have", async (_, before) => {
    const prepare = async () => {
      const world = new World();
      const store = memory();
      await new Process(world, store).conductor.node.run(longFlow() as never, { executionId: "old" });
      world.deeds.length = 0;
      return { world, store };
    };
    const undisturbed = await prepare();
    const calm = new Process(undisturbed.world, memory(undisturbed.store));
    await calm.conductor.executions.fork("old", changes);
    const whole = await calm.conductor.executions.result("new");
    expect(whole.error).toBeUndefined();
    const steps = undisturbed.world.steps();
    expect([...steps].every((key) => key.startsWith("new/"))).toBe(true);
    expect(steps).not.toContain("new/pay1");
    expect(steps).not.toContain("new/first");
    for (let point = 0; point < 80; point++) {
      const { world, store } = await prepare();
      const one = new Process(world, memory(store), { crashAt: point, before });
      const run = one.conductor.executions.fork("old", changes).then(() => one.conductor.executions.result("new"));
      if ((await Promise.race([run, one.death.then(() => undefined)])) !== undefined) {
        expect(point).toBeGreaterThan(10);
        return;
      }
      const two = new Process(world, memory(store));
      const { resumed, blocked } = await two.conductor.recover();
      expect(blocked).toEqual([]);
      // Before the first write nothing is known of it.
      if ((await two.store.get("new")) === undefined) await two.conductor.executions.fork("old", changes);
      const result = await (resumed[0]?.result ?? two.conductor.executions.result("new"));
      expect(result.error, `crashed at write ${point}`).toBeUndefined();
      expect(world.keysWithTwoInputs(), `crashed at write ${point}`).toEqual([]);
      expect(world.steps(), `crashed at write ${point}`).toEqual(steps);
      expect(result.reused, `crashed at write ${point}`).toEqual(whole.reused);
      const again = await two.conductor.executions.result("new");
      expect(again.outputs).toEqual(result.outputs);
      expect(again.reused).toEqual(whole.reused);
      expect(await two.store.get("new")).toMatchObject({ status: "completed", trigger: "fork", parentId: "old" });
    }
    expect.unreachable("no point is beyond the end");
  });
});
