import { routed } from "@atomiton/nodes";
import { describe, expect, it } from "vitest";
import {
  byId,
  type Conductor,
  conductorWith,
  type Definition,
  type Edge,
  edge,
  group,
  leaf,
  nodeIn,
  type Params,
  type RunResult,
} from "./flows";

interface Seen {
  ran: string[];
  inputs: Record<string, Record<string, unknown>>;
  states: Record<string, string | undefined>;
  result: RunResult;
  conductor: Conductor;
}

/** Runs leaves with given bodies and tells which ran, with what input, and how they ended. */
async function routedRun(
  bodies: Record<string, (params: Params) => unknown>,
  edges: Edge[],
  nodes: Definition[] = Object.keys(bodies).map((id) => leaf(id)),
): Promise<Seen> {
  const ran: string[] = [];
  const inputs: Seen["inputs"] = {};
  const conductor = conductorWith((params) => {
    ran.push(params.nodeId);
    inputs[params.nodeId] = params.input;
    return byId(bodies)(params);
  });
  const result = await conductor.node.run(group("root", nodes, edges));
  const states = Object.fromEntries(
    Object.keys(bodies).map((id) => [id, nodeIn(conductor.node.store.getState(), id)?.state]),
  );
  return { ran, inputs, states, result, conductor };
}

const out = (id: string) => () => `out:${id}`;
const boom = () => {
  throw new Error("boom");
};

/** `gate → yes → after` and `gate → no → rest`, of which the gate picks. */
const branches = (pick: string[]) =>
  routedRun(
    {
      gate: () => routed({ yes: "taken", no: "not taken" }, pick),
      yes: out("yes"),
      no: out("no"),
      after: out("after"),
      rest: out("rest"),
    },
    [
      edge("gate", "yes", { sourceHandle: "yes" }),
      edge("gate", "no", { sourceHandle: "no" }),
      edge("yes", "after"),
      edge("no", "rest"),
    ],
  );

describe("a node that picks its outputs", () => {
  it("feeds the picked branch and skips the other with all that follows it", async () => {
    const { ran, states, result } = await branches(["yes"]);
    expect(ran).toEqual(["gate", "yes", "after"]);
    expect(states).toEqual({
      gate: "completed",
      yes: "completed",
      after: "completed",
      no: "skipped",
      rest: "skipped",
    });
    expect(result.success).toBe(true);
  });

  it("may pick both", async () => {
    expect(new Set((await branches(["yes", "no"])).ran)).toEqual(new Set(["gate", "yes", "no", "after", "rest"]));
  });

  it("may pick none", async () => {
    const { ran, result, conductor } = await branches([]);
    expect(ran).toEqual(["gate"]);
    expect(result.success).toBe(true);
    expect(conductor.node.store.getState().cachedProgress).toBe(100);
  });

  it("hands its value on along the picked edge", async () => {
    const { inputs } = await branches(["yes"]);
    expect([{ yes: "taken", no: "not taken" }, "taken"]).toContainEqual(inputs.yes?.default);
  });

  it("does not hold back a node that has another source", async () => {
    const { ran, inputs } = await routedRun(
      {
        gate: () => routed({ yes: 1, no: 2 }, ["yes"]),
        other: out("other"),
        join: out("join"),
      },
      [
        edge("gate", "join", { sourceHandle: "no", targetHandle: "picked" }),
        edge("other", "join", { targetHandle: "always" }),
      ],
    );
    expect(ran).toContain("join");
    expect(inputs.join).toEqual({ always: "out:other" });
  });

  it("skips a whole group", async () => {
    const { ran, states } = await routedRun(
      { gate: () => routed({ yes: 1 }, ["yes"]), yes: out("yes"), c1: out("c1"), c2: out("c2") },
      [edge("gate", "yes", { sourceHandle: "yes" }), edge("gate", "inner", { sourceHandle: "no" })],
      [leaf("gate"), leaf("yes"), group("inner", [leaf("c1"), leaf("c2")], [edge("c1", "c2")])],
    );
    expect(ran).toEqual(["gate", "yes"]);
    expect(states).toMatchObject({ c1: "skipped", c2: "skipped" });
  });

  it("means nothing to a node that marks no outputs", async () => {
    const { ran, inputs } = await routedRun({ gate: () => ({ yes: 1, no: 2 }), yes: out("yes"), no: out("no") }, [
      edge("gate", "yes", { sourceHandle: "yes" }),
      edge("gate", "no", { sourceHandle: "no" }),
    ]);
    expect(ran).toEqual(["gate", "yes", "no"]);
    expect(inputs.no).toEqual({ default: { yes: 1, no: 2 } });
  });
});

