/** A `try`: what runs after a failure, what runs at the end, and what comes out. */
import { describe, expect, it } from "vitest";
import { validateFlow } from "../../src/exports/node";
import { conductorOf } from "../requests/stored";
import { type Body, conductorWith, type Definition, edge, group, leaf, nodeIn, type Params } from "./flows";

const boom = (): never => {
  throw new Error("boom");
};

/** A flow with the `try` named `t` and a node after it, which gives what came in. */
const flow = (nodes: Definition[], parameters: Record<string, unknown>, more: Partial<Definition> = {}) =>
  group("root", [{ id: "t", type: "try", parameters, nodes, ...more }, leaf("after")], [edge("t", "after")]);

const all = { catch: "rescue", finally: "last" };
const usual = [leaf("last"), leaf("rescue"), leaf("a"), leaf("b")];

/** Runs a flow, and says which nodes ran in which order. */
async function running(definition: Definition, bodies: Record<string, Body>, options: Record<string, unknown> = {}) {
  const ran: string[] = [];
  const { run = {}, ...config } = options as { run?: Record<string, unknown> };
  const told: Body = (params) => {
    ran.push(params.nodeId);
    return (bodies[params.nodeId] ?? (({ nodeId }) => nodeId))(params);
  };
  const conductor = conductorWith(told, config);
  const result = await conductor.node.run(definition, { executionId: "e", ...run });
  return { result, ran, conductor };
}

