import { describe, expect, it } from "vitest";
import { byId, conductorWith, type Edge, edge, group, leaf } from "./flows";

/** Runs a flow of leaves whose outputs are given, and tells the input that each one received. */
async function inputsOf(outputs: Record<string, unknown>, edges: Edge[], context: Record<string, unknown> = {}) {
  const inputs: Record<string, unknown> = {};
  const conductor = conductorWith(({ nodeId, input }) => {
    inputs[nodeId] = input;
    return outputs[nodeId];
  });
  const result = await conductor.node.run(
    group(
      "root",
      Object.keys(outputs).map((id) => leaf(id)),
      edges,
    ),
    context,
  );
  expect(result.error).toBeUndefined();
  return inputs;
}

describe("the input of a node behind edges", () => {
  it("has a value for each target handle", async () => {
    const inputs = await inputsOf({ a: 1, b: 2, c: 3 }, [
      edge("a", "c", { targetHandle: "left" }),
      edge("b", "c", { targetHandle: "right" }),
    ]);
    expect(inputs.c).toEqual({ left: 1, right: 2 });
  });

  it.each([[undefined], [null], [""]])("is called default where the handle is %j", async (targetHandle) => {
    const inputs = await inputsOf({ a: 1, b: 2 }, [edge("a", "b", { targetHandle })]);
    expect(inputs.b).toEqual({ default: 1 });
  });

  it("takes the later of two edges to one handle", async () => {
    const inputs = await inputsOf({ a: 1, b: 2, c: 3 }, [edge("b", "c"), edge("a", "c")]);
    expect(inputs.c).toEqual({ default: 1 });
  });

  it("keeps the order of the edges", async () => {
    const inputs = await inputsOf({ a: 1, b: 2, c: 3 }, [
      edge("b", "c", { targetHandle: "z" }),
      edge("a", "c", { targetHandle: "y" }),
    ]);
    expect(Object.keys(inputs.c as object)).toEqual(["z", "y"]);
  });

  it("may have one source on several handles", async () => {
    const inputs = await inputsOf({ a: 1, b: 2 }, [
      edge("a", "b", { targetHandle: "x" }),
      edge("a", "b", { targetHandle: "y" }),
    ]);
    expect(inputs.b).toEqual({ x: 1, y: 1 });
  });

  it.each([[null], [0], [""], [false]])("passes %j on", async (value) => {
    expect((await inputsOf({ a: value, b: 1 }, [edge("a", "b")])).b).toEqual({ default: value });
  });

  it("leaves out what was answered with undefined", async () => {
    const inputs = await inputsOf({ a: undefined, b: 2, c: 3 }, [
      edge("a", "c", { targetHandle: "left" }),
      edge("b", "c", { targetHandle: "right" }),
    ]);
    expect(Object.keys(inputs.c as object)).toEqual(["right"]);
  });

  it("does not let undefined overwrite a value", async () => {
    const inputs = await inputsOf({ a: 1, b: undefined, c: 3 }, [edge("a", "c"), edge("b", "c")]);
    expect(inputs.c).toEqual({ default: 1 });
  });

  it("is the whole output, whatever the source handle says", async () => {
    const output = { result: [1], count: 1 };
    const inputs = await inputsOf({ a: output, b: 2 }, [edge("a", "b", { sourceHandle: "result" })]);
    expect((inputs.b as { default: unknown }).default).toBe(output);
  });

  it("is the very value, not a copy", async () => {
    const output = { deep: { list: [1, 2] } };
    const inputs = await inputsOf({ a: output, b: 1, c: 2 }, [edge("a", "b"), edge("a", "c")]);
    expect((inputs.b as { default: unknown }).default).toBe(output);
    expect((inputs.c as { default: unknown }).default).toBe(output);
  });

  it("never mixes edges with the input of the flow", async () => {
    const inputs = await inputsOf({ a: 1, b: 2 }, [edge("a", "b")], { input: { outer: true } });
    expect(inputs.b).toEqual({ default: 1 });
  });

  it("may have handles named like properties of objects", async () => {
    const inputs = await inputsOf({ a: 1, b: 2 }, [
      edge("a", "b", { targetHandle: "constructor" }),
      edge("a", "b", { targetHandle: "toString" }),
    ]);
    expect(Object.entries(inputs.b as object)).toEqual([
      ["constructor", 1],
      ["toString", 1],
    ]);
  });

  it("is an object of its own for each node", async () => {
    const inputs = await inputsOf({ a: 1, b: 2, c: 3 }, [edge("a", "b"), edge("a", "c")]);
    expect(inputs.b).not.toBe(inputs.c);
  });
});

describe("the input of a node that no edge feeds", () => {
  it("is the input of the flow itself", async () => {
    const input = { outer: true };
    const inputs = await inputsOf({ a: 1, b: 2 }, [], { input });
    expect(inputs.a).toBe(input);
    expect(inputs.b).toBe(input);
  });

  it("is an empty object when the flow has none", async () => {
    expect((await inputsOf({ a: 1 }, [])).a).toEqual({});
  });

  it("is the same when all its edges brought undefined", async () => {
    const input = { outer: true };
    expect((await inputsOf({ a: undefined, b: 2 }, [edge("a", "b")], { input })).b).toBe(input);
    expect((await inputsOf({ a: undefined, b: 2 }, [edge("a", "b")])).b).toEqual({});
  });
});

describe("the input of a leaf that is run by itself", () => {
  it.each([[undefined], [null], [{ x: 1 }], ["text"]])("is what the caller gave: %j", async (input) => {
    const seen: unknown[] = [];
    const conductor = conductorWith((params) => {
      seen.push(params.input);
    });
    await conductor.node.run(leaf("a"), { input });
    expect(seen[0]).toBe(input);
  });
});

describe("the input of a nested group", () => {
  it("is built from its edges and reaches its first nodes", async () => {
    const inputs: Record<string, unknown> = {};
    const conductor = conductorWith(({ nodeId, input }) => {
      inputs[nodeId] = input;
      return `out:${nodeId}`;
    });
    await conductor.node.run(
      group(
        "root",
        [leaf("a"), group("inner", [leaf("c1"), leaf("c2"), leaf("c3")], [edge("c1", "c2")]), leaf("z")],
        [edge("a", "inner", { targetHandle: "items" }), edge("inner", "z")],
      ),
      { input: { outer: true } },
    );
    expect(inputs).toEqual({
      a: { outer: true },
      c1: { items: "out:a" },
      c2: { default: "out:c1" },
      c3: { items: "out:a" },
      z: { default: "out:c2" },
    });
  });

  it("is the input of the flow when no edge leads to it", async () => {
    const inputs: Record<string, unknown> = {};
    const input = { outer: true };
    const conductor = conductorWith(
      byId({
        c: (params) => {
          inputs.c = params.input;
        },
      }),
    );
    await conductor.node.run(group("root", [group("inner", [leaf("c")])]), { input });
    expect(inputs.c).toBe(input);
  });
});
