/** Running a stored flow by its id. */
import { describe, expect, it, vi } from "vitest";
import { chain, edge, group, leaf, nested } from "../contract/flows.js";
import { conductorOf, storageOf } from "./stored.js";

describe("a request", () => {
  it.each(["flowId", "compositeId", "blueprintId"])("runs the stored flow that %s names", async (name) => {
    const conductor = await conductorOf({ flows: [chain(2, "my-flow")] });
    const result = await conductor.execute({ [name]: "my-flow" } as never);
    expect(result).toMatchObject({ success: true, outputs: { n1: "out:n1", n2: "out:n2" }, data: "out:n2" });
  });

  it("goes by flowId, then compositeId, then blueprintId", async () => {
    const conductor = await conductorOf({ flows: ["f", "c", "b"].map((id) => group(id, [leaf(`in-${id}`)])) });
    const all = await conductor.execute({ flowId: "f", compositeId: "c", blueprintId: "b" });
    expect(all.outputs).toEqual({ "in-f": "out:in-f" });
    const two = await conductor.execute({ compositeId: "c", blueprintId: "b" });
    expect(two.outputs).toEqual({ "in-c": "out:in-c" });
  });

  it("hands its inputs to the first nodes", async () => {
    const seen: unknown[] = [];
    const conductor = await conductorOf({ flows: [chain(1, "f")], body: ({ input }) => seen.push(input) });
    await conductor.execute({ flowId: "f", inputs: { file: "data.csv", rows: [1, 2] } });
    await conductor.execute({ flowId: "f" });
    expect(seen).toEqual([{ file: "data.csv", rows: [1, 2] }, {}]);
  });

  it("may be frozen, and is left as it was", async () => {
    const conductor = await conductorOf({ flows: [chain(1, "f")] });
    const request = Object.freeze({
      flowId: "f",
      inputs: Object.freeze({ a: 1 }),
      options: Object.freeze({ retries: 1 }),
      context: Object.freeze({ variables: Object.freeze({ v: 1 }) }),
    });
    expect((await conductor.execute(request)).success).toBe(true);
    expect(request).toEqual({
      flowId: "f",
      inputs: { a: 1 },
      options: { retries: 1 },
      context: { variables: { v: 1 } },
    });
  });

  it("works through a detached function", async () => {
    const { execute } = await conductorOf({ flows: [chain(1, "f")] });
    expect(await execute({ flowId: "f" })).toMatchObject({ success: true });
  });
});

