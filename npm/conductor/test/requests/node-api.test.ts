/** Checking, following and steering executions through `conductor.node`. */
import type { NodeCompleteEvent, NodeErrorEvent, NodeProgressEvent } from "@atomiton/conductor/node";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  byId,
  chain,
  diamond,
  edge,
  group,
  HeldNodes,
  independent,
  leaf,
  listenToConsole,
  nested,
  pass,
  stopClock,
  turns,
  watch,
} from "../contract/flows.js";
import { asNode, conductorOf } from "./stored.js";

afterEach(() => {
  vi.useRealTimers();
});

const exec = (id: string) => ({ executionId: id as never });
const boom = () => {
  throw new Error("boom");
};

describe("validating a node", () => {
  it.each([
    [{ type: "transform" }, ["Node must have an id"]],
    [{ id: "a" }, ["Node must have a type"]],
    [{}, ["Node must have an id", "Node must have a type"]],
    [{ id: "", type: "" }, ["Node must have an id", "Node must have a type"]],
  ])("tells what is missing: %j", async (node, errors) => {
    const { validate } = (await conductorOf()).node;
    expect(await validate(node as never)).toEqual({ valid: false, errors });
  });

  it("accepts what can be run", async () => {
    const { createConductor } = await import("@atomiton/conductor/node");
    const conductor = createConductor();
    const node = { id: "a", type: "transform", parameters: { operation: "map", transformFunction: "item => item" } };
    expect(await conductor.node.validate(node)).toEqual({ valid: true, errors: [] });
    await conductor.shutdown();
  });

  it("looks at parameters", async () => {
    const { createConductor } = await import("@atomiton/conductor/node");
    const conductor = createConductor();
    for (const parameters of [{ method: 7, url: "https://example.com" }, { url: 7 }, {}]) {
      const { valid, errors } = await conductor.node.validate({ id: "a", type: "http-request", parameters } as never);
      expect(valid).toBe(false);
      expect(errors.join("\n")).toMatch(/method|url/i);
    }
    await conductor.shutdown();
  });

  it("looks into flows, at every depth", async () => {
    const conductor = await conductorOf();
    const cyclic = group("root", [leaf("a"), group("inner", [leaf("b"), leaf("c")], [edge("b", "c"), edge("c", "b")])]);
    const inner = await conductor.node.validate(asNode(cyclic));
    expect(inner.valid).toBe(false);
    expect(inner.errors.join("\n")).toContain("Cycle detected in node graph");
    const dangling = await conductor.node.validate(asNode(group("root", [leaf("a")], [edge("a", "nowhere")])));
    expect(dangling.valid).toBe(false);
    expect(dangling.errors.join("\n")).toContain("nowhere");
    const twice = await conductor.node.validate(asNode(group("root", [leaf("same"), leaf("same")])));
    expect(twice.valid).toBe(false);
    expect(twice.errors.join("\n")).toContain("same");
  });

  it.each([[null], [undefined], [7], ["text"], [[]]])("takes anything without rejecting: %j", async (node) => {
    const { valid, errors } = await (await conductorOf()).node.validate(node as never);
    expect(valid).toBe(false);
    expect(errors.length).toBeGreaterThan(0);
  });
});

