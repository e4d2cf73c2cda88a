import { describe, expect, it } from "vitest";
import { byId, chain, conductorWith, diamond, group, independent, leaf, nested, type RunResult } from "./flows";

const failingAt = (id: string) =>
  conductorWith(
    byId({
      [id]: () => {
        throw new Error(`${id} broke`);
      },
    }),
  );

const keysOf = (result: RunResult) => Object.keys(result).sort();

describe("the result of a leaf", () => {
  it("has its six keys at success", async () => {
    const result = await conductorWith(() => ({ answer: 42 })).node.run(leaf("a"));
    expect(keysOf(result)).toEqual(["context", "data", "duration", "executedNodes", "success", "trace"]);
    expect(result).toMatchObject({ success: true, data: { answer: 42 }, executedNodes: ["a"] });
  });

  it("has its six keys at failure", async () => {
    const result = await failingAt("a").node.run(leaf("a"));
    expect(keysOf(result)).toEqual(["context", "duration", "error", "executedNodes", "success", "trace"]);
    expect(result).toMatchObject({ success: false, executedNodes: ["a"] });
  });

  it("has the very value that the node returned", async () => {
    const value = { deep: [new Map()] };
    const { data } = await conductorWith(() => value).node.run(leaf("a"));
    expect(data).toBe(value);
    expect(Object.isFrozen(value)).toBe(false);
  });

  it("tells its time in milliseconds", async () => {
    const { duration } = await conductorWith().node.run(leaf("a"));
    expect(typeof duration).toBe("number");
    expect(duration).toBeGreaterThanOrEqual(0);
    expect(Number.isFinite(duration)).toBe(true);
  });
});

describe("a copy of a result", () => {
  it.each([
    ["spread", (result: RunResult) => ({ ...result })],
    ["assigned", (result: RunResult) => Object.assign({}, result)],
    ["cloned", (result: RunResult) => structuredClone(result)],
    ["JSON", (result: RunResult) => JSON.parse(JSON.stringify(result))],
  ])("has the six keys with their values: %s", async (_, copy) => {
    // What a node before the last gives may be nothing that can be cloned.
    const conductor = conductorWith(byId({ n1: () => () => {}, n2: () => ({ answer: 42 }) }));
    const result = await conductor.node.run(chain(2));
    const copied = copy(result);
    expect(Object.keys(copied).sort()).toEqual(keysOf(result));
    expect(copied).toMatchObject({ success: true, data: { answer: 42 }, executedNodes: ["root", "n1", "n2"] });
    expect(copied.trace.nodes.map(({ nodeId }: { nodeId: string }) => nodeId)).toEqual(["n1", "n2"]);
    expect(Object.keys(result.outputs ?? {})).toEqual(["n1", "n2"]);
  });
});

describe("the result of a group", () => {
  it("has the keys of a leaf's at success", async () => {
    const result = await conductorWith().node.run(diamond());
    expect(keysOf(result)).toEqual(["context", "data", "duration", "executedNodes", "success", "trace"]);
    expect(result.context).toMatchObject({ nodeId: "root" });
  });

  it("has as data the output of the last node in order", async () => {
    expect((await conductorWith().node.run(diamond())).data).toBe("out:d");
    expect((await conductorWith().node.run(independent("b", "c", "a"))).data).toBe("out:a");
    expect((await conductorWith().node.run(nested())).data).toBe("out:z");
  });

  it("has as data the last node's undefined, not the one before", async () => {
    const result = await conductorWith(byId({ n2: () => undefined })).node.run(chain(2));
    expect("data" in result).toBe(true);
    expect(result.data).toBeUndefined();
    expect(result.success).toBe(true);
  });

  it("has as output of an inner group that of its last node", async () => {
    const conductor = conductorWith();
    const result = await conductor.node.run(group("root", [leaf("a"), group("inner", [leaf("c1"), leaf("c2")])]));
    expect(result.data).toBe("out:c2");
  });

  it("has the output of each node by id", async () => {
    const { outputs } = await conductorWith().node.run(diamond());
    expect({ ...outputs }).toEqual({ a: "out:a", b: "out:b", c: "out:c", d: "out:d" });
  });

  it("has the outputs of groups and of nodes inside them", async () => {
    const { outputs } = await conductorWith().node.run(nested());
    expect(outputs).toMatchObject({
      a: "out:a",
      inner: "out:c2",
      c1: "out:c1",
      c2: "out:c2",
      z: "out:z",
    });
  });

  it("keeps the output of a node called like a property of objects", async () => {
    const { outputs } = await conductorWith().node.run(independent("constructor", "toString"));
    expect(Object.keys(outputs ?? {}).sort()).toEqual(["constructor", "toString"]);
  });

  it("has no data and no further output at failure", async () => {
    const result = await failingAt("b").node.run(diamond());
    expect("data" in result).toBe(false);
    expect(result).toMatchObject({
      success: false,
      error: { code: "EXECUTION_FAILED", message: "b broke", nodeId: "b" },
    });
    expect(result.trace?.events.length).toBeGreaterThan(0);
  });
});

describe("the executed nodes", () => {
  const leavesOf = (result: RunResult) => result.executedNodes.filter((id) => id !== "root" && id !== "inner");

  it("begin with the group, then its children in order", async () => {
    const { executedNodes } = await conductorWith().node.run(diamond());
    expect(executedNodes).toEqual(["root", "a", "b", "c", "d"]);
  });

  it("unfold inner groups in place", async () => {
    const { executedNodes } = await conductorWith().node.run(nested());
    expect(executedNodes).toEqual(["root", "a", "inner", "c1", "c2", "z"]);
  });

  it("end with the node that failed", async () => {
    expect(leavesOf(await failingAt("n2").node.run(chain(4)))).toEqual(["n1", "n2"]);
    expect(leavesOf(await failingAt("c2").node.run(nested()))).toEqual(["a", "c1", "c2"]);
    expect(leavesOf(await failingAt("a").node.run(nested()))).toEqual(["a"]);
  });
});

describe("the first failure", () => {
  it("ends the flow: nothing after it starts", async () => {
    const ran: string[] = [];
    const conductor = conductorWith((params) => {
      ran.push(params.nodeId);
      if (params.nodeId === "c1") throw new Error("boom");
    });
    const result = await conductor.node.run(
      group("root", [leaf("a"), group("inner", [leaf("c1"), leaf("c2")]), leaf("unrelated")]),
    );
    expect(result.success).toBe(false);
    expect(ran).toEqual(["a", "c1"]);
  });

  it("does not spoil the next run", async () => {
    let healthy = false;
    const conductor = conductorWith(() => {
      if (!healthy) throw new Error("not yet");
      return "fine";
    });
    expect((await conductor.node.run(chain(2))).success).toBe(false);
    healthy = true;
    expect(await conductor.node.run(chain(2))).toMatchObject({ success: true, data: "fine" });
    expect(conductor.node.store.getState().cachedProgress).toBe(100);
  });

  it("does not spoil the definition: it can be run again and is unchanged", async () => {
    const definition = nested();
    const conductor = failingAt("c2");
    await conductor.node.run(definition);
    await conductor.node.run(definition);
    expect(definition).toEqual(nested());
  });

  it("leaves a frozen definition alone", async () => {
    const freeze = <T>(value: T): T => {
      if (value && typeof value === "object") Object.values(value).forEach(freeze);
      return Object.freeze(value);
    };
    expect(await conductorWith().node.run(freeze(nested()))).toMatchObject({ success: true });
  });
});
