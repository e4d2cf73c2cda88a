/** What is seen of a run beyond the states of its nodes: tries, rounds, handled failures, pauses, the measured path. */
import { describe, expect, it } from "vitest";
import { attemptText, roundsText } from "../src/engine/activity";
import { measuredPath } from "../src/engine/measured-path";
import type { ExecutionGraphNode, ExecutionGraphState } from "../src/types/graph";
import { type Body, byId, conductorWith, edge, group, leaf, pass, stopClock } from "./contract/flows";

function seen(bodies: Record<string, Body>, config: Record<string, unknown> = {}) {
  const conductor = conductorWith(byId(bodies), config);
  const state = () => conductor.node.store.getState() as unknown as ExecutionGraphState;
  return { conductor, state, node: (id: string) => state().nodes.get(id) as ExecutionGraphNode };
}

const loop = (id: string, parameters: Record<string, unknown>, nodes: ReturnType<typeof leaf>[]) => ({
  ...group(id, nodes),
  type: "loop",
  parameters,
});

describe("a node that is tried again", () => {
  it("says which try comes when, and why", async () => {
    stopClock();
    let tries = 0;
    const { conductor, node } = seen({
      a: () => {
        if (tries++ < 2) throw new Error("503 from api.example");
      },
    });
    const run = conductor.node.run(group("root", [leaf("a", { policy: { retries: 3, retryDelay: 3000 } })]));
    await pass(0);
    expect(node("a")).toMatchObject({
      state: "executing",
      message: "try 2 of 4 in 3 s: 503 from api.example",
      attempts: { number: 1, of: 4, error: "503 from api.example" },
    });
    await pass(3000);
    expect(node("a").message).toBe("try 3 of 4 in 6 s: 503 from api.example");
    await pass(6000);
    const { trace } = (await run) as unknown as { trace: { retries: object[] } };
    expect(node("a")).toMatchObject({ state: "completed", attempts: { number: 3, of: 4 } });
    expect(node("a").attempts).not.toHaveProperty("retryAt");
    expect(trace.retries).toMatchObject([
      { nodeId: "a", number: 1, of: 4 },
      { nodeId: "a", number: 2, of: 4 },
    ]);
  });

  it("is told to those who watch the store", async () => {
    stopClock();
    let tries = 0;
    const { conductor } = seen({
      a: () => {
        if (tries++ < 1) throw new Error("busy");
      },
    });
    const messages = new Set<string | undefined>();
    conductor.node.store.subscribe((next) => messages.add(next.nodes.get("a")?.message));
    const run = conductor.node.run(group("root", [leaf("a", { policy: { retries: 1, retryDelay: 2000 } })]));
    await pass(2000);
    await run;
    expect([...messages]).toContain("try 2 of 2 in 2 s: busy");
  });

  it("has no tries where the first one was good, or none follows", async () => {
    const { conductor, node } = seen({
      b: () => {
        throw new Error("broken");
      },
    });
    const result = await conductor.node.run(group("root", [leaf("a"), leaf("b")]));
    expect(node("a")).not.toHaveProperty("attempts");
    expect(node("b")).not.toHaveProperty("attempts");
    expect(result.trace).not.toHaveProperty("retries");
  });
});

