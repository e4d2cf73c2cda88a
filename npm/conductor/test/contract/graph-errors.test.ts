import { describe, expect, it, vi } from "vitest";
import { conductorWith, type Definition, edge, group, leaf, type RunResult } from "./flows";

/** Runs a flow that cannot run, and checks what every such run has in common. */
async function refused(definition: unknown): Promise<RunResult & { error: NonNullable<RunResult["error"]> }> {
  const body = vi.fn();
  const conductor = conductorWith(body);
  const events: string[] = [];
  conductor.events.onStarted(() => events.push("started"));
  conductor.events.onProgress(() => events.push("progress"));
  conductor.events.onCompleted(() => events.push("completed"));
  conductor.events.onError(() => events.push("error"));
  const before = conductor.node.store.getState();
  const result = await conductor.node.run(definition, { executionId: "exec_1" });
  expect(body).not.toHaveBeenCalled();
  expect(events).toEqual(["started", "error"]);
  expect(conductor.node.store.getState()).toBe(before);
  expect(result.success).toBe(false);
  expect(result.error).toMatchObject({
    executionId: "exec_1",
    timestamp: expect.any(Date),
    recovery: { retryable: false },
  });
  return result as never;
}

/** A flow that puts another two levels down, behind a node that could run. */
const buried = (inner: Definition): Definition =>
  group("outer", [leaf("first"), group("middle", [inner])], [edge("first", "middle")]);

const cyclic = () =>
  group("root", [leaf("a"), leaf("b"), leaf("c"), leaf("free")], [edge("a", "b"), edge("b", "c"), edge("c", "b")]);

describe("a group without a type", () => {
  it("is refused by its id, with what to write", async () => {
    const { error } = await refused({ id: "job", nodes: [leaf("a")] });
    expect(error).toMatchObject({
      code: "INVALID_NODE",
      message: 'The flow `job` itself has no `type`: write `type: "group"`',
    });
    const inner = await refused(group("job", [{ id: "inner", nodes: [leaf("a")] } as Definition]));
    expect(inner.error.message).toBe('The group `inner` has no `type`: write `type: "group"`');
  });
});

describe("a flow with a cycle", () => {
  it("is refused before anything runs, naming the cycle", async () => {
    const { error } = await refused(cyclic());
    expect(error.code).toBe("CIRCULAR_DEPENDENCY");
    expect(error.message).toContain("Cycle detected in node graph");
    expect(error.message).toMatch(/b.*c/s);
  });

  it("ends in a result of its own shape", async () => {
    const result = await refused(cyclic());
    expect(Object.keys(result).sort()).toEqual(["context", "duration", "error", "executedNodes", "success"].sort());
    expect(result.executedNodes).toEqual(["root"]);
    expect(result.context).toMatchObject({ nodeId: "root", executionId: "exec_1" });
    expect(result.duration).toBeGreaterThanOrEqual(0);
    expect(typeof result.error.stack).toBe("string");
  });

  it("is refused when a node depends on itself", async () => {
    const { error } = await refused(group("root", [leaf("solo")], [edge("solo", "solo")]));
    expect(error.code).toBe("CIRCULAR_DEPENDENCY");
    expect(error.message).toContain("Cycle detected in node graph");
    expect(error.message).toContain("solo");
  });

  it("is refused when every node is on the cycle", async () => {
    const { error } = await refused(group("root", [leaf("a"), leaf("b")], [edge("a", "b"), edge("b", "a")]));
    expect(error.code).toBe("CIRCULAR_DEPENDENCY");
  });

  it("is refused when the cycle is in a nested group", async () => {
    const { error } = await refused(buried(cyclic()));
    expect(error.code).toBe("CIRCULAR_DEPENDENCY");
    expect(error.message).toContain("Cycle detected in node graph");
    expect(error.message).toMatch(/b.*c/s);
  });
});

describe("an edge that leads nowhere", () => {
  it.each([
    ["target", edge("a", "ghost", { id: "e7" })],
    ["source", edge("ghost", "a", { id: "e7" })],
  ])("is refused, naming the edge and its %s", async (end, broken) => {
    const { error } = await refused(group("root", [leaf("a"), leaf("b")], [edge("a", "b"), broken]));
    expect(error.code).toBe("NODE_NOT_FOUND");
    expect(error.message).toContain("e7");
    expect(error.message).toContain("ghost");
    expect(error.message).toMatch(new RegExp(end, "i"));
  });

  it("is refused in a nested group as well", async () => {
    const { error } = await refused(buried(group("inner", [leaf("a")], [edge("a", "ghost", { id: "e7" })])));
    expect(error.code).toBe("NODE_NOT_FOUND");
    expect(error.message).toContain("ghost");
  });

  it("is one that reaches into another group", async () => {
    const { error } = await refused(
      group("root", [leaf("a"), group("inner", [leaf("c")])], [edge("a", "c", { id: "e7" })]),
    );
    expect(error.code).toBe("NODE_NOT_FOUND");
    expect(error.message).toContain("e7");
  });
});

describe("a node that cannot be told from another", () => {
  it("is refused, naming its id", async () => {
    const { error } = await refused(group("root", [leaf("twin"), leaf("b"), leaf("twin")]));
    expect(error.code).toBe("INVALID_NODE");
    expect(error.message).toContain("twin");
  });

  it("is refused in a nested group as well", async () => {
    const { error } = await refused(buried(group("inner", [leaf("twin"), leaf("twin")])));
    expect(error.code).toBe("INVALID_NODE");
    expect(error.message).toContain("twin");
  });
});

describe("a node that lacks a field", () => {
  it.each([
    ["a child without a type", { id: "root", type: "group", nodes: [{ id: "a" }] }],
    ["a child with an empty type", { id: "root", type: "group", nodes: [{ id: "a", type: "" }] }],
    ["a child without an id", { id: "root", type: "group", nodes: [{ type: "test" }] }],
    ["a child with an empty id", { id: "root", type: "group", nodes: [{ id: "", type: "test" }] }],
    ["a child that is null", { id: "root", type: "group", nodes: [null] }],
    [
      "a grandchild without a type",
      { id: "root", type: "group", nodes: [{ id: "g", type: "group", nodes: [{ id: "a" }] }] },
    ],
    ["a lone leaf without a type", { id: "root" }],
  ])("is refused: %s", async (_name, definition) => {
    expect((await refused(definition)).error.code).toBe("INVALID_NODE");
  });
});