describe("a try", () => {
  it("gives what its body gives, skips the catch and runs the finally, whatever order they are written in", async () => {
    const { result, ran, conductor } = await running(flow(usual, all, { edges: [edge("a", "b")] }), {
      after: ({ input }) => input,
    });
    expect(result.error).toBeUndefined();
    expect(ran).toEqual(["a", "b", "last", "after"]);
    expect(result.outputs).toMatchObject({ t: "b", after: { default: "b" } });
    expect(result.outputs).not.toHaveProperty("rescue");
    expect(nodeIn(conductor.node.store.getState(), "t")).toMatchObject({ state: "completed", progress: 100 });
    expect(result.warnings ?? []).toEqual([]);
  });

  it("gives what its catch gives after a failure; the catch has the input of the try, and the error", async () => {
    const seen: unknown[] = [];
    const definition = group(
      "root",
      [leaf("first"), { id: "t", type: "try", parameters: all, nodes: usual, edges: [edge("a", "b")] }, leaf("after")],
      [edge("first", "t", { targetHandle: "data" }), edge("t", "after")],
    );
    const keep: Body = ({ input, nodeId }) => {
      seen.push(input);
      return nodeId;
    };
    const { result, ran, conductor } = await running(definition, {
      first: () => 7,
      a: boom,
      rescue: keep,
      last: keep,
      after: ({ input }) => input,
    });
    expect(result.success).toBe(true);
    expect(ran).toEqual(["first", "a", "rescue", "last", "after"]);
    expect(seen).toEqual([
      { data: 7, error: expect.objectContaining({ code: "EXECUTION_FAILED", message: "boom", nodeId: "a" }) },
      { data: 7 },
    ]);
    expect(result.outputs).toMatchObject({ t: "rescue", after: { default: "rescue" } });
    const inside = nodeIn(conductor.node.store.getState(), "t").nodes as Record<string, unknown>[];
    expect(inside.map(({ id, state, handled }) => [id, state, handled])).toEqual([
      ["last", "completed", undefined],
      ["rescue", "completed", undefined],
      ["a", "error", true],
      ["b", "skipped", undefined],
    ]);
    expect(result.warnings ?? []).toEqual([]);
  });

  it("runs groups as catch and finally, which see the error and the outputs of the body in expressions", async () => {
    const parts = [
      leaf("a"),
      leaf("b"),
      group("rescue", [leaf("r", { parameters: { text: "${{ input.error.message }} after ${{ nodes.a }}" } })], []),
      group("last", [leaf("l", { parameters: { text: "${{ nodes.a }} ${{ nodes.b ?? 'nothing' }}" } })], []),
    ];
    const text: Body = ({ text }) => text;
    const { result } = await running(flow(parts, all, { edges: [edge("a", "b")] }), { b: boom, r: text, l: text });
    expect(result.error).toBeUndefined();
    expect(result.outputs).toMatchObject({ t: "boom after a", last: "a nothing" });
  });

  it("fails with the error of its body where it has no catch, after its finally", async () => {
    const { result, ran } = await running(flow([leaf("a"), leaf("last")], { finally: "last" }), { a: boom });
    expect(result).toMatchObject({ success: false, error: { message: "boom", nodeId: "a" } });
    expect(ran).toEqual(["a", "last"]);
  });

  it("fails with the error of its catch, after its finally", async () => {
    const rescue = (): never => {
      throw new Error("worse");
    };
    const { result, ran } = await running(flow(usual, all), { a: boom, rescue });
    expect(result).toMatchObject({ success: false, error: { message: "worse", nodeId: "rescue" } });
    expect(ran).toEqual(["a", "rescue", "last"]);
  });

  it("fails with the error of its finally, whatever came before", async () => {
    const last = (): never => {
      throw new Error("worst");
    };
    for (const bodies of [{ last }, { last, a: boom }, { last, a: boom, rescue: boom }]) {
      const { result } = await running(flow(usual, all), bodies);
      expect(result).toMatchObject({ success: false, error: { message: "worst", nodeId: "last" } });
    }
  });

  it("takes a disabled catch and a disabled finally for none", async () => {
    const off = { parameters: { enabled: false } };
    const nodes = [leaf("a"), leaf("rescue", off), leaf("last", off)];
    const { result, ran } = await running(flow(nodes, all), { a: boom });
    expect(result).toMatchObject({ success: false, error: { message: "boom" } });
    expect(ran).toEqual(["a"]);
  });

  it("stops what else runs in its body, before the catch begins", async () => {
    const ends: string[] = [];
    const slow: Body = ({ signal, nodeId }: Params) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          ends.push(nodeId);
          reject(signal.reason);
        });
      });
    const rescue: Body = () => ends.push("rescue");
    const fails: Body = () => Promise.reject(new Error("boom"));
    const { result } = await running(flow(usual, all), { b: slow, a: fails, rescue }, { concurrency: 4 });
    expect(result.success).toBe(true);
    expect(ends).toEqual(["b", "rescue"]);
  });

  it("runs its body again before the catch, and each node as often as that asks", async () => {
    const nodes = [leaf("a", { policy: { retries: 1, retryDelay: 0 } }), leaf("rescue"), leaf("last")];
    const policy = { retries: 2, retryDelay: 0 };
    const { result, ran } = await running(flow(nodes, all, { policy }), { a: boom });
    expect(result.success).toBe(true);
    expect(ran).toEqual(["a", "a", "a", "a", "a", "a", "rescue", "last", "after"]);
  });

  it("takes its time limit for its body, and gives the catch a TIMEOUT of its own", async () => {
    const rescue: Body = async ({ input }) => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      return input.error;
    };
    const never: Body = () => new Promise(() => {});
    const { result, ran } = await running(flow(usual, all, { policy: { timeout: 20 } }), { a: never, rescue });
    expect(result.error).toBeUndefined();
    expect(result.outputs?.t).toMatchObject({ code: "TIMEOUT", nodeId: "t" });
    expect(ran).toEqual(["a", "rescue", "last", "after"]);
  });

  it("hands its output to expressions after a time limit that its catch took", async () => {
    const definition = flow([leaf("a"), leaf("rescue")], { catch: "rescue" }, { policy: { timeout: 20 } });
    (definition.nodes as Definition[])[1] = leaf("after", { parameters: { text: "${{ nodes.t }}" } });
    const bodies: Record<string, Body> = { a: () => new Promise(() => {}), after: ({ text }) => text };
    expect((await running(definition, bodies)).result.outputs?.after).toBe("rescue");
  });

  it("nests: what an inner one does not take is the outer one's", async () => {
    const inner = { id: "inner", type: "try", parameters: { finally: "swept" }, nodes: [leaf("a"), leaf("swept")] };
    const { result, ran } = await running(flow([inner, leaf("rescue"), leaf("last")], all), {
      a: boom,
      rescue: ({ input }) => input.error.nodeId,
    });
    expect(result.outputs?.t).toBe("a");
    expect(ran).toEqual(["a", "swept", "rescue", "last", "after"]);
  });

  it("has a catch and a finally in each round of a loop", async () => {
    const tried = { id: "t", type: "try", parameters: all, nodes: [leaf("a"), leaf("rescue"), leaf("last")] };
    const loop: Definition = {
      id: "l",
      type: "loop",
      parameters: { array: [1, 0, 3], concurrency: 2 },
      nodes: [tried],
    };
    const { result, ran } = await running(group("root", [loop], []), {
      a: ({ input }) => (input.item === 0 ? boom() : input.item),
      rescue: ({ input }) => `${input.item}: ${input.error.message}`,
    });
    expect(result.data).toMatchObject({ results: [1, "0: boom", 3] });
    expect(ran.filter((id) => id === "last")).toHaveLength(3);
  });

  it("keeps the error of a round in its body, when the loop around it goes on with other rounds", async () => {
    const inner: Definition = { id: "i", type: "loop", parameters: { count: 2 }, nodes: [leaf("a")] };
    const tried = { id: "t", type: "try", parameters: { finally: "last" }, nodes: [inner, leaf("last")] };
    const array = ["x", "y", "z"];
    const loop: Definition = {
      id: "l",
      type: "loop",
      parameters: { array, concurrency: 3, onError: "continue" },
      nodes: [tried],
    };
    const { result } = await running(group("root", [loop], []), {
      a: ({ input, parentContext }) => {
        throw new Error(`${parentContext.input.item ?? input.item}`);
      },
    });
    const errors = (result.data as { errors: { index: number; item: string; error: { message: string } }[] }).errors;
    expect(errors.map(({ index, item }) => [index, item])).toEqual([
      [0, "x"],
      [1, "y"],
      [2, "z"],
    ]);
  });

  it("hands its failure to an `error` edge, or lets the run go on where its policy says so", async () => {
    const nodes = [leaf("a"), leaf("last")];
    const caught = flow(nodes, { finally: "last" });
    caught.edges = [edge("t", "after", { sourceHandle: "error", targetHandle: "error" })];
    const bodies: Record<string, Body> = { a: boom, after: ({ input }) => input.error?.message ?? "went on" };
    const first = await running(caught, bodies);
    expect(first.result.outputs?.after).toBe("boom");
    expect(first.ran).toEqual(["a", "last", "after"]);
    const goesOn = flow(nodes, { finally: "last" }, { policy: { continueOnError: true } });
    const second = await running(goesOn, bodies);
    expect(second.result.outputs?.after).toBe("went on");
    expect(second.result.warnings).toMatchObject([{ rule: "continued-after-error", nodeId: "t" }]);
  });

  it("lets a node of its body that goes on after its failure do so", async () => {
    const nodes = [leaf("a", { policy: { continueOnError: true } }), leaf("b"), leaf("rescue"), leaf("last")];
    const { ran } = await running(flow(nodes, all, { edges: [edge("a", "b")] }), { a: boom });
    expect(ran).toEqual(["a", "b", "last", "after"]);
  });

  it("runs no finally where the run is cancelled", async () => {
    let cancel = () => {};
    const ran: string[] = [];
    const conductor = conductorWith(({ nodeId }: Params) => {
      ran.push(nodeId);
      setTimeout(() => cancel());
      return new Promise(() => {});
    });
    cancel = () => conductor.node.cancel("e");
    const result = await conductor.node.run(flow(usual, all), { executionId: "e" });
    expect(result).toMatchObject({ success: false, error: { code: "CANCELLED" } });
    expect(ran).toEqual(["a"]);
  });

  it("says what is wrong with its sections before anything runs", async () => {
    const wrong: [Record<string, unknown>, Definition["edges"], string][] = [
      [{ catch: "resuce" }, [], "`catch` names `resuce`, which is no node of the `try`"],
      [{ catch: "last", finally: "last" }, [], "`catch` and `finally` both name `last`"],
      [{ finally: "${{ variables.x }}" }, [], "takes no expression"],
      [all, [edge("a", "rescue")], "enters `rescue`, which `catch` names"],
    ];
    for (const [parameters, edges = [], message] of wrong) {
      const { result, ran } = await running(flow(usual, parameters, { edges }), {});
      expect(result.error?.message).toContain(message);
      expect(ran).toEqual([]);
    }
    const problems = validateFlow(flow(usual, all) as never).map(({ rule }) => rule);
    expect(problems.filter((rule) => rule === "unconnected" || rule === "sections")).toEqual([]);
  });
});

describe("a try in a run that keeps going", () => {
  it("ends its body with the first failure, and the run with what it does not take", async () => {
    const taken = { id: "t", type: "try", parameters: { catch: "rescue" }, nodes: [leaf("a"), leaf("rescue")] };
    const not = { id: "u", type: "try", parameters: { finally: "last" }, nodes: [leaf("a2"), leaf("last")] };
    const definition = group("root", [taken, not, leaf("x"), leaf("needs")], [edge("t", "x"), edge("u", "needs")]);
    const ran: string[] = [];
    const body: Body = ({ nodeId }) => {
      ran.push(nodeId);
      if (nodeId.startsWith("a")) throw new Error(nodeId);
    };
    const conductor = await conductorOf({ flows: [definition], body });
    const result = await conductor.execute({ flowId: "root", config: { errorStrategy: "continue" } });
    expect(result).toMatchObject({ success: false, error: "a2" });
    expect(ran).toEqual(["a", "rescue", "a2", "last", "x"]);
  });
});
