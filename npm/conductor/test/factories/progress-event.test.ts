import { describe, expect, expectTypeOf, it } from "vitest";
import type { ExecutionResult } from "../../src/types/execution.js";
import {
  DEFAULT_SLOWMO_MS,
  type FlowSavedEvent,
  isValidProgressEvent,
  type NodeCompleteEvent,
  type NodeErrorEvent,
  type NodeProgressEvent,
  type ProgressEvent,
} from "../../src/types/progress-event.js";

const event = () => ({
  nodeId: "a",
  progress: 40,
  message: "Executing: A",
  nodes: [{ id: "a", name: "A", state: "executing" }],
  graph: { executionOrder: [["a"]], criticalPath: ["a"], edges: [], totalWeight: 100, maxParallelism: 1 },
});

const hostile = (): never => {
  throw new Error("do not look");
};
const trap = () => new Proxy({}, { get: hostile, has: hostile, ownKeys: hostile, getPrototypeOf: hostile });
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable([], {});
  revoke();
  return proxy;
};

describe("isValidProgressEvent", () => {
  it("takes an event, with or without nodes, and whatever else it has", () => {
    expect(isValidProgressEvent(event())).toBe(true);
    expect(isValidProgressEvent({ ...event(), nodes: [] })).toBe(true);
    expect(isValidProgressEvent({ ...event(), executionId: "exec_1", more: 1 })).toBe(true);
    expect(isValidProgressEvent(JSON.parse(JSON.stringify(event())))).toBe(true);
  });

  it.each([undefined, null, 0, "event", Symbol("event"), [], {}, () => {}])("refuses %o", (value) => {
    expect(isValidProgressEvent(value)).toBe(false);
  });

  it.each(Object.keys(event()))("refuses an event whose %s is missing or of another kind", (key) => {
    for (const wrong of [undefined, null, true, {}, () => {}]) {
      expect(isValidProgressEvent({ ...event(), [key]: wrong })).toBe(false);
    }
  });

  it.each(Object.keys(event().graph))("refuses an event whose graph's %s is missing or of another kind", (key) => {
    for (const wrong of [undefined, null, "1", {}]) {
      expect(isValidProgressEvent({ ...event(), graph: { ...event().graph, [key]: wrong } })).toBe(false);
    }
  });

  it.each([
    undefined,
    null,
    "a",
    {},
    { id: 1, name: "A", state: "x" },
    { id: "a", state: "x" },
    { id: "a", name: "A" },
  ])("refuses an event with a node like %o, wherever it is", (node) => {
    expect(isValidProgressEvent({ ...event(), nodes: [node] })).toBe(false);
    expect(isValidProgressEvent({ ...event(), nodes: [...event().nodes, node] })).toBe(false);
  });

  it("refuses a list of nodes with holes", () => {
    const nodes = event().nodes;
    nodes.length = 2;
    expect(isValidProgressEvent({ ...event(), nodes })).toBe(false);
  });

  it.each([
    ["a Proxy that refuses everything", trap()],
    ["a Proxy that was revoked", revoked()],
    [
      "a getter that throws",
      {
        ...event(),
        get progress() {
          return hostile();
        },
      },
    ],
    ["nodes that throw", { ...event(), nodes: [trap()] }],
    ["a list of nodes that was revoked", { ...event(), nodes: revoked() }],
    ["a graph that throws", { ...event(), graph: trap() }],
  ])("refuses %s without throwing", (_, value) => {
    expect(isValidProgressEvent(value)).toBe(false);
  });
});

describe("the types of events", () => {
  it("fit what applications do with them", () => {
    let state: { progress: NodeProgressEvent | null; result: ExecutionResult | null; error: string | null };
    const shown = (progress: NodeProgressEvent, done: NodeCompleteEvent, failed: NodeErrorEvent) => {
      state = { progress, result: done.result, error: failed.error };
      return [
        state,
        done.output,
        failed.code,
        progress.nodes.map(({ id, name, state, duration }) => `${id} ${name} ${state} ${duration ?? 0}ms`),
        progress.graph.criticalPath.join(" → "),
      ];
    };
    expectTypeOf(shown).parameter(0).toExtend<ProgressEvent>();
    expectTypeOf<FlowSavedEvent>().toEqualTypeOf<{
      id: string;
      name: string;
      savedAt: string;
      flowId: string;
      timestamp: number;
    }>();
  });

  it("narrow what was checked", () => {
    const value: unknown = event();
    if (!isValidProgressEvent(value)) expect.fail("the event is valid");
    expectTypeOf(value).toEqualTypeOf<ProgressEvent>();
    expect(value.graph.maxParallelism).toBe(1);
  });
});

it("the pace for watching is a quarter of a second", () => {
  expect(DEFAULT_SLOWMO_MS).toBe(250);
});
