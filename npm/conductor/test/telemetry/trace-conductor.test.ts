/** Executions as spans, made by the SDK and sent by its exporter. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { SpanStatusCode } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { describe, expect, it, onTestFinished } from "vitest";

import { createConductor } from "../../src/exports/node.js";
import { type TracingOptions, traceConductor } from "../../src/exports/opentelemetry.js";

let failures = 0;

function traced(options: TracingOptions = {}) {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const conductor = createConductor({
    transport: "local",
    nodeExecutorFactory: {
      getNodeExecutable: (type: string) => ({
        execute: async () => {
          if (type === "fail") throw Object.assign(new Error("It broke"), { code: "TIMEOUT" });
          if (type === "flaky" && failures-- > 0) throw new Error("Not yet");
          return { result: type };
        },
      }),
    } as never,
  });
  const end = traceConductor(conductor, { tracerProvider: provider, ...options });
  onTestFinished(() => conductor.shutdown());
  return { conductor, end, spans: () => exporter.getFinishedSpans(), provider };
}

const flow = (...types: string[]) =>
  ({
    id: "flow",
    type: "group",
    nodes: types.map((type, index) => ({ id: `n${index}`, type, parameters: {} })),
    edges: types.slice(1).map((_, index) => ({ id: `e${index}`, source: `n${index}`, target: `n${index + 1}` })),
  }) as never;

const named = (spans: readonly ReadableSpan[], name: string) => spans.filter((span) => span.name.startsWith(name));
const parentOf = (span: ReadableSpan | undefined) => span?.parentSpanContext?.spanId;

describe("a conductor that is traced", () => {
  it("has a span of each execution, with one of each node", async () => {
    const { conductor, spans } = traced();
    const { trace } = await conductor.node.run(flow("a", "b"), { executionId: "e1" } as never);
    const [execution] = named(spans(), "conductor.execution");
    expect(execution?.attributes).toEqual({ "conductor.execution.id": "e1", "conductor.flow.id": "flow" });
    expect(execution?.status.code).toBe(SpanStatusCode.UNSET);
    const nodes = named(spans(), "conductor.node");
    expect(nodes.map(({ attributes }) => attributes["conductor.node.id"])).toEqual(["n0", "n1"]);
    expect(nodes.map(({ attributes }) => attributes["conductor.node.type"])).toEqual(["a", "b"]);
    for (const [index, node] of nodes.entries()) {
      expect(parentOf(node)).toBe(execution?.spanContext().spanId);
      const start = node.startTime[0] * 1000 + node.startTime[1] / 1e6;
      expect(Math.round(start)).toBe(trace?.nodes[index]?.startTime);
    }
  });

  it("has the code of an error in the span of the node and in that of the execution", async () => {
    const { conductor, spans } = traced();
    const { error } = await conductor.node.run(flow("a", "fail", "b"));
    await expect.poll(() => named(spans(), "conductor.execution")).toHaveLength(1);
    const failed = spans().filter(({ status }) => status.code === SpanStatusCode.ERROR);
    expect(failed.map(({ name }) => name).sort()).toEqual(["conductor.execution", "conductor.node fail"]);
    for (const { attributes, status } of failed) {
      expect(attributes["error.type"]).toBe(error?.code);
      expect(status.message).toBe(error?.message);
    }
    // A node that never began has none.
    expect(named(spans(), "conductor.node b")).toEqual([]);
  });

  it("has a span of each attempt of a node that is tried again", async () => {
    failures = 2;
    const { conductor, spans } = traced();
    const node = { id: "n", type: "flaky", parameters: {}, policy: { retries: 3, retryDelay: 1 } };
    const result = await conductor.node.run({ id: "flow", type: "group", nodes: [node], edges: [] } as never);
    expect(result.success).toBe(true);
    const attempts = named(spans(), "conductor.attempt");
    expect(attempts.map(({ attributes }) => attributes["conductor.attempt"])).toEqual([1, 2, 3]);
    expect(attempts.map(({ status }) => status.code)).toEqual([2, 2, 0]);
    const [span] = named(spans(), "conductor.node");
    expect(attempts.every((attempt) => parentOf(attempt) === span?.spanContext().spanId)).toBe(true);
    expect(span?.status.code).toBe(SpanStatusCode.UNSET);
  });

  it("has no more spans than it may, the one of the node that failed among them, and says how many were left out", async () => {
    const { conductor, spans } = traced({ spansPerExecution: 10 });
    const types = Array.from({ length: 100_000 }, () => "a");
    const nodes = types.map((type, index) => ({
      id: `n${index}`,
      type: index === 99_999 ? "fail" : type,
      parameters: {},
    }));
    await conductor.node.run({ id: "flow", type: "group", nodes, edges: [] } as never);
    await expect.poll(() => named(spans(), "conductor.execution")).toHaveLength(1);
    expect(named(spans(), "conductor.node")).toHaveLength(10);
    expect(named(spans(), "conductor.node fail")).toHaveLength(1);
    const [execution] = named(spans(), "conductor.execution");
    expect(execution?.attributes["conductor.spans.left_out"]).toBe(99_990);
  });

  it("has none once it is ended, and refuses a wrong limit and settings that there are not", async () => {
    const { conductor, end, spans } = traced();
    end();
    await conductor.node.run(flow("a"));
    expect(spans()).toEqual([]);
    for (const options of [{ spansPerExecution: -1 }, { spansPerExecution: "9" }, { spansPerRun: 1 }] as object[]) {
      const refused = expect.objectContaining({ code: "INVALID_PARAMETERS" });
      expect(() => traceConductor(conductor, options)).toThrow(refused);
    }
  });

  it("sends what a receiver of OTLP understands", async () => {
    const received: { name: string; traceId: string; parentSpanId?: string }[] = [];
    const receiver = createServer(async (request, response) => {
      let body = "";
      for await (const part of request.setEncoding("utf8")) body += part;
      for (const { scopeSpans } of JSON.parse(body).resourceSpans)
        for (const { scope, spans } of scopeSpans) {
          expect(scope.name).toBe("@atomiton/conductor");
          received.push(...spans);
        }
      response.setHeader("content-type", "application/json").end("{}");
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void receiver.close());
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/v1/traces`;
    const provider = new TracerProvider({
      spanProcessors: [new SimpleSpanProcessor({ exporter: new OTLPTraceExporter({ url }) })],
    });
    const { conductor } = traced({ tracerProvider: provider });
    await conductor.node.run(flow("a", "b"));
    await provider.forceFlush();
    await expect.poll(() => received.length).toBe(3);
    const execution = received.find(({ name }) => name === "conductor.execution");
    expect(new Set(received.map(({ traceId }) => traceId)).size).toBe(1);
    expect(received.filter(({ parentSpanId }) => parentSpanId !== undefined && parentSpanId !== "")).toHaveLength(2);
    expect(execution).toBeDefined();
    await provider.shutdown();
  });
});