describe("a loop", () => {
  it("says how many of its rounds are done, and how many go on", async () => {
    const release: (() => void)[] = [];
    const { conductor, node } = seen(
      { a: () => new Promise<void>((resolve) => release.push(resolve)) },
      { concurrency: 8 },
    );
    const run = conductor.node.run(group("root", [loop("l", { count: 5, concurrency: 3 }, [leaf("a")])]));
    await expect.poll(() => release.length).toBe(3);
    release.shift()?.();
    await expect.poll(() => node("l").rounds).toEqual({ done: 1, total: 5, active: 3 });
    expect(node("l").message).toBe("1/5, 3 at once");
    while (node("l").state === "executing") {
      release.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await run;
    expect(node("l")).toMatchObject({ state: "completed", rounds: { done: 5, total: 5, active: 0 } });
  });

  it("names the rounds in which something failed, with their items in short", async () => {
    const { conductor, node } = seen({
      a: ({ input, parentContext }) => {
        if (input.item.id === 8 && parentContext.parentContext.input.item === "y") throw new Error("broken");
      },
    });
    const inner = loop("inner", { array: [{ id: 7 }, { id: 8, text: "x".repeat(500) }] }, [leaf("a")]);
    const { error } = await conductor.node.run(group("root", [loop("outer", { array: ["x", "y"] }, [inner])]));
    const { rounds } = (error as unknown as { context: { rounds: { item: string }[] } }).context;
    expect(rounds).toMatchObject([
      { nodeId: "outer", index: 1, item: "y" },
      { nodeId: "inner", index: 1, item: expect.stringContaining('{"id":8') },
    ]);
    expect(rounds[1]?.item.length).toBeLessThanOrEqual(60);
    expect(node("outer").error).toBe("a in round 2, item y: broken");
    expect(error?.message).toBe("broken");
  });

  it("takes items that cannot be written, and names them as well as it can", async () => {
    const hostile = {
      toJSON() {
        throw new Error("no");
      },
    };
    const body: Body = () => {
      throw new Error("broken");
    };
    const { conductor } = seen({ a: body });
    const { error } = await conductor.node.run(loop("l", { array: [hostile] }, [leaf("a")]));
    expect(error).toMatchObject({ message: "broken", context: { rounds: [{ item: "[object Object]" }] } });
  });
});

describe("a failure", () => {
  const broken: Body = () => {
    throw new Error("broken");
  };

  it("that an edge takes is handled", async () => {
    const { conductor, node } = seen({ a: broken });
    await conductor.node.run(group("root", [leaf("a"), leaf("b")], [edge("a", "b", { sourceHandle: "error" })]));
    expect(node("a")).toMatchObject({ state: "error", handled: true, error: "broken" });
    expect(node("b").state).toBe("completed");
  });

  it("cancels what goes on beside it, and only that", async () => {
    const { conductor, node } = seen(
      { a: () => new Promise(() => {}), b: broken, c: () => new Promise(() => {}) },
      { concurrency: 4 },
    );
    await conductor.node.run(group("root", [leaf("a"), group("g", [leaf("c")]), group("f", [leaf("b")])]));
    expect(node("a")).toMatchObject({ state: "error", cancelled: true });
    expect(node("g")).toMatchObject({ state: "error", cancelled: true });
    expect(node("g").nodes?.[0]).toMatchObject({ cancelled: true });
    expect(node("f")).not.toHaveProperty("cancelled");
    expect(node("f").nodes?.[0]).not.toHaveProperty("cancelled");
  });
});

describe("a run that is paused", () => {
  it("says so in its state and among the active ones", async () => {
    let open = () => {};
    const { conductor, state } = seen({
      a: () =>
        new Promise<void>((resolve) => {
          open = resolve;
        }),
    });
    const api = conductor.node as unknown as {
      pause(id: string): Promise<void>;
      resume(id: string): Promise<void>;
      active(): Promise<{ paused?: true }[]>;
    };
    const run = conductor.node.run(group("root", [leaf("a")]), { executionId: "run" });
    await new Promise((resolve) => setImmediate(resolve));
    expect(state()).not.toHaveProperty("isPaused");
    await api.pause("run");
    expect(state().isPaused).toBe(true);
    expect(await api.active()).toMatchObject([{ executionId: "run", paused: true }]);
    await api.resume("run");
    expect(state()).not.toHaveProperty("isPaused");
    expect((await api.active())[0]).not.toHaveProperty("paused");
    open();
    await run;
    expect(state()).not.toHaveProperty("isPaused");
  });
});

describe("the critical path", () => {
  const node = (id: string, duration: number | undefined, dependencies: string[] = [], state = "completed") =>
    [id, { id, dependencies, state, ...(duration !== undefined && { duration }) } as ExecutionGraphNode] as const;

  it("of a run that is over is the one that took longest", () => {
    const nodes = new Map([
      node("a", 5),
      node("quick", 1, ["a"]),
      node("slow", 90, ["a"]),
      node("skipped", undefined, ["a"], "skipped"),
      node("z", 1, ["quick", "slow", "skipped"]),
      node("alone", 40),
    ]);
    const levels = [["a", "alone"], ["quick", "slow", "skipped"], ["z"]];
    expect(measuredPath(nodes, levels)).toEqual(["a", "slow", "z"]);
  });

  it("has more nodes rather than fewer where they took nothing", () => {
    const nodes = new Map([node("a", 0), node("b", 0, ["a"]), node("c", 0)]);
    expect(measuredPath(nodes, [["a", "c"], ["b"]])).toEqual(["a", "b"]);
  });

  it("leads through a node that did not run, and does not have it", () => {
    const nodes = new Map([
      node("a", 20),
      node("off", undefined, ["a"], "skipped"),
      node("z", 20, ["off"]),
      node("alone", 30),
      node("never", undefined, ["z"], "pending"),
    ]);
    expect(measuredPath(nodes, [["a", "alone"], ["off"], ["z"], ["never"]])).toEqual(["a", "z"]);
  });

  it("says which it is", async () => {
    let during: unknown;
    const { conductor, state } = seen({
      a: () => {
        during = state().criticalPathKind;
      },
    });
    await conductor.node.run(group("root", [leaf("a")]));
    expect([during, state().criticalPathKind]).toEqual(["estimated", "measured"]);
  });
});

describe("a group whose nodes run side by side", () => {
  it("has five of them at once in a run of one at a time", async () => {
    let [now, most] = [0, 0];
    const body: Body = async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
    };
    const ids = ["a", "b", "c", "d", "e", "f", "g"];
    const { conductor } = seen(Object.fromEntries(ids.map((id) => [id, body])));
    const inner = (parallel: boolean) => ({
      ...group(
        "g",
        ids.map((id) => leaf(id)),
      ),
      parameters: { parallel },
    });
    for (const [parallel, expected] of [
      [false, 1],
      [true, 5],
    ] as const) {
      most = 0;
      expect((await conductor.node.run(group("root", [inner(parallel)]))).success).toBe(true);
      expect(most).toBe(expected);
    }
  });
});

describe("words", () => {
  it("of tries and rounds are short", () => {
    expect(attemptText({ number: 1, of: 4, error: "503", retryAt: 2100 }, 0)).toBe("try 2 of 4 in 3 s: 503");
    expect(attemptText({ number: 1, retryAt: 40 }, 0)).toBe("try 2 in 40 ms");
    expect(attemptText({ number: 2, of: 4 }, 0)).toBe("try 2 of 4");
    expect(roundsText({ done: 37, total: 120, active: 3 })).toBe("37/120, 3 at once");
    expect(roundsText({ done: 3, active: 1 })).toBe("3 done");
  });
});
