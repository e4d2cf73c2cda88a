import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { backend } from "../src/engine/backend";
import {
  type Body,
  byId,
  conductorOver,
  conductorWith,
  type Definition,
  edge,
  group,
  leaf,
  type Params,
} from "./contract/flows";

let before = 0;
beforeEach(() => {
  before = backend().openRuns();
});
afterEach(() => {
  expect(backend().openRuns() - before, "runs left open in the engine").toBe(0);
});

const loop = (
  id: string,
  parameters: Record<string, unknown>,
  nodes: Definition[],
  edges: Definition["edges"] = [],
) => ({
  ...group(id, nodes, edges),
  type: "loop",
  parameters,
});

const each = (array: unknown, more: Record<string, unknown> = {}) => ({ loopType: "forEach", array, ...more });
const times = (count: unknown, more: Record<string, unknown> = {}) => ({ loopType: "times", count, ...more });

/** A conductor whose executables remember what they were called with. */
function recording(bodies: Record<string, Body> = {}, config: Record<string, unknown> = {}) {
  const calls: Params[] = [];
  const conductor = conductorWith((params) => {
    calls.push(params);
    return byId(bodies)(params);
  }, config);
  return { conductor, calls, of: (id: string) => calls.filter(({ nodeId }) => nodeId === id) };
}

