/** Nodes whose failure the run goes on after, because their policy says so. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { validateFlow } from "../../src/exports/node";
import { byId, conductorWith, type Definition, edge, group, leaf, nodeIn, pass, stopClock, watch } from "./flows";

afterEach(() => vi.useRealTimers());

const policy = { continueOnError: true };

const fails = (): never => {
  throw new Error("boom");
};

/** `root` with `a → b → c`, where `b` fails and is gone on after. */
const flow = (extra: Partial<Definition> = {}) =>
  group("root", [leaf("a"), leaf("b", { policy, ...extra }), leaf("c")], [edge("a", "b"), edge("b", "c")]);

describe("a node with `continueOnError` that fails", () => {
  it("counts as handled: its edges bring nothing, and the run succeeds", async () => {
    let input: unknown;
    const conductor = conductorWith(
      byId({
        b: fails,
        c: (params) => {
          input = params.input;
          return "end";
        },
      }),
    );
    const result = await conductor.node.run(flow(), { input: { own: 1 } });
    expect(result).toMatchObject({ success: true, data: "end" });
    expect(result.error).toBeUndefined();
    expect(result.outputs?.b).toBeUndefined();
    // As after a node that gives `undefined`.
    expect(input).toEqual({ own: 1 });
    expect(result.warnings).toEqual([
      { rule: "continued-after-error", message: "Failed, and the run went on: boom", nodeId: "b" },
    ]);
  });

  it("shows as failed and handled, with its error in the trace", async () => {
    const conductor = conductorWith(byId({ b: fails }));
    const { trace } = await conductor.node.run(flow());
    expect(nodeIn(conductor.node.store.getState(), "b")).toMatchObject({
      state: "error",
      handled: true,
      error: expect.stringContaining("boom"),
    });
    const events = trace?.events ?? [];
    expect(events.find(({ data }) => data.nodeId === "b" && data.state === "error")?.data.errorMessage).toBe("boom");
  });

  it("hands the error to an `error` edge where there is one, and nothing is warned of", async () => {
    const inputs: unknown[] = [];
    const conductor = conductorWith(byId({ b: fails, c: ({ input }) => inputs.push(input.error.message) }));
    const definition = flow();
    definition.edges = [edge("a", "b"), edge("b", "c", { sourceHandle: "error", targetHandle: "error" })];
    const { success, warnings } = await conductor.node.run(definition);
    expect({ success, warnings, inputs }).toEqual({ success: true, warnings: undefined, inputs: ["boom"] });
  });

  it("is tried again first, and fails by its timeout like by anything else", async () => {
    stopClock();
    let tries = 0;
    const conductor = conductorWith(
      byId({
        b: () => {
          tries++;
          return new Promise(() => {});
        },
      }),
    );
    const definition = flow({ policy: { ...policy, retries: 1, retryDelay: "1s", timeout: "10s" } });
    const run = watch(conductor.node.run(definition));
    await pass(30_000);
    expect(tries).toBe(2);
    expect(run.value).toMatchObject({ success: true, data: "out:c" });
    expect(run.value?.warnings?.[0]?.message).toBe("Failed, and the run went on: Execution timed out after 10000ms");
  });

  it.each([false, null])("is as it was with %j", async (continueOnError) => {
    const { success, warnings } = await conductorWith(byId({ b: fails })).node.run(
      flow({ policy: { continueOnError } }),
    );
    expect({ success, warnings }).toEqual({ success: false, warnings: undefined });
  });

  it("is not gone on after where the run is cancelled", async () => {
    const conductor = conductorWith(
      byId({
        b: () => {
          setTimeout(() => conductor.node.cancel("run"));
          return new Promise(() => {});
        },
      }),
    );
    const { success, error, executedNodes } = await conductor.node.run(flow(), { executionId: "run" });
    expect({ success, code: error?.code }).toEqual({ success: false, code: "CANCELLED" });
    expect(executedNodes).not.toContain("c");
  });

  it("has an output of `undefined` where the output of the flow is its own", async () => {
    const inner = group("inner", [leaf("x"), leaf("y")], [], { policy });
    const conductor = conductorWith(byId({ x: fails }), { concurrency: 2 });
    const result = await conductor.node.run(group("root", [inner]));
    expect(result).toMatchObject({ success: true });
    expect(result.data).toBeUndefined();
  });
});