describe("the result of a request", () => {
  it("has the outputs of nodes at every depth, and the last one as data", async () => {
    const conductor = await conductorOf({ flows: [nested()] });
    const result = await conductor.execute({ flowId: "root" });
    expect(result.outputs).toMatchObject({ a: "out:a", c1: "out:c1", c2: "out:c2", inner: "out:c2", z: "out:z" });
    for (const copy of [{ ...result }, structuredClone(result), JSON.parse(JSON.stringify(result))]) {
      expect(copy.outputs).toEqual(result.outputs);
    }
    expect(result.data).toBe("out:z");
  });

  it("tells how it went", async () => {
    const conductor = await conductorOf({ flows: [chain(2, "f")] });
    const { error, metadata } = await conductor.execute({
      flowId: "f",
      context: { executionId: "exec_mine" as never },
    });
    expect(error).toBeUndefined();
    expect(metadata).toEqual({
      executionId: "exec_mine",
      flowId: "f",
      duration: expect.any(Number),
      executedNodes: ["f", "n1", "n2"],
      attempts: 1,
    });
    expect(metadata?.duration).toBeGreaterThanOrEqual(0);
  });

  it("can be turned into JSON, as a server does", async () => {
    const conductor = await conductorOf({ flows: [chain(2, "f")] });
    const result = await conductor.execute({ flowId: "f" });
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  it("has an execution id of its own where none was given", async () => {
    const conductor = await conductorOf({ flows: [chain(1, "f")] });
    const results = await Promise.all([conductor.execute({ flowId: "f" }), conductor.execute({ flowId: "f" })]);
    const [one, two] = results.map(({ metadata }) => metadata?.executionId);
    expect(one).toMatch(/^exec_./);
    expect(two).toMatch(/^exec_./);
    expect(one).not.toBe(two);
  });

  it("is a failure in words, with the structured error behind it", async () => {
    const conductor = await conductorOf({
      flows: [chain(3, "f")],
      body: ({ nodeId }) => {
        if (nodeId === "n2") throw new Error("no such table");
        return nodeId;
      },
    });
    const result = await conductor.execute({ flowId: "f", context: { executionId: "exec_1" as never } });
    expect(result.success).toBe(false);
    expect(result.error).toBe("no such table");
    expect(result.outputs).toBeUndefined();
    expect(result.metadata).toMatchObject({
      executionId: "exec_1",
      flowId: "f",
      attempts: 1,
      error: {
        code: "EXECUTION_FAILED",
        message: "no such table",
        nodeId: "n2",
        executionId: "exec_1",
        timestamp: expect.any(Date),
        recovery: { retryable: true },
      },
    });
    expect(result.metadata?.executedNodes.filter((id) => id !== "f")).toEqual(["n1", "n2"]);
  });
});

describe("a request that cannot be met", () => {
  it.each([
    {},
    { inputs: { a: 1 } },
    { flowId: "" },
    { flowId: undefined },
    { flowId: null },
    { flowId: 7 },
    { flowId: {} },
  ])("fails with INVALID_PARAMETERS without an id: %j", async (request) => {
    const result = await (await conductorOf()).execute(request as never);
    expect(result).toMatchObject({ success: false, metadata: { error: { code: "INVALID_PARAMETERS" } } });
    expect(result.error).toEqual(expect.any(String));
    expect(result.error).not.toBe("");
  });

  it.each(["nobody", "__proto__", "constructor", "../outside", "a/b", "  "])(
    "names the flow that is not there: %j",
    async (flowId) => {
      const result = await (await conductorOf()).execute({ flowId });
      expect(result.success).toBe(false);
      expect(result.error).toBe(`Flow with id ${flowId} not found`);
      expect(result.metadata?.error?.recovery?.suggestions?.join(" ")).toMatch(/^Check the id.*GET \/api\/flows/);
      expect(result.metadata).toMatchObject({
        flowId,
        attempts: 1,
        executedNodes: [],
        error: { code: "NODE_NOT_FOUND" },
      });
    },
  );

  it("names the flow where nothing is stored at all", async () => {
    const { createConductor } = await import("@atomiton/conductor/node");
    const conductor = createConductor();
    const result = await conductor.execute({ flowId: "no-flow-of-this-name" });
    expect(result.error).toBe("Flow with id no-flow-of-this-name not found");
    await conductor.shutdown();
  });

  it("says what is wrong with the flow before anything runs", async () => {
    const body = vi.fn();
    const cyclic = group("f", [leaf("a"), leaf("b")], [edge("a", "b"), edge("b", "a")]);
    const result = await (await conductorOf({ flows: [cyclic], body })).execute({ flowId: "f" });
    expect(result).toMatchObject({ success: false, metadata: { error: { code: "CIRCULAR_DEPENDENCY" } } });
    expect(result.error).toContain("Cycle detected in node graph");
    expect(body).not.toHaveBeenCalled();
  });

  it.each([["text"], [7], [null], [[]]])("fails when what is stored is no flow: %j", async (stored) => {
    const storage = await storageOf();
    await storage.save("odd", stored);
    const result = await (await conductorOf({ storage })).execute({ flowId: "odd" });
    expect(result.success).toBe(false);
    expect(result.error).toEqual(expect.stringMatching(/./));
  });

  it("fails when the storage does, and says why", async () => {
    const storage = { ...(await storageOf()), load: async () => Promise.reject(new Error("the disk is on fire")) };
    const result = await (await conductorOf({ storage })).execute({ flowId: "f" });
    expect(result.success).toBe(false);
    expect(result.error).toContain("the disk is on fire");
    expect(result.metadata?.error?.code).not.toBe("NODE_NOT_FOUND");
  });
});

describe("what goes along with a request", () => {
  it("are variables, shared by all nodes", async () => {
    const seen: unknown[] = [];
    const conductor = await conductorOf({
      flows: [chain(2, "f")],
      body: ({ variables }) => seen.push({ ...variables }),
    });
    await conductor.execute({ flowId: "f", context: { variables: { env: "production" } } });
    expect(seen).toEqual([{ env: "production" }, { env: "production" }]);
  });

  it("is a simulated error", async () => {
    const conductor = await conductorOf({ flows: [chain(2, "f")] });
    const debug = { simulateError: { nodeId: "n2" as never, errorType: "network" as const, message: "line is down" } };
    const result = await conductor.execute({ flowId: "f", context: { debug } });
    expect(result.error).toBe("[NETWORK] line is down");
    expect(result.metadata?.error?.nodeId).toBe("n2");
  });

  it("is the execution that asks, which takes the request along when it is cancelled", async () => {
    const conductor = await conductorOf({
      flows: [chain(1, "inner"), chain(1, "outer")],
      body: ({ variables }) => (variables.held ? new Promise(() => undefined) : "done"),
    });
    const parent = conductor.execute({
      flowId: "outer",
      context: { executionId: "exec_outer" as never, variables: { held: true } },
    });
    const child = conductor.execute({
      flowId: "inner",
      context: { variables: { held: true }, parentContext: { executionId: "exec_outer" } as never },
    });
    await vi.waitFor(async () => expect((await conductor.node.active()).length).toBe(2));
    await conductor.node.cancel("exec_outer");
    for (const result of [await parent, await child]) {
      expect(result).toMatchObject({ success: false, metadata: { error: { code: "CANCELLED" } } });
    }
  });
});

describe("a request that runs", () => {
  it("can be cancelled by its execution id, though its node never answers", async () => {
    const conductor = await conductorOf({ flows: [chain(2, "f")], body: () => new Promise(() => undefined) });
    const run = conductor.execute({ flowId: "f", context: { executionId: "exec_1" as never } });
    await vi.waitFor(async () => expect((await conductor.node.active()).length).toBe(1));
    await conductor.node.cancel("exec_1");
    expect(await run).toMatchObject({ success: false, metadata: { error: { code: "CANCELLED" } } });
    expect(await conductor.node.active()).toEqual([]);
  });

  it("can be cancelled in the turn in which it was asked for", async () => {
    const conductor = await conductorOf({ flows: [chain(1, "f")], body: () => new Promise(() => undefined) });
    const run = conductor.execute({ flowId: "f", context: { executionId: "exec_1" as never } });
    await conductor.node.cancel("exec_1");
    expect(await run).toMatchObject({ success: false, metadata: { error: { code: "CANCELLED" } } });
  });

  it("is told of by the events, under its id", async () => {
    const conductor = await conductorOf({ flows: [chain(1, "f")] });
    const heard: unknown[] = [];
    conductor.events.onStarted(({ executionId }) => heard.push(["started", executionId]));
    conductor.events.onCompleted(({ executionId }) => heard.push(["completed", executionId]));
    conductor.node.onComplete(({ executionId, output }) => heard.push(["complete", executionId, output]));
    await conductor.execute({ flowId: "f", context: { executionId: "exec_1" as never } });
    expect(heard).toEqual([
      ["started", "exec_1"],
      ["completed", "exec_1"],
      ["complete", "exec_1", "out:n1"],
    ]);
  });
});

describe("a node instead of a request", () => {
  it("is run as by node.run", async () => {
    const conductor = await conductorOf();
    const byAlias = await conductor.execute(chain(2) as never, { executionId: "exec_1" as never });
    const byName = await conductor.node.run(chain(2) as never, { executionId: "exec_1" as never });
    expect(Object.keys(byAlias)).toEqual(Object.keys(byName));
    expect(byAlias).toMatchObject({ success: true, data: "out:n2", executedNodes: ["root", "n1", "n2"] });
    expect(byAlias).toMatchObject({ context: { executionId: "exec_1" }, trace: { executionId: "exec_1" } });
  });

  it("is one even if it carries a flow's id, since it has a type", async () => {
    const conductor = await conductorOf({ flows: [chain(2, "stored")] });
    const result = await conductor.execute({ ...leaf("a"), flowId: "stored" } as never);
    expect(result).toMatchObject({ success: true, data: "out:a", executedNodes: ["a"] });
  });
});