describe("progress events", () => {
  it("say which execution, how far, and where it stands", async () => {
    const conductor = await conductorOf();
    const events: NodeProgressEvent[] = [];
    conductor.node.onProgress((event) => events.push(event));
    await conductor.node.run(asNode(diamond()), exec("exec_1"));
    const [first, last] = [events[0], events.at(-1)];
    expect(first).toMatchObject({ executionId: "exec_1", progress: 0 });
    expect(first?.nodes.map(({ state }) => state)).toEqual(["pending", "pending", "pending", "pending"]);
    expect(last).toMatchObject({ executionId: "exec_1", nodeId: "", progress: 100, message: "All nodes completed" });
    expect(last?.nodes.map(({ id, name, state, progress }) => [id, name, state, progress])).toEqual(
      ["a", "b", "c", "d"].map((id) => [id, "test", "completed", 100]),
    );
    expect(last?.nodes.every(({ duration }) => typeof duration === "number")).toBe(true);
    expect(last?.graph).toEqual({
      executionOrder: [["a"], ["b", "c"], ["d"]],
      criticalPath: expect.arrayContaining(["a", "d"]),
      totalWeight: 400,
      maxParallelism: 2,
      edges: expect.arrayContaining([{ from: "a", to: "b" }]),
    });
  });

  it("name the nodes that are executing", async () => {
    stopClock();
    const held = new HeldNodes();
    const conductor = await conductorOf({ body: held.body });
    const events: NodeProgressEvent[] = [];
    conductor.node.onProgress((event) => events.push(event));
    const run = conductor.node.run(asNode(group("root", [leaf("a", { name: "Read rows" })])));
    await pass(150);
    expect(events.at(-1)).toMatchObject({ nodeId: "a", message: "Executing: Read rows" });
    await held.finish("a");
    await run;
  });

  it("are what the check for progress events accepts", async () => {
    const { isValidProgressEvent } = await import("../../src/types/progress-event.js");
    const conductor = await conductorOf();
    const events: unknown[] = [];
    conductor.node.onProgress((event) => events.push(event));
    await conductor.node.run(asNode(nested()));
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) expect(isValidProgressEvent(event)).toBe(true);
    expect(JSON.parse(JSON.stringify(events.at(-1)))).toMatchObject({ progress: 100 });
  });
});

describe("the end of an execution", () => {
  it("is told with result and output, or with error, node and code", async () => {
    const conductor = await conductorOf({ body: byId({ bad: boom }) });
    const completed: NodeCompleteEvent[] = [];
    const failed: NodeErrorEvent[] = [];
    conductor.node.onComplete((event) => completed.push(event));
    conductor.node.onError((event) => failed.push(event));
    const good = await conductor.node.run(asNode(chain(2)), exec("exec_1"));
    await conductor.node.run(asNode(group("flow", [leaf("bad")])), exec("exec_2"));
    expect(completed).toEqual([
      { nodeId: "root", executionId: "exec_1", result: good, output: "out:n2", timestamp: expect.any(Number) },
    ]);
    expect(failed).toEqual([
      { nodeId: "bad", executionId: "exec_2", error: "boom", code: "EXECUTION_FAILED", timestamp: expect.any(Number) },
    ]);
  });

  it("is told of a cancelled one as an error", async () => {
    const conductor = await conductorOf({ body: () => new Promise(() => undefined) });
    const heard: unknown[] = [];
    conductor.node.onError(({ executionId, code }) => heard.push([executionId, code]));
    conductor.node.onComplete(() => heard.push("completed"));
    const run = conductor.node.run(asNode(chain(1)), exec("exec_1"));
    await conductor.node.cancel("exec_1");
    await run;
    expect(heard).toEqual([["exec_1", "CANCELLED"]]);
  });
});

describe("a subscription", () => {
  it.each(["onProgress", "onComplete", "onError"] as const)("of %s ends with what it returned", async (subscribe) => {
    const conductor = await conductorOf({ body: byId({ n1: () => (subscribe === "onError" ? boom() : 1) }) });
    const listener = vi.fn();
    const leave = conductor.node[subscribe](listener);
    await conductor.node.run(asNode(chain(1)));
    const heard = listener.mock.calls.length;
    expect(heard).toBeGreaterThan(0);
    leave();
    leave();
    await conductor.node.run(asNode(chain(1)));
    expect(listener).toHaveBeenCalledTimes(heard);
  });

  it("that throws hurts neither the execution nor the others", async () => {
    const printed = listenToConsole();
    const conductor = await conductorOf();
    const other = vi.fn();
    conductor.node.onProgress(boom);
    conductor.node.onComplete(boom);
    conductor.node.onComplete(other);
    expect((await conductor.node.run(asNode(chain(2)))).success).toBe(true);
    expect(other).toHaveBeenCalledTimes(1);
    printed.restore();
  });
});