describe("an edge for errors", () => {
  it("takes the error to a handler instead of failing the flow", async () => {
    const { ran, inputs, states, result } = await routedRun({ a: boom, handler: out("handler"), next: out("next") }, [
      edge("a", "handler", { sourceHandle: "error", targetHandle: "problem" }),
      edge("a", "next"),
    ]);
    expect(result.error).toBeUndefined();
    expect(result.success).toBe(true);
    expect(ran).toEqual(["a", "handler"]);
    expect(states).toEqual({ a: "error", handler: "completed", next: "skipped" });
    expect(inputs.handler?.problem).toMatchObject({
      code: "EXECUTION_FAILED",
      message: "boom",
      nodeId: "a",
    });
  });

  it("lets the flow go on behind the handler", async () => {
    const { ran, result } = await routedRun({ a: boom, handler: out("handler"), end: out("end") }, [
      edge("a", "handler", { sourceHandle: "error" }),
      edge("handler", "end"),
    ]);
    expect(ran).toEqual(["a", "handler", "end"]);
    expect(result).toMatchObject({ success: true, data: "out:end" });
  });

  it("leads nowhere while nothing fails", async () => {
    const { ran, states, result } = await routedRun({ a: out("a"), handler: out("handler"), next: out("next") }, [
      edge("a", "handler", { sourceHandle: "error" }),
      edge("a", "next"),
    ]);
    expect(result.success).toBe(true);
    expect(ran).toEqual(["a", "next"]);
    expect(states.handler).toBe("skipped");
  });

  it("carries the value of a node that names it for its output", async () => {
    const { ran, inputs } = await routedRun({ a: () => routed({ error: 1 }, ["error"]), handler: out("handler") }, [
      edge("a", "handler", { sourceHandle: "error", targetHandle: "problem" }),
    ]);
    expect(ran).toEqual(["a", "handler"]);
    expect(inputs).toMatchObject({ handler: { problem: { error: 1 } } });
  });

  it("does not catch what its handler does wrong", async () => {
    const { result } = await routedRun(
      {
        a: boom,
        handler: () => {
          throw new Error("handler broke");
        },
      },
      [edge("a", "handler", { sourceHandle: "error" })],
    );
    expect(result).toMatchObject({
      success: false,
      error: { message: "handler broke", nodeId: "handler" },
    });
  });

  it("catches what fails inside a group", async () => {
    const { ran, inputs, result } = await routedRun(
      { c: boom, handler: out("handler") },
      [edge("inner", "handler", { sourceHandle: "error" })],
      [group("inner", [leaf("c")]), leaf("handler")],
    );
    expect(result.success).toBe(true);
    expect(ran).toEqual(["c", "handler"]);
    expect(inputs.handler?.default).toMatchObject({ message: "boom" });
  });

  it("of another node does not help", async () => {
    const { result, ran } = await routedRun({ a: out("a"), b: boom, handler: out("handler") }, [
      edge("a", "handler", { sourceHandle: "error" }),
    ]);
    expect(result).toMatchObject({ success: false, error: { message: "boom", nodeId: "b" } });
    expect(ran).not.toContain("handler");
  });
});

describe("a node that is switched off", () => {
  const off = (id: string) => leaf(id, { parameters: { enabled: false } });

  it("does not run, and passes its input on", async () => {
    const { ran, inputs, states, result } = await routedRun(
      { a: out("a"), b: out("b"), c: out("c") },
      [edge("a", "b"), edge("b", "c")],
      [leaf("a"), off("b"), leaf("c")],
    );
    expect(result).toMatchObject({ success: true, data: "out:c" });
    expect(ran).toEqual(["a", "c"]);
    expect(states).toEqual({ a: "completed", b: "skipped", c: "completed" });
    expect([{ default: "out:a" }, "out:a"]).toContainEqual(inputs.c?.default);
  });

  it("counts as done", async () => {
    const { conductor } = await routedRun({ a: out("a"), b: out("b") }, [], [leaf("a"), off("b")]);
    const state = conductor.node.store.getState();
    expect(state.nodes.get("b")).toMatchObject({ state: "skipped", progress: 100 });
    expect(state.cachedProgress).toBe(100);
  });

  it("may be run by itself, to its input", async () => {
    const input = { x: 1 };
    const conductor = conductorWith(boom);
    const result = await conductor.node.run(off("a"), { input });
    expect(result.success).toBe(true);
    expect(result.data).toBe(input);
  });

  it("may be a whole group", async () => {
    const { ran, result } = await routedRun(
      { a: out("a"), c: out("c"), z: out("z") },
      [edge("a", "inner"), edge("inner", "z")],
      [leaf("a"), group("inner", [leaf("c")], [], { parameters: { enabled: false } }), leaf("z")],
    );
    expect(result.success).toBe(true);
    expect(ran).toEqual(["a", "z"]);
  });

  it.each([[true], [undefined], [null], [0], ["false"]])("is not one whose switch is %j", async (enabled) => {
    const { ran } = await routedRun({ a: out("a") }, [], [leaf("a", { parameters: { enabled } })]);
    expect(ran).toEqual(["a"]);
  });
});
