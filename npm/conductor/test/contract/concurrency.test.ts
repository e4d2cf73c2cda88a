import { afterEach, describe, expect, it, vi } from "vitest";
import {
  chain,
  conductorWith,
  type Definition,
  diamond,
  edge,
  group,
  HeldNodes,
  independent,
  leaf,
  nested,
  turns,
  watch,
} from "./flows";

afterEach(() => vi.unstubAllEnvs());

async function begin(definition: Definition, config: Record<string, unknown>, context: Record<string, unknown> = {}) {
  const held = new HeldNodes();
  const conductor = conductorWith(held.body, config);
  const run = watch(conductor.node.run(definition, context));
  await turns();
  return { held, run, conductor };
}

describe("without a word about concurrency", () => {
  it("one node runs at a time", async () => {
    const { held, run } = await begin(independent("a", "b", "c"), {});
    expect(held.running).toEqual(["a"]);
    await held.finish("a");
    expect(held.running).toEqual(["b"]);
    await held.finish("b");
    await held.finish("c");
    expect(run.value?.success).toBe(true);
    expect(held.most).toBe(1);
  });
});

describe("with a concurrency of n", () => {
  it("n ready nodes run at once, and another as soon as one has finished", async () => {
    const { held, run } = await begin(independent("a", "b", "c", "d"), { concurrency: 2 });
    expect(held.running).toEqual(["a", "b"]);
    await held.finish("b");
    expect(held.running).toEqual(["a", "c"]);
    await held.finish("c");
    expect(held.running).toEqual(["a", "d"]);
    await held.finish("d");
    await held.finish("a");
    expect(run.value?.success).toBe(true);
    expect(held.most).toBe(2);
  });

  it("a node starts when its own sources are done, not when its level is", async () => {
    const { held, run } = await begin(
      group("root", [leaf("slow"), leaf("fast"), leaf("after")], [edge("fast", "after")]),
      { concurrency: 8 },
    );
    expect(held.running).toEqual(["slow", "fast"]);
    await held.finish("fast");
    expect(held.running).toEqual(["slow", "after"]);
    await held.finish("after");
    await held.finish("slow");
    expect(run.value?.success).toBe(true);
  });

  it("a node waits for all of its sources", async () => {
    const { held, run } = await begin(diamond(), { concurrency: 8 });
    await held.finish("a");
    expect(held.running).toEqual(["b", "c"]);
    await held.finish("c");
    expect(held.running).toEqual(["b"]);
    await held.finish("b");
    expect(held.running).toEqual(["d"]);
    expect(held.params.get("d")?.input).toEqual({ left: "out:b", right: "out:c" });
    await held.finish("d");
    expect(run.value?.data).toBe("out:d");
  });

  it("nodes of different groups run together", async () => {
    const { held, run } = await begin(
      group("root", [group("one", [leaf("a1"), leaf("a2")]), group("two", [group("deep", [leaf("b1")])]), leaf("c")]),
      { concurrency: 8 },
    );
    expect(new Set(held.running)).toEqual(new Set(["a1", "a2", "b1", "c"]));
    for (const id of [...held.running]) await held.finish(id);
    expect(run.value).toMatchObject({ success: true, data: "out:c" });
  });

  it("the limit holds across nesting", async () => {
    const { held, run } = await begin(
      group("root", [
        group("one", [leaf("a1"), leaf("a2"), leaf("a3")]),
        group("two", [leaf("b1"), leaf("b2"), leaf("b3")]),
      ]),
      { concurrency: 4 },
    );
    while (held.running.length > 0) {
      expect(held.running.length).toBeLessThanOrEqual(4);
      await held.finish(held.running[0] as string);
    }
    expect(held.most).toBe(4);
    expect(run.value?.success).toBe(true);
  });

  it("what follows a group waits for the whole group", async () => {
    const { held, run } = await begin(
      group("root", [group("inner", [leaf("c1"), leaf("c2")]), leaf("z")], [edge("inner", "z")]),
      { concurrency: 8 },
    );
    await held.finish("c2");
    expect(held.running).toEqual(["c1"]);
    await held.finish("c1");
    expect(held.running).toEqual(["z"]);
    await held.finish("z");
    expect(run.value?.data).toBe("out:z");
  });

  it.each([1, 2, 3, 8])("the result is that of one node at a time: %d", async (concurrency) => {
    const shape = (result: unknown) => {
      const { success, data, executedNodes, outputs } = result as Record<string, unknown>;
      return { success, data, executedNodes, outputs: { ...(outputs as object) } };
    };
    for (const definition of [diamond(), nested(), chain(5), independent("c", "a", "b")]) {
      const one = await conductorWith().node.run(definition);
      const many = await conductorWith(undefined, { concurrency }).node.run(definition);
      expect(shape(many)).toEqual(shape(one));
    }
  });

  it("executed nodes are in the order of the plan, whatever finished first", async () => {
    const { held, run } = await begin(independent("a", "b", "c"), { concurrency: 3 });
    for (const id of ["c", "a", "b"]) await held.finish(id);
    expect(run.value?.executedNodes).toEqual(["root", "a", "b", "c"]);
    expect(run.value?.data).toBe("out:c");
  });

  it("edges to one handle are decided by their order, not by who finished last", async () => {
    const { held, run } = await begin(
      group("root", [leaf("a"), leaf("b"), leaf("c")], [edge("a", "c"), edge("b", "c")]),
      { concurrency: 2 },
    );
    await held.finish("b");
    await held.finish("a");
    expect(held.params.get("c")?.input).toEqual({ default: "out:b" });
    await held.finish("c");
    expect(run.settled).toBe(true);
  });

  it("the store shows all running nodes", async () => {
    const { held, conductor } = await begin(independent("a", "b", "c"), { concurrency: 2 });
    const states = () => [...conductor.node.store.getState().nodes.values()].map(({ state }) => state);
    expect(states()).toEqual(["executing", "executing", "pending"]);
    await held.finish("b");
    expect(states()).toEqual(["executing", "completed", "executing"]);
    await held.finish("a");
    await held.finish("c");
  });

  it("each run has the limit to itself", async () => {
    const held = new HeldNodes();
    const conductor = conductorWith(held.body, { concurrency: 2 });
    const runs = [
      conductor.node.run(group("one", [leaf("a1"), leaf("a2"), leaf("a3")])),
      conductor.node.run(group("two", [leaf("b1"), leaf("b2"), leaf("b3")])),
    ];
    await turns();
    expect(new Set(held.running)).toEqual(new Set(["a1", "a2", "b1", "b2"]));
    while (held.running.length > 0) await held.finish(held.running[0] as string);
    expect((await Promise.all(runs)).every(({ success }) => success)).toBe(true);
  });
});