describe("a pause", () => {
  it("lets what runs go on and starts nothing more, until it ends", async () => {
    const held = new HeldNodes();
    const conductor = await conductorOf({ body: held.body });
    const run = watch(conductor.node.run(asNode(chain(3)), exec("exec_1")));
    await turns();
    await conductor.node.pause("exec_1");
    await held.finish("n1");
    await turns(20);
    expect(held.started).toEqual(["n1"]);
    expect(run.settled).toBe(false);
    await conductor.node.resume("exec_1");
    await turns();
    expect(held.started).toEqual(["n1", "n2"]);
    await held.finish("n2");
    await held.finish("n3");
    expect(run.value).toMatchObject({ success: true, data: "out:n3" });
  });

  it("holds one execution, not the others", async () => {
    const conductor = await conductorOf();
    const paused = watch(conductor.node.run(asNode(chain(3)), exec("exec_1")));
    await conductor.node.pause("exec_1");
    expect((await conductor.node.run(asNode(chain(3)), exec("exec_2"))).success).toBe(true);
    await turns(10);
    expect(paused.settled).toBe(false);
    await conductor.node.resume("exec_1");
    await turns(10);
    expect(paused.value?.success).toBe(true);
  });

  it("can end in a cancellation", async () => {
    const held = new HeldNodes();
    const conductor = await conductorOf({ body: held.body });
    const run = watch(conductor.node.run(asNode(chain(2)), exec("exec_1")));
    await turns();
    await conductor.node.pause("exec_1");
    await held.finish("n1");
    await conductor.node.cancel("exec_1");
    await turns();
    expect(run.value?.error?.code).toBe("CANCELLED");
    expect(held.started).toEqual(["n1"]);
  });

  it.each(["pause", "resume", "cancel"] as const)("of nobody is no error: %s", async (what) => {
    const { node } = await conductorOf();
    await expect(node[what]("nobody")).resolves.toBeUndefined();
  });
});

describe("the executions that are not over", () => {
  it("are listed with node and start, requests among them", async () => {
    const held = new HeldNodes();
    const conductor = await conductorOf({ flows: [group("stored", [leaf("s")])], body: held.body });
    expect(await conductor.node.active()).toEqual([]);
    const before = Date.now();
    const runs = [
      conductor.node.run(asNode(group("one", [leaf("a")])), exec("exec_1")),
      conductor.execute({ flowId: "stored", context: exec("exec_2") }),
    ];
    await vi.waitFor(() => expect(held.running.length).toBe(2));
    const active = await conductor.node.active();
    expect(active.map(({ executionId, nodeId }) => [executionId, nodeId])).toEqual([
      ["exec_1", "one"],
      ["exec_2", "stored"],
    ]);
    for (const { startTime } of active) {
      expect(startTime).toBeGreaterThanOrEqual(before - 1);
      expect(startTime).toBeLessThanOrEqual(Date.now() + 1);
    }
    await held.finish("a");
    await held.finish("s");
    await Promise.all(runs);
    expect(await conductor.node.active()).toEqual([]);
  });

  it("are not those that failed before they began", async () => {
    const conductor = await conductorOf();
    await conductor.node.run(asNode(group("root", [leaf("a")], [edge("a", "a")])));
    await conductor.execute({ flowId: "nobody" });
    expect(await conductor.node.active()).toEqual([]);
  });

  it("can be waited for by others", async () => {
    const held = new HeldNodes();
    const conductor = await conductorOf({ body: held.body });
    const run = conductor.node.run(asNode(chain(1)), exec("exec_1"));
    await turns();
    const attached = conductor.node.attach("exec_1");
    await held.finish("n1");
    expect(await attached).toMatchObject({ success: true, data: "out:n1" });
    expect(await attached).toEqual(await run);
  });

  it("cannot be waited for when nobody knows them", async () => {
    const { attach } = (await conductorOf()).node;
    await expect(attach("nobody")).rejects.toThrow("nobody");
  });
});

describe("the methods of nodes", () => {
  it("work detached", async () => {
    const held = new HeldNodes();
    const { run, cancel, pause, resume, active, attach, onComplete, onError } = (await conductorOf({ body: held.body }))
      .node;
    const heard: unknown[] = [];
    onComplete(({ executionId }) => heard.push(executionId));
    onError(({ executionId, code }) => heard.push([executionId, code]));
    const one = run(asNode(independent("a")), exec("exec_1"));
    const two = run(asNode(independent("b")), exec("exec_2"));
    await turns();
    await pause("exec_1");
    await resume("exec_1");
    expect((await active()).length).toBe(2);
    const attached = attach("exec_1");
    await cancel("exec_2");
    await held.finish("a");
    expect((await one).success && (await attached).success).toBe(true);
    expect((await two).success).toBe(false);
    expect(heard).toEqual([["exec_2", "CANCELLED"], "exec_1"]);
  });
});