describe("a group with `continueOnError`", () => {
  it("hands on nothing, also where its last node went well, and says which node failed", async () => {
    let input: unknown;
    const conductor = conductorWith(
      byId({
        x: async () => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          fails();
        },
        c: (params) => {
          input = params.input;
        },
      }),
      { concurrency: 4 },
    );
    const inner = group("inner", [leaf("x"), leaf("y")], [], { policy, parameters: { parallel: true } });
    const { success, warnings } = await conductor.node.run(group("root", [inner, leaf("c")], [edge("inner", "c")]));
    expect(success).toBe(true);
    expect(input).toEqual({});
    expect(warnings).toEqual([
      { rule: "continued-after-error", message: "`x` in it failed, and the run went on: boom", nodeId: "inner" },
    ]);
  });

  it("goes on inside where a node in it does", async () => {
    const inner = group("inner", [leaf("x", { policy }), leaf("y")], [edge("x", "y")]);
    const result = await conductorWith(byId({ x: fails })).node.run(group("root", [inner]));
    expect(result).toMatchObject({ success: true, data: "out:y" });
  });
});

describe("in a loop", () => {
  const loop = (count: number, extra: object = {}): Definition => ({
    id: "each",
    type: "loop",
    parameters: { count },
    nodes: [leaf("x", { policy })],
    ...extra,
  });

  it("each round goes on by itself; the warning names rounds", async () => {
    const body = byId({ x: ({ input }) => (input.index % 2 === 0 ? fails() : input.index) });
    const { success, data, warnings } = await conductorWith(body).node.run(group("root", [loop(5)]));
    expect(success).toBe(true);
    expect(data.results).toEqual([undefined, 1, undefined, 3, undefined]);
    const message = "Failed, and the run went on: boom (in round 1 of each, round 3 of each, round 5 of each)";
    expect(warnings).toEqual([{ rule: "continued-after-error", message, nodeId: "x", count: 3 }]);
  });

  it("many rounds make few warnings", async () => {
    const same = await conductorWith(byId({ x: fails })).node.run(group("root", [loop(1000)]));
    expect(same.warnings).toHaveLength(1);
    expect(same.warnings?.[0]).toMatchObject({ count: 1000, message: expect.stringMatching(/ and 995 more\)$/) });
    const body = byId({
      x: ({ input }) => {
        throw new Error(`boom ${input.index}`);
      },
    });
    const different = await conductorWith(body).node.run(group("root", [loop(1000)]));
    expect(different.warnings).toHaveLength(101);
    expect(different.warnings?.at(-1)).toMatchObject({ rule: "more-warnings", count: 900 });
  });

  it("a loop that is gone on after is warned of once, also where the run keeps going", async () => {
    for (const keepGoing of [false, true]) {
      const definition = group("root", [loop(3, { policy, nodes: [leaf("x")] }), leaf("c")], [edge("each", "c")]);
      const conductor = conductorWith(byId({ x: fails }), { keepGoing });
      const { success, data, warnings } = await conductor.node.run(definition);
      expect({ success, data }).toEqual({ success: true, data: "out:c" });
      expect(warnings).toHaveLength(1);
      expect(warnings?.[0]).toMatchObject({ nodeId: "each", message: expect.stringContaining("boom") });
    }
  });
});

describe("validation of `continueOnError`", () => {
  const warned = (definition: Definition) =>
    validateFlow(definition as never).map(({ rule, path, severity }) => [severity, rule, path]);

  it("warns at the node that is run, which fails all the same", async () => {
    const definition = group("root", [leaf("a", { type: "transform" })], [], { policy });
    expect(warned(definition)).toEqual([["warning", "continue-at-root", "/policy/continueOnError"]]);
    const { success } = await conductorWith(fails).node.run(definition);
    expect(success).toBe(false);
  });

  it("advises an `error` edge where all routes of a node would be taken", () => {
    const type = "condition";
    const parameters = { expression: "true" };
    const nodes = [leaf("if", { type, parameters, policy }), leaf("yes", { type: "transform" })];
    const route = edge("if", "yes", { sourceHandle: "true" });
    expect(warned(group("root", nodes, [route]))).toEqual([["warning", "continue-on-all-routes", "/nodes/0"]]);
    const caught = edge("if", "yes", { sourceHandle: "error" });
    expect(warned(group("root", nodes, [route, caught]))).toEqual([]);
  });
});
