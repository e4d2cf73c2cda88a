/** Spans within groups, loops and flows that flows run: nested as the graph is. */
import { AsyncLocalStorage } from "node:async_hooks";
import { type Context, context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { describe, expect, it, onTestFinished } from "vitest";
import { readFlow } from "../../src/exports/node.js";
import { tracedConductor, tree } from "./tracing.js";

const ERROR_CODE = Symbol.for("@atomiton/error-code");

const factory = (bodies: Record<string, (params: never) => unknown>) =>
  ({ getNodeExecutable: (type: string) => bodies[type] && { execute: bodies[type] } }) as never;

const run = async (text: string, config: object = {}, options: object = {}) => {
  const made = tracedConductor(config, options);
  const result = await made.conductor.node.run(readFlow(text) as never, { executionId: "e" } as never);
  return { ...made, result };
};

const began = (span: ReadableSpan) => span.startTime[0] * 1e3 + span.startTime[1] / 1e6;
const ended = (span: ReadableSpan) => span.endTime[0] * 1e3 + span.endTime[1] / 1e6;

/** No span lies outside of the one around it. */
function expectInside(spans: readonly ReadableSpan[]) {
  for (const span of spans) {
    const parent = spans.find((other) => other.spanContext().spanId === span.parentSpanContext?.spanId);
    if (parent === undefined || parent.name === "conductor.execution") continue;
    // That of an execution begins by the clock of the SDK, which has whole ms.
    const less = span.name === "conductor.execution" ? 1 : 0.01;
    expect(began(span)).toBeGreaterThanOrEqual(began(parent) - less);
    expect(ended(span)).toBeLessThanOrEqual(ended(parent) + less);
  }
}

describe("the spans of an execution", () => {
  it("are nested as its groups are, and end when those do", async () => {
    const { spans } = await run(`
id: f
nodes:
  - id: outer
    type: group
    nodes:
      - { id: a, type: code, parameters: { code: return 1 } }
      - id: inner
        type: group
        nodes: [{ id: b, type: code, parameters: { code: return 2 } }]
    edges: [{ source: a, target: inner }]
  - { id: last, type: code, parameters: { code: return 3 } }
edges: [{ source: outer, target: last }]`);
    expect(tree(spans())).toEqual(["f", "  outer", "    a", "    inner", "      b", "  last"]);
    expectInside(spans());
    const [outer, last] = ["outer", "last"].map((id) =>
      spans().find(({ attributes }) => attributes["conductor.node.id"] === id),
    ) as [ReadableSpan, ReadableSpan];
    expect(ended(outer)).toBeLessThanOrEqual(began(last));
    for (const span of spans().filter(({ name }) => name.startsWith("conductor.node")))
      expect(span.attributes["conductor.node.state"]).toBe("completed");
  });

  it("have one of each node in each round of a loop, which says the round", async () => {
    const { spans } = await run(`
id: f
nodes:
  - id: rows
    type: loop
    parameters: { array: [[1, 2], [3]] }
    nodes:
      - id: cells
        type: loop
        parameters: { array: "\${{ loop.item }}" }
        nodes: [{ id: cell, type: code, parameters: { code: return 1 } }]`);
    expect(tree(spans())).toEqual([
      "f",
      "  rows",
      "    cells[0]",
      "      cell[0.0]",
      "      cell[0.1]",
      "    cells[1]",
      "      cell[1.0]",
    ]);
    expectInside(spans());
  });

  it("have those of a flow that a node runs below that node, at any depth", async () => {
    const { conductor, spans } = tracedConductor();
    const save = (text: string) => conductor.storage.saveFlow(readFlow(text) as never);
    await save("id: innermost\nnodes: [{ id: n, type: code, parameters: { code: return 1 } }]");
    await save("id: middle\nnodes: [{ id: m, type: sub-flow, parameters: { flow: innermost } }]");
    const outer = "id: outer\nnodes: [{ id: o, type: sub-flow, parameters: { flow: middle } }]";
    expect((await conductor.node.run(readFlow(outer) as never)).success).toBe(true);
    expect(tree(spans())).toEqual(["outer", "  o", "    middle", "      m", "        innermost", "          n"]);
    expect(new Set(spans().map((span) => span.spanContext().traceId)).size).toBe(1);
    expectInside(spans());
  });

  it("have one of each try of what may be tried again, leaf or group, with why it failed", async () => {
    let left = 3;
    const bodies = {
      flaky: async () => {
        if (left-- > 0) throw Object.assign(new Error("Not yet"), { [ERROR_CODE]: "TIMEOUT" });
        return 1;
      },
      calm: async () => 1,
    };
    const { spans, result } = await run(
      `
id: f
nodes:
  - id: g
    type: group
    policy: { retries: 2, retryDelay: 1 }
    nodes:
      - { id: once, type: calm }
      - { id: n, type: flaky, policy: { retries: 1, retryDelay: 1 } }
    edges: [{ source: once, target: n }]
  - { id: sure, type: calm, policy: { retries: 5 } }
edges: [{ source: g, target: sure }]`,
      { nodeExecutorFactory: factory(bodies) },
    );
    expect(result.success).toBe(true);
    expect(tree(spans())).toEqual([
      "f",
      "  g",
      "    try 1 ! TIMEOUT",
      "      once",
      "      n ! TIMEOUT",
      "        try 1 ! TIMEOUT",
      "        try 2 ! TIMEOUT",
      "    try 2",
      "      once",
      "      n",
      "        try 1 ! TIMEOUT",
      "        try 2",
      "  sure",
      "    try 1",
    ]);
    expectInside(spans());
  });

  it("are in the order in which they began, also behind a timer that fired before it was due", async () => {
    const { setTimeout: later } = globalThis;
    const EARLY_MS = 200;
    const early = (callback: () => void, ms = 0) => later(callback, ms - EARLY_MS);
    globalThis.setTimeout = Object.assign(early, { __promisify__: later.__promisify__ }) as typeof setTimeout;
    onTestFinished(() => void Object.assign(globalThis, { setTimeout: later }));
    let left = 1;
    const bodies = {
      flaky: async () => {
        if (left-- > 0) throw Object.assign(new Error("Not yet"), { [ERROR_CODE]: "TIMEOUT" });
        return 1;
      },
    };
    const { spans } = await run(
      `
id: f
nodes:
  - { id: z, type: flaky, policy: { retries: 1, retryDelay: ${EARLY_MS} } }
  - { id: y, type: flaky }
  - { id: x, type: flaky }
edges: [{ source: z, target: y }, { source: y, target: x }]`,
      { nodeExecutorFactory: factory(bodies) },
    );
    expect(tree(spans())).toEqual(["f", "  z", "    try 1 ! TIMEOUT", "    try 2", "  y", "  x"]);
  });

  it("say of a failure which groups it went through, and that what takes it did not fail after it", async () => {
    const bodies = {
      fail: async () => {
        throw Object.assign(new Error("It broke"), { [ERROR_CODE]: "TYPE_MISMATCH" });
      },
      calm: async () => 1,
    };
    const { spans, result } = await run(
      `
id: f
nodes:
  - id: handled
    type: group
    policy: { continueOnError: true }
    nodes: [{ id: bad, type: fail }]
  - id: ending
    type: group
    nodes:
      - id: inner
        type: group
        nodes: [{ id: worse, type: fail }, { id: never, type: calm }]
        edges: [{ source: worse, target: never }]
edges: [{ source: handled, target: ending }]`,
      { nodeExecutorFactory: factory(bodies) },
    );
    const code = "TYPE_MISMATCH";
    expect(result.error?.code).toBe(code);
    expect(tree(spans())).toEqual([
      `f ! ${code}`,
      `  handled ! ${code}`,
      `    bad ! ${code}`,
      `  ending ! ${code}`,
      `    inner ! ${code}`,
      `      worse ! ${code}`,
    ]);
    const failed = spans().filter(({ status }) => status.message === "It broke");
    expect(failed).toHaveLength(6);
  });

  it("say what a cancellation stopped, and what was over before it", async () => {
    let isHeld = () => {};
    const held = new Promise<void>((resolve) => {
      isHeld = resolve;
    });
    const bodies = {
      calm: async () => 1,
      hold: () => {
        isHeld();
        return new Promise(() => {});
      },
    };
    const { conductor, spans } = tracedConductor({ nodeExecutorFactory: factory(bodies) });
    const flow = `
id: f
nodes:
  - { id: done, type: group, nodes: [{ id: a, type: calm }] }
  - { id: open, type: group, nodes: [{ id: b, type: hold, policy: { retries: 1 } }] }
edges: [{ source: done, target: open }]`;
    const running = conductor.node.run(readFlow(flow) as never, { executionId: "e" } as never);
    await held;
    await conductor.node.cancel("e" as never);
    expect((await running).error?.code).toBe("CANCELLED");
    expect(tree(spans())).toEqual([
      "f ! CANCELLED",
      "  done",
      "    a",
      "  open ! CANCELLED",
      "    b ! CANCELLED",
      "      try 1 ! CANCELLED",
    ]);
  });

  it("say that a node took too long", async () => {
    const bodies = { hold: () => new Promise(() => {}) };
    const { spans } = await run(
      "id: f\nnodes: [{ id: g, type: group, nodes: [{ id: slow, type: hold, policy: { timeout: 5 } }] }]",
      { nodeExecutorFactory: factory(bodies) },
    );
    expect(tree(spans())).toEqual(["f ! TIMEOUT", "  g ! TIMEOUT", "    slow ! TIMEOUT"]);
  });

  it("are as many as the limit in a loop, and the last is that of what failed", async () => {
    const { spans, result } = await run(
      `
id: f
nodes:
  - id: each
    type: loop
    parameters: { count: 50 }
    nodes: [{ id: n, type: code, parameters: { code: "if (loop.index === 40) throw new Error('no'); return 1" } }]`,
      {},
      { spansPerExecution: 5 },
    );
    expect(result.success).toBe(false);
    const lines = tree(spans());
    expect(lines).toHaveLength(6);
    expect(lines.at(-1)).toMatch(/^ {4}n\[40\] ! /);
    const [execution] = spans().filter(({ name }) => name === "conductor.execution");
    expect(execution?.attributes["conductor.spans.left_out"]).toBe(1 + 41 - 5);
  });

  it("are as many as the limit over all flows that a loop runs", async () => {
    const each = `
id: f
nodes:
  - id: each
    type: loop
    parameters: { count: 50 }
    nodes: [{ id: run, type: sub-flow, parameters: { flow: inner } }]`;
    const { conductor, spans } = tracedConductor({}, { spansPerExecution: 8 });
    const inner = "id: inner\nnodes: [{ id: a, type: code, parameters: { code: return 1 } }]";
    await conductor.storage.saveFlow(readFlow(inner) as never);
    expect((await conductor.node.run(readFlow(each) as never)).success).toBe(true);
    // Beside that of the execution; the last place is for a failure.
    expect(tree(spans())).toHaveLength(8);
    const [execution] = spans().filter(({ attributes }) => attributes["conductor.flow.id"] === "f");
    expect(execution?.attributes["conductor.spans.left_out"]).toBe(1 + 50 * 3 - 7);
  });

  it("are the active ones while nodes are called", async () => {
    const contexts = new AsyncLocalStorage<Context>();
    const isSet = context.setGlobalContextManager({
      active: () => contexts.getStore() ?? ROOT_CONTEXT,
      with: (of, work, self, ...args) => contexts.run(of, () => work.apply(self as never, args)),
      bind: (_, target) => target,
      enable() {
        return this;
      },
      disable() {
        return this;
      },
    });
    expect(isSet).toBe(true);
    onTestFinished(() => context.disable());
    const seen: (string | undefined)[] = [];
    const bodies = {
      look: async () => {
        await undefined;
        seen.push(trace.getActiveSpan()?.spanContext().spanId);
      },
    };
    const { conductor, spans } = tracedConductor({ nodeExecutorFactory: factory(bodies) });
    const flow = "id: f\nnodes: [{ id: a, type: look }, { id: b, type: look, policy: { retries: 1 } }]";
    const around = trace.wrapSpanContext({ traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 });
    await context.with(trace.setSpan(ROOT_CONTEXT, around), () => conductor.node.run(readFlow(flow) as never));
    const find = (name: string) =>
      spans()
        .find((span) => span.name === name)
        ?.spanContext().spanId;
    const first = spans().find(({ attributes }) => attributes["conductor.node.id"] === "a");
    expect(seen).toEqual([first?.spanContext().spanId, find("conductor.attempt")]);
    const execution = spans().find(({ name }) => name === "conductor.execution");
    expect(execution?.parentSpanContext?.spanId).toBe("2".repeat(16));
    expect(trace.getActiveSpan()).toBeUndefined();
  });
});
