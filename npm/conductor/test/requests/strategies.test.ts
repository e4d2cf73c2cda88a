/** How many nodes of a request run at once, and what becomes of the others when one fails. */
import { availableParallelism } from "node:os";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  type Body,
  byId,
  chain,
  edge,
  group,
  HeldNodes,
  independent,
  leaf,
  listenToConsole,
  stopClock,
  turns,
  watch,
} from "../contract/flows.js";
import { conductorOf, failing, seconds } from "./stored.js";

afterEach(() => {
  vi.useRealTimers();
});

const boom: Body = ({ nodeId }) => {
  throw new Error(`${nodeId} broke`);
};

describe("the parallelism of a request", () => {
  const ids = Array.from({ length: availableParallelism() + 3 }, (_, index) => `n${index}`);

  async function most(config: object | undefined, settings: object = {}, flow: object = {}): Promise<number> {
    const held = new HeldNodes();
    const conductor = await conductorOf({ flows: [{ ...independent(...ids), ...flow }], body: held.body, ...settings });
    const run = conductor.execute({ flowId: "root", ...(config && { config }) });
    for (let done = 0; done < ids.length; done += 1) {
      await vi.waitFor(() => expect(held.running.length).toBeGreaterThan(0));
      await held.finish(held.running[0] as string);
    }
    expect(await run).toMatchObject({ success: true, metadata: { executedNodes: ["root", ...ids] } });
    return held.most;
  }

  it("is one where nothing is said", async () => {
    expect(await most(undefined)).toBe(1);
  });

  it.each([
    [1, 1],
    [2, 2],
    [3, 3],
  ])("is what it says: %i", async (parallel, expected) => {
    expect(await most({ parallel })).toBe(expected);
  });

  it("that is true is the machine's", async () => {
    expect(await most({ parallel: true })).toBe(availableParallelism());
  });

  it("that is false is one, whatever the conductor says", async () => {
    expect(await most({ parallel: false }, { concurrency: 4 })).toBe(1);
  });

  it("is the conductor's where it says nothing itself", async () => {
    expect(await most({}, { concurrency: 2 })).toBe(2);
  });

  it("is the flow's where the request says nothing", async () => {
    expect(await most(undefined, {}, { settings: { runtime: { parallel: 2 } } })).toBe(2);
  });

  it("is the request's before the flow's", async () => {
    expect(await most({ parallel: 1 }, {}, { settings: { runtime: { parallel: 3 } } })).toBe(1);
  });
});

describe("a failure under the strategy fail", () => {
  it.each([undefined, { errorStrategy: "fail" as const }])("ends the flow (config %j)", async (config) => {
    const ran: string[] = [];
    const conductor = await conductorOf({
      flows: [independent("a", "b", "c")],
      body: (params) => {
        ran.push(params.nodeId);
        return byId({ b: boom })(params);
      },
    });
    const result = await conductor.execute({ flowId: "root", ...(config && { config }) });
    expect(result).toMatchObject({ success: false, error: "b broke" });
    expect(ran).toEqual(["a", "b"]);
  });
});

