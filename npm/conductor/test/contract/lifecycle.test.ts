import { createConductor } from "@atomiton/conductor/desktop";
import { afterEach, describe, expect, it, vi } from "vitest";
import { byId, type Conductor, chain, conductorOver, conductorWith, diamond, group, leaf, type Params } from "./flows";

const contextKeys = ["nodeId", "executionId", "variables", "input", "parentContext", "slowMo", "debug"];
const generatedId = /^exec_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

afterEach(() => vi.restoreAllMocks());

describe("the context of a run", () => {
  it("has exactly seven keys, also when nothing was given", async () => {
    const { context } = await conductorWith().node.run(leaf("a"));
    expect(Object.keys(context)).toEqual(contextKeys);
    expect(context).toMatchObject({ nodeId: "a", variables: {} });
    expect(context.input).toBeUndefined();
    expect(context.parentContext).toBeUndefined();
    expect(context.debug).toBeUndefined();
  });

  it("drops keys that it does not know", async () => {
    const { context } = await conductorWith().node.run(leaf("a"), { colour: "red", input: { x: 1 } });
    expect(Object.keys(context)).toEqual(contextKeys);
    expect(context.input).toEqual({ x: 1 });
  });

  it("is named after the node, whatever the caller says", async () => {
    const { context } = await conductorWith().node.run(leaf("a"), { nodeId: "other" });
    expect(context.nodeId).toBe("a");
  });

  it("keeps the execution id that the caller gave", async () => {
    const { context } = await conductorWith().node.run(leaf("a"), { executionId: "exec_mine" });
    expect(context.executionId).toBe("exec_mine");
  });

  it.each([undefined, "", null])("gets a generated execution id in place of %j", async (executionId) => {
    const { context } = await conductorWith().node.run(leaf("a"), { executionId });
    expect(context.executionId).toMatch(generatedId);
  });

  it("gets another generated id for each run", async () => {
    const conductor = conductorWith();
    const [first, second] = await Promise.all([conductor.node.run(leaf("a")), conductor.node.run(leaf("a"))]);
    expect(first.context.executionId).not.toBe(second.context.executionId);
  });

  it("passes the caller's variables on as they are", async () => {
    const variables = { user: "u1" };
    const { context } = await conductorWith().node.run(leaf("a"), { variables });
    expect(context.variables).toBe(variables);
  });
});

describe("a node that can be run", () => {
  it.each([[""], [undefined], [null], [7], [{}]])("is refused by a rejection when its id is %j", async (id) => {
    await expect(conductorWith().node.run({ id, type: "test" })).rejects.toThrow(
      "Invalid node ID: must be a non-empty string",
    );
  });

  it("needs an id and a type only", async () => {
    const result = await conductorWith(() => 42).node.run({ id: "a", type: "test" });
    expect(result).toMatchObject({ success: true, data: 42 });
  });

  it("may have children without names, parameters and edges", async () => {
    const result = await conductorWith().node.run({
      id: "root",
      type: "group",
      nodes: [{ id: "a", type: "test" }],
    });
    expect(result).toMatchObject({ success: true, data: "out:a" });
  });
});

describe("executables", () => {
  it("are looked up by type once and called once per leaf", async () => {
    const execute = vi.fn(async (params: Params) => params.nodeId);
    const getNodeExecutable = vi.fn(() => ({ execute }));
    const result = await conductorOver({ getNodeExecutable }).node.run(diamond());
    expect(result.success).toBe(true);
    expect(getNodeExecutable.mock.calls).toEqual([["test"], ["test"], ["test"], ["test"]]);
    expect(execute).toHaveBeenCalledTimes(4);
  });

  it("are called as methods of themselves with one argument", async () => {
    class Greeter {
      greeting = "hello";
      execute(...args: unknown[]) {
        return `${this.greeting} ${args.length}`;
      }
    }
    const result = await conductorOver({ getNodeExecutable: () => new Greeter() }).node.run(leaf("a"));
    expect(result.data).toBe("hello 1");
  });

  it("may answer at once, without a promise", async () => {
    const conductor = conductorOver({ getNodeExecutable: () => ({ execute: () => "now" }) });
    expect((await conductor.node.run(leaf("a"))).data).toBe("now");
  });

  it("come from the nodes package when no factory is given", async () => {
    const conductor = createConductor() as unknown as Conductor;
    vi.spyOn(console, "log").mockReturnValue(undefined);
    const result = await conductor.node.run({
      id: "a",
      type: "edit-fields",
      parameters: { values: { answer: 42 } },
    });
    expect(result.error).toBeUndefined();
    expect(result.data).toMatchObject({ result: { answer: 42 } });
  });

  it("that do not exist fail the node by name", async () => {
    const conductor = conductorOver({ getNodeExecutable: () => undefined });
    const result = await conductor.node.run(leaf("a", { type: "teleport" }));
    expect(result.success).toBe(false);
    expect(result.error).toMatchObject({
      code: "NODE_TYPE_NOT_FOUND",
      message: "No implementation found for node type: teleport",
      nodeId: "a",
    });
    expect(conductor.node.store.getState().nodes.get("a")?.state).toBe("error");
  });

  it("that do not exist in the nodes package fail the node by name", async () => {
    const result = await (createConductor() as unknown as Conductor).node.run(leaf("a", { type: "teleport" }));
    expect(result.error).toMatchObject({
      code: "NODE_TYPE_NOT_FOUND",
      message: "No implementation found for node type: teleport",
    });
  });

  it("are used even if a transport is configured", async () => {
    const execute = vi.fn();
    const conductor = conductorWith(() => "local", { transport: { execute } });
    expect((await conductor.node.run(leaf("a"))).data).toBe("local");
    expect(execute).not.toHaveBeenCalled();
  });

  it("of a factory that throws fail the node, not the caller", async () => {
    const conductor = conductorOver({
      getNodeExecutable: () => {
        throw new Error("registry is down");
      },
    });
    const result = await conductor.node.run(leaf("a"));
    expect(result).toMatchObject({ success: false, error: { message: "registry is down" } });
  });
});