describe("the first failure among nodes that run together", () => {
  it("aborts the others, starts nothing more and ends the run at once", async () => {
    const { held, run } = await begin(
      group("root", [leaf("a"), leaf("b"), leaf("c"), leaf("next")], [edge("a", "next")]),
      { concurrency: 2 },
    );
    const other = held.params.get("b")?.signal;
    expect(other?.aborted).toBe(false);
    await held.fail("a", new Error("boom"));
    expect(other?.aborted).toBe(true);
    expect(run.value).toMatchObject({ success: false, error: { message: "boom", nodeId: "a" } });
    await held.finish("b");
    expect(held.started).toEqual(["a", "b"]);
  });

  it("is the one that is reported", async () => {
    const { held, run } = await begin(independent("a", "b"), { concurrency: 2 });
    await held.fail("b", new Error("first"));
    await held.fail("a", new Error("second"));
    expect(run.value?.error).toMatchObject({ message: "first", nodeId: "b" });
  });

  it("reaches into other groups", async () => {
    const { held, run } = await begin(group("root", [group("one", [leaf("a")]), group("two", [leaf("b")])]), {
      concurrency: 2,
    });
    const signal = held.params.get("b")?.signal;
    await held.fail("a");
    expect(signal?.aborted).toBe(true);
    expect(run.value?.success).toBe(false);
  });
});

describe("where concurrency comes from", () => {
  it("may be the environment", async () => {
    vi.stubEnv("CONDUCTOR_CONCURRENCY", "3");
    const { held } = await begin(independent("a", "b", "c", "d"), {});
    expect(held.running).toEqual(["a", "b", "c"]);
  });

  it("is the configuration before the environment", async () => {
    vi.stubEnv("CONDUCTOR_CONCURRENCY", "3");
    const { held } = await begin(independent("a", "b", "c", "d"), { concurrency: 2 });
    expect(held.running).toEqual(["a", "b"]);
  });

  it.each(["", "many", "0", "-2"])("is not an environment that says %j", async (value) => {
    vi.stubEnv("CONDUCTOR_CONCURRENCY", value);
    const { held } = await begin(independent("a", "b"), {});
    expect(held.running).toEqual(["a"]);
  });

  it("may be the flow's own settings", async () => {
    const flow = { ...independent("a", "b", "c"), settings: { runtime: { parallel: 2 } } };
    const { held } = await begin(flow, {});
    expect(held.running).toEqual(["a", "b"]);
  });
});