describe("a failure under the strategy continue", () => {
  const config = { errorStrategy: "continue" as const };

  /** `a → b → c` beside `x → y`, and `end` behind both. */
  const forked = group(
    "f",
    ["a", "b", "c", "x", "y", "end"].map((id) => leaf(id)),
    [
      edge("a", "b"),
      edge("b", "c"),
      edge("x", "y"),
      edge("c", "end", { targetHandle: "c" }),
      edge("y", "end", { targetHandle: "y" }),
    ],
  );

  async function ranWith(bodies: Record<string, Body>, flow = forked, more: object = {}) {
    const ran: string[] = [];
    const conductor = await conductorOf({
      flows: [flow],
      body: (params) => {
        ran.push(params.nodeId);
        return byId(bodies)(params);
      },
      ...more,
    });
    return { result: await conductor.execute({ flowId: flow.id, config }), ran, conductor };
  }

  it("lets what does not depend on it run, and nothing else", async () => {
    const { result, ran } = await ranWith({ b: boom });
    expect([...ran].sort()).toEqual(["a", "b", "x", "y"]);
    expect(result).toMatchObject({ success: false, error: "b broke", metadata: { error: { nodeId: "b" } } });
  });

  it("tells which nodes ran", async () => {
    const { result } = await ranWith({ b: boom });
    const executed = result.metadata?.executedNodes.filter((id) => id !== "f") ?? [];
    expect([...executed].sort()).toEqual(["a", "b", "x", "y"]);
  });

  it("is named as the first of several", async () => {
    const { result, ran } = await ranWith({ a: boom, x: boom });
    expect(ran).toEqual(["a", "x"]);
    expect(result).toMatchObject({ success: false, error: "a broke" });
  });

  it("inside a group does not end its neighbours", async () => {
    const flow = group(
      "f",
      [group("inner", [leaf("c1"), leaf("c2")], [edge("c1", "c2")]), leaf("z"), leaf("after")],
      [edge("inner", "after")],
    );
    const { result, ran } = await ranWith({ c1: boom }, flow);
    expect(ran).toEqual(["c1", "z"]);
    expect(result).toMatchObject({ success: false, error: "c1 broke", metadata: { error: { nodeId: "c1" } } });
  });

  it("does the same with several nodes at once", async () => {
    const { result, ran } = await ranWith({ b: boom }, forked, { concurrency: 4 });
    expect([...ran].sort()).toEqual(["a", "b", "x", "y"]);
    expect(result).toMatchObject({ success: false, error: "b broke" });
  });

  it("is none when nothing fails", async () => {
    const { result } = await ranWith({});
    expect(result).toMatchObject({ success: true, data: "out:end" });
  });

  it("does not outlast a cancellation", async () => {
    const held = new HeldNodes();
    const conductor = await conductorOf({ flows: [independent("a", "b")], body: held.body });
    const run = conductor.execute({ flowId: "root", config, context: { executionId: "exec_1" as never } });
    await vi.waitFor(() => expect(held.started).toEqual(["a"]));
    await conductor.node.cancel("exec_1");
    expect(await run).toMatchObject({ success: false, metadata: { error: { code: "CANCELLED" } } });
    expect(held.started).toEqual(["a"]);
  });

  it("belongs to this request: the next one ends with its first failure", async () => {
    const { conductor, ran } = await ranWith({ b: boom });
    ran.length = 0;
    await conductor.execute({ flowId: "f" });
    expect(ran).not.toContain("y");
  });
});

describe("a failure under the strategy retry", () => {
  it.each([
    ["three more times where nothing is said", {}, 4],
    ["as often as the options say", { options: { retries: 1 } }, 2],
    ["never where the options say so", { options: { retries: 0 } }, 1],
  ])("is tried again %s", async (_name, more, calls) => {
    stopClock();
    const body = failing(99);
    const conductor = await conductorOf({ flows: [chain(1, "f")], body });
    const run = watch(conductor.execute({ flowId: "f", config: { errorStrategy: "retry" }, ...more }));
    await seconds(12);
    expect(body).toHaveBeenCalledTimes(calls);
    expect(run.value).toMatchObject({ success: false, metadata: { attempts: calls } });
  });

  it("is tried again as often as maxRetries says", async () => {
    stopClock();
    const body = failing(99);
    const conductor = await conductorOf({ flows: [chain(1, "f")], body });
    const run = watch(conductor.execute({ flowId: "f", config: { errorStrategy: "retry", maxRetries: 1 } }));
    await seconds(12);
    expect(body).toHaveBeenCalledTimes(2);
    expect(run.value?.success).toBe(false);
  });
});

describe("the debug mode of a request", () => {
  const flow = chain(1, "f");
  const body: Body = ({ log }) => {
    log("reading rows");
    return "done";
  };

  it("shows what nodes log", async () => {
    const printed = listenToConsole();
    const conductor = await conductorOf({ flows: [flow], body });
    await conductor.execute({ flowId: "f", config: { debugMode: true } });
    const shown = printed.all().join("\n");
    printed.restore();
    expect(shown).toContain("reading rows");
  });

  it.each([undefined, { debugMode: false }])("is off where nobody asks (config %j)", async (config) => {
    const printed = listenToConsole();
    const conductor = await conductorOf({ flows: [flow], body });
    await conductor.execute({ flowId: "f", config: { debugMode: true } });
    const before = printed.all().length;
    await conductor.execute({ flowId: "f", ...(config && { config }) });
    await turns();
    const after = printed.all().length;
    printed.restore();
    expect(after).toBe(before);
  });
});