describe("a loop that runs its children once per item", () => {
  it("gives each item with its index, and gathers what the last child returned", async () => {
    const { conductor, of } = recording({ a: ({ input }) => input.item * 2, b: ({ input }) => `${input.default}!` });
    const result = await conductor.node.run(
      group("root", [loop("l", each([1, 2, 3]), [leaf("a"), leaf("b")], [edge("a", "b")])]),
    );
    expect(result.data).toMatchObject({ results: ["2!", "4!", "6!"], iterationCount: 3 });
    expect(of("a").map(({ input }) => input)).toEqual([
      { item: 1, index: 0 },
      { item: 2, index: 1 },
      { item: 3, index: 2 },
    ]);
    expect(result.executedNodes).toEqual(["root", "l", "a", "b"]);
  });

  it("gives each call a context of its own under the loop's", async () => {
    const { conductor, calls } = recording();
    const variables = { shared: true };
    await conductor.node.run(group("root", [loop("l", times(3), [leaf("a")])]), { executionId: "run", variables });
    expect(calls.map(({ executionId }) => executionId)).toEqual(["run/l[0]/a", "run/l[1]/a", "run/l[2]/a"]);
    expect(new Set(calls.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(3);
    for (const [index, { parentContext, variables: seen }] of calls.entries()) {
      expect(parentContext).toMatchObject({ nodeId: "l", executionId: `run/l[${index}]`, input: { index } });
      expect(parentContext.parentContext.executionId).toBe("run");
      expect(seen).toBe(variables);
    }
  });

  it("runs as many items at once as both it and the run allow", async () => {
    for (const [concurrency, width, most] of [
      [8, 3, 3],
      [2, 8, 2],
      [1, 8, 1],
    ]) {
      let now = 0;
      let peak = 0;
      const body: Body = async () => {
        peak = Math.max(peak, ++now);
        for (let turn = 0; turn < 3; turn++) await undefined;
        now--;
      };
      const { conductor } = recording({ a: body }, { concurrency });
      const result = await conductor.node.run(loop("l", times(9, { concurrency: width }), [leaf("a")]));
      expect(result.success).toBe(true);
      expect(peak).toBe(most);
    }
  });

  it("keeps results by item whatever order they come in", async () => {
    const release: (() => void)[] = [];
    const { conductor } = recording(
      { a: ({ input }) => new Promise((resolve) => release.push(() => resolve(input.item))) },
      { concurrency: 4 },
    );
    const run = conductor.node.run(loop("l", each(["x", "y", "z"], { concurrency: 3 }), [leaf("a")]));
    // On a busy machine the start may give way to others.
    await vi.waitFor(() => expect(release.length).toBe(3));
    for (const answer of release.reverse()) answer();
    expect((await run).data.results).toEqual(["x", "y", "z"]);
  });

  it("runs loops inside loops", async () => {
    const { conductor, of } = recording({
      a: ({ input, parentContext }) => `${parentContext.parentContext.input.item}${input.item}`,
    });
    const inner = loop("inner", each([1, 2]), [leaf("a")]);
    for (const nodes of [[inner], [leaf("first"), inner]]) {
      const edges = nodes.length === 2 ? [edge("first", "inner")] : [];
      const result = await conductor.node.run(
        group("root", [loop("outer", each(["x", "y"]), nodes, edges), leaf("z")], [edge("outer", "z")]),
      );
      expect(result.success).toBe(true);
      const { results } = of("z").at(-1)?.input.default ?? {};
      if (nodes.length === 1)
        expect(results.map(({ results }: { results: unknown[] }) => results)).toEqual([
          ["x1", "x2"],
          ["y1", "y2"],
        ]);
      else expect(results.map((inner: { iterationCount: number }) => inner.iterationCount)).toEqual([2, 2]);
    }
    const ids = of("a").map(({ executionId }) => executionId.replace(/^[^/]*/, ""));
    expect(ids.slice(0, 4)).toEqual([
      "/outer[0]/inner[0]/a",
      "/outer[0]/inner[1]/a",
      "/outer[1]/inner[0]/a",
      "/outer[1]/inner[1]/a",
    ]);
  });

  it("runs groups inside loops", async () => {
    const { conductor } = recording({ b: ({ input }) => input.default });
    const inner = group("g", [leaf("a"), leaf("b")], [edge("a", "b")]);
    const result = await conductor.node.run(loop("l", times(2), [inner]));
    expect(result.data.results).toEqual(["out:a", "out:a"]);
  });

  it("takes its items from its input", async () => {
    const { conductor } = recording({ source: () => ({ result: [5, 6] }), a: ({ input }) => input.item });
    const flow = group(
      "root",
      [leaf("source"), loop("l", { loopType: "forEach" }, [leaf("a")])],
      [edge("source", "l")],
    );
    expect((await conductor.node.run(flow)).data.results).toEqual([5, 6]);
  });

  it("counts where no list comes to it, with `loopType` as well, and says so", async () => {
    const { conductor } = recording({ source: () => ({ result: "no list" }), a: ({ input }) => input.item });
    const counted = async (parameters: object) => {
      const nodes = [leaf("source"), loop("l", parameters as never, [leaf("a")])];
      const { data, warnings } = await conductor.node.run(group("root", nodes, [edge("source", "l")]));
      return [data.results, (warnings ?? []).map(({ rule }) => rule)];
    };
    expect(await counted({ loopType: "forEach", count: 3 })).toEqual([[0, 1, 2], ["loop-without-items"]]);
    expect(await counted({ count: 2 })).toEqual([[0, 1], []]);
    expect(await counted({ loopType: "times", count: 2 })).toEqual([[0, 1], []]);
    expect(await counted({ loopType: "forEach", array: [7], count: 3 })).toEqual([[7], []]);
  });

  it("has an empty result for no items, and hands it on", async () => {
    const { conductor, calls } = recording();
    for (const parameters of [each([]), times(0)]) {
      const result = await conductor.node.run(group("root", [loop("l", parameters, [leaf("a")])]));
      expect(result.data).toMatchObject({ results: [], iterationCount: 0 });
    }
    expect(calls).toEqual([]);
  });

  it.each([
    ["a count that is no number", times("many")],
    ["a negative count", times(-1)],
    ["a fraction", times(1.5)],
    ["a count beyond any list", times(1e12)],
    ["endless items", times(Number.POSITIVE_INFINITY)],
    ["items that are no list", each({ length: 3 })],
    ["no items", { loopType: "forEach" }],
  ])("fails for %s", async (_, parameters) => {
    const { conductor } = recording();
    const result = await conductor.node.run(group("root", [loop("l", parameters, [leaf("a")])]));
    expect(result.error).toMatchObject({ code: "EXECUTION_FAILED", nodeId: "l" });
  });

  it("runs no item before it is reached, and so can be stopped in any number of them", async () => {
    const { conductor, calls } = recording({
      a: ({ input }) => {
        if (input.index === 2) void conductor.node.cancel("run");
      },
    });
    const result = await conductor.node.run(loop("l", times(1e9), [leaf("a")]), { executionId: "run" });
    expect(result.error?.code).toBe("CANCELLED");
    expect(calls.length).toBe(3);
  });
});

describe("a loop that does not say over what", () => {
  const around = (from: unknown, handle?: string) => ({
    bodies: { source: () => from, a: ({ input }: Params) => input.item },
    flow: group(
      "root",
      [leaf("source"), loop("l", {}, [leaf("a")])],
      [edge("source", "l", { sourceHandle: "default", ...(handle !== undefined && { targetHandle: handle }) })],
    ),
  });

  it.each([
    ["as it is", [5, 6], undefined],
    ["on `items`", [5, 6], "items"],
    ["on `array`", [5, 6], "array"],
    ["on `default`", [5, 6], "default"],
    ["in a result", { result: [5, 6] }, undefined],
    ["in a result of a result", { result: { result: [5, 6] } }, undefined],
    ["as records", { records: [5, 6], headers: ["a"] }, undefined],
    ["as records in a result", { result: { records: [5, 6] } }, undefined],
    ["as results of another loop", { result: 1, results: [5, 6] }, undefined],
    [
      "in a routed value",
      Object.assign({ value: [5, 6] }, { [Symbol.for("@atomiton/routed")]: ["default"] }),
      undefined,
    ],
  ])("loops over an array that arrives %s", async (_, from, handle) => {
    const { bodies, flow } = around(from, handle);
    const result = await recording(bodies).conductor.node.run(flow);
    expect(result.data.results).toEqual([5, 6]);
    expect(result.warnings).toBeUndefined();
  });

  it("also without parameters, and over the flow's own input", async () => {
    const { parameters: _, ...bare } = loop("l", {}, [leaf("a")]);
    const { conductor } = recording({ a: ({ input }) => input.item });
    for (const flow of [bare, group("root", [bare])]) {
      expect((await conductor.node.run(flow, { input: { items: ["x"] } })).data.results).toEqual(["x"]);
    }
  });

  it("goes through the rows of a table", async () => {
    const { executables } = await import("@atomiton/nodes/executables").then(({ nodes }) => ({ executables: nodes }));
    const conductor = conductorOver({
      getNodeExecutable: (type) =>
        (type === "seen" ? { execute: ({ input }: Params) => input.item.name } : executables[type]) as never,
    });
    const parameters = { operation: "map", data: [{ name: "a" }, { name: "b" }], transformFunction: "x => x" };
    const flow = group(
      "root",
      [leaf("rows", { type: "transform", parameters }), loop("l", {}, [leaf("a", { type: "seen" })])],
      [edge("rows", "l")],
    );
    expect((await conductor.node.run(flow)).data.results).toEqual(["a", "b"]);
  });

  it.each([
    ["nothing", undefined],
    ["text", "many"],
    ["an object", { a: 1 }],
    ["a number in a result", { result: 3 }],
  ])("runs its nodes once, as a group does, for %s, and warns of it", async (_, from) => {
    const run = async (type: string) => {
      const seen: unknown[] = [];
      const { conductor } = recording({
        source: () => from,
        a: ({ input, executionId, parentContext }) => {
          seen.push([input, executionId, parentContext.nodeId, parentContext.executionId]);
          return "out of a";
        },
        b: ({ input }) => `${input.default}!`,
      });
      const inner = { ...group("l", [leaf("a"), leaf("b")], [edge("a", "b")]), type };
      const flow = group("root", [leaf("source"), inner, leaf("z")], [edge("source", "l"), edge("l", "z")]);
      const { data, outputs, executedNodes, warnings } = await conductor.node.run(flow, { executionId: "run" });
      return { seen, data, outputs, executedNodes, warnings };
    };
    const { warnings, ...looped } = await run("loop");
    const { warnings: none, ...grouped } = await run("group");
    expect(looped).toEqual(grouped);
    expect(none).toBeUndefined();
    expect(warnings).toMatchObject([{ rule: "loop-without-items", nodeId: "l" }]);
  });

  it("fails as a group does where one of its nodes fails", async () => {
    const { conductor } = recording({
      a: () => {
        throw new Error("broken");
      },
    });
    const { error } = await conductor.node.run(group("root", [loop("l", {}, [leaf("a")])]));
    expect(error).toMatchObject({ message: "broken", nodeId: "a" });
  });

  it("counts where it says how often, whatever arrives", async () => {
    const { bodies, flow } = around([1, 2, 3, 4]);
    (flow.nodes?.[1] as Definition).parameters = { count: 2 };
    expect((await recording(bodies).conductor.node.run(flow)).data.iterationCount).toBe(2);
  });
});

describe("a loop whose item fails", () => {
  const bodies: Record<string, Body> = {
    a: ({ input }) => {
      if (input.item === 2) throw new Error("two");
      return input.item;
    },
    caught: ({ input }) => input.default,
  };

  it("fails with the error of the child", async () => {
    const { conductor, of } = recording(bodies);
    const result = await conductor.node.run(group("root", [loop("l", each([1, 2, 3]), [leaf("a")])]));
    expect(result.error).toMatchObject({ code: "EXECUTION_FAILED", message: "two", nodeId: "a" });
    expect(of("a").length).toBe(2);
    expect(result.executedNodes).toEqual(["a"]);
  });

  it("hands the error to an edge that catches it", async () => {
    const { conductor } = recording(bodies);
    const flow = group(
      "root",
      [loop("l", each([1, 2, 3]), [leaf("a")]), leaf("caught"), leaf("next")],
      [edge("l", "caught", { sourceHandle: "error" }), edge("l", "next")],
    );
    const result = await conductor.node.run(flow);
    expect(result.success).toBe(true);
    expect(result.outputs?.caught).toMatchObject({ message: "two", nodeId: "a" });
    expect(result.executedNodes).not.toContain("next");
  });

  it("catches inside an item, and goes on with the next", async () => {
    const { conductor } = recording({ ...bodies, caught: ({ input }) => input.default.message });
    const flow = loop(
      "l",
      each([1, 2, 3]),
      [leaf("a"), leaf("caught")],
      [edge("a", "caught", { sourceHandle: "error" })],
    );
    const result = await conductor.node.run(flow);
    expect(result.data.results).toEqual([undefined, "two", undefined]);
  });

  it("stops the other items that are in flight", async () => {
    const signals: AbortSignal[] = [];
    const { conductor } = recording(
      {
        a: ({ input, signal }) => {
          if (input.index === 2) throw new Error("last");
          signals.push(signal);
          return new Promise(() => {});
        },
      },
      { concurrency: 8 },
    );
    const result = await conductor.node.run(loop("l", times(3, { concurrency: 3 }), [leaf("a")]));
    expect(result.error?.message).toBe("last");
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });
});

describe("an executable that tells the items itself", () => {
  const counting = (items: (params: Params, known: number) => unknown, seen: unknown[] = []) =>
    conductorOver({
      getNodeExecutable: (type) =>
        ({
          execute: ({ input }: Params) => {
            seen.push(input.item);
            return input.item;
          },
          ...(type === "loop" && { items }),
        }) as never,
    });

  it("is asked again while more may follow", async () => {
    const asked: number[] = [];
    const conductor = counting(async (_, known) => {
      asked.push(known);
      return known < 4 ? { items: [known, known + 1], more: true } : { items: [] };
    });
    const result = await conductor.node.run(group("root", [loop("l", each([]), [leaf("a")])]));
    expect(result.data.results).toEqual([0, 1, 2, 3]);
    expect(asked).toEqual([0, 2, 4]);
  });

  it("gets its own context and parameters", async () => {
    let got: Params | undefined;
    const conductor = counting((params) => {
      got = params;
      return [1];
    });
    await conductor.node.run(group("root", [loop("l", times(1, { own: "x" }), [leaf("a")])]), {
      executionId: "run",
      input: { from: "caller" },
    });
    expect(got).toMatchObject({ nodeId: "l", executionId: "run/l", own: "x", input: { from: "caller" } });
    expect(got?.parentContext.executionId).toBe("run");
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("no items");
      },
      "no items",
    ],
    ["rejects", () => Promise.reject(new Error("no items")), "no items"],
    ["answers something else", () => 7, "Items must be an array"],
    ["answers nothing", () => undefined, "Items must be an array"],
  ])("fails the loop when it %s", async (_, items, message) => {
    const result = await counting(items).node.run(group("root", [loop("l", times(1), [leaf("a")])]));
    expect(result.error).toMatchObject({ code: "EXECUTION_FAILED", nodeId: "l" });
    expect(result.error?.message).toContain(message);
  });

  it("is told by its signal that the run was cancelled, and answers in vain", async () => {
    let answer: (items: unknown) => void = () => {};
    let signal: AbortSignal | undefined;
    const seen: unknown[] = [];
    const conductor = counting((params) => {
      signal = params.signal;
      return new Promise((resolve) => {
        answer = resolve;
      });
    }, seen);
    const run = conductor.node.run(group("root", [loop("l", times(1), [leaf("a")])]), { executionId: "run" });
    await conductor.node.cancel("run");
    expect((await run).error?.code).toBe("CANCELLED");
    expect(signal?.aborted).toBe(true);
    answer([1, 2, 3]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual([]);
  });
});

describe("a loop that is cancelled", () => {
  it("stops at once in the item that it is in", async () => {
    const { conductor, calls } = recording({ a: ({ input }) => (input.index === 1 ? new Promise(() => {}) : 0) });
    const run = conductor.node.run(group("root", [loop("l", times(5), [leaf("a")])]), { executionId: "run" });
    await new Promise((resolve) => setImmediate(resolve));
    await conductor.node.cancel("run");
    const result = await run;
    expect(result.error?.code).toBe("CANCELLED");
    expect(calls.length).toBe(2);
    expect(calls[1]?.signal.aborted).toBe(true);
    expect(result.executedNodes).toEqual(["a"]);
  });
});