describe("what a conductor offers", () => {
  it("begins with node, system, events, store, execute, health", () => {
    expect(Object.keys(conductorWith()).slice(0, 6)).toEqual([
      "node",
      "system",
      "events",
      "store",
      "execute",
      "health",
    ]);
  });

  it("runs nodes through a detached function", async () => {
    const { run } = conductorWith().node;
    expect((await run(leaf("a"))).data).toBe("out:a");
  });

  it("runs nodes through execute as well", async () => {
    const conductor = conductorWith();
    const completed = vi.fn();
    conductor.events.onCompleted(completed);
    const result = await conductor.execute(leaf("a"), { executionId: "exec_alias" });
    expect(result).toMatchObject({ success: true, data: "out:a" });
    expect(completed).toHaveBeenCalledExactlyOnceWith({ executionId: "exec_alias", result });
  });

  it("runs flows, and only flows, through flow.run", async () => {
    const { flow } = conductorWith();
    expect((await flow.run(chain(2))).data).toBe("out:n2");
    const refusal = "Flow must be a group node with child nodes. Use conductor.node.run() for atomic nodes.";
    await expect(flow.run(leaf("a"))).rejects.toThrow(refusal);
    await expect(flow.run(group("root", []))).rejects.toThrow(refusal);
  });

  it("says of flow.run with an object as nodes that they must be a list", async () => {
    const run = conductorWith().flow.run({ id: "root", type: "group", nodes: {} } as never);
    await expect(run).rejects.toThrow("`nodes` must be a list, found an object");
  });

  it("reports that local execution works", async () => {
    const conductor = conductorWith();
    const before = Date.now();
    for (const health of [conductor.system.health, conductor.health]) {
      const report = await health();
      expect(report).toEqual({
        status: "ok",
        timestamp: expect.any(Number),
        message: "Local conductor operational",
      });
      expect(report.timestamp).toBeGreaterThanOrEqual(before);
    }
  });

  it("asks the configured transport for its health", async () => {
    const report = { status: "degraded", timestamp: 7, message: "slow link" };
    const conductor = conductorWith(undefined, {
      transport: { execute: vi.fn(), health: async () => report },
    });
    expect(await conductor.system.health()).toEqual(report);
    expect(await conductor.health()).toEqual(report);
  });

  it("warns at each use of the old store property and still answers", () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue(undefined);
    const conductor = conductorWith();
    expect(warn).not.toHaveBeenCalled();
    expect(conductor.store).toBe(conductor.node.store);
    expect(conductor.store).toBe(conductor.node.store);
    const message = "Deprecated: conductor.store is deprecated. Use conductor.node.store instead.";
    expect(warn.mock.calls).toEqual([[message], [message]]);
  });
});

describe("the end of a run", () => {
  it("never rejects for a failing node", async () => {
    const conductor = conductorWith(
      byId({
        n2: () => {
          throw new Error("boom");
        },
      }),
    );
    await expect(conductor.node.run(chain(3))).resolves.toMatchObject({ success: false });
  });

  it("hands out the same result object that the completed event carried", async () => {
    const conductor = conductorWith();
    let announced: unknown;
    conductor.events.onCompleted((event) => {
      announced = event.result;
    });
    expect(await conductor.node.run(chain(2))).toBe(announced);
  });

  it("lets two runs on one conductor take turns", async () => {
    const order: string[] = [];
    const conductor = conductorWith(async ({ nodeId }) => {
      order.push(nodeId);
    });
    const one = conductor.node.run(group("one", [leaf("a1"), leaf("a2"), leaf("a3")]));
    const two = conductor.node.run(group("two", [leaf("b1"), leaf("b2"), leaf("b3")]));
    await Promise.all([one, two]);
    expect(order.indexOf("b1")).toBeLessThan(order.indexOf("a3"));
    expect(order.indexOf("a1")).toBeLessThan(order.indexOf("b3"));
  });
});
