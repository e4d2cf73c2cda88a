/** Random flows that are traced: they go as they do untraced, and each call and each group has a span of its own. */
import { type ReadableSpan, type SpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { expect, it } from "vitest";
import { createConductor } from "../../src/exports/node.js";
import { traceConductor } from "../../src/exports/opentelemetry.js";
import type { Params } from "../contract/flows.js";
import { type RandomFlow, randomFlow } from "../random-flows/flow.js";
import { answerOf, digest, plain } from "../random-flows/model.js";

const FLOWS = Number(process.env["RANDOM_FLOWS"] ?? 300);

/** Runs a flow, and tells what was seen of it, and the spans. */
async function run({ definition, script, retries, keepsGoing }: RandomFlow, isTraced: boolean) {
  const starts: string[] = [];
  const calls = new Map<string, number>();
  const execute = ({ nodeId, input }: Params): unknown => {
    const call = (calls.get(nodeId) ?? 0) + 1;
    calls.set(nodeId, call);
    starts.push(`${nodeId}#${call}(${digest(input)})`);
    if (!answerOf(script, nodeId, call).startsWith("fails")) return Promise.resolve(`${nodeId}#${call}`);
    throw new Error(`${nodeId}#${call}`);
  };
  const conductor = createConductor({
    transport: "local",
    nodeExecutorFactory: { getNodeExecutable: () => ({ execute }) } as never,
    maxRetries: retries,
    retryDelay: 0,
  });
  const begun: ReadableSpan[] = [];
  const ended: ReadableSpan[] = [];
  const processor: SpanProcessor = {
    onStart: (span) => void begun.push(span as unknown as ReadableSpan),
    onEnd: (span) => void ended.push(span),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  if (isTraced) traceConductor(conductor, { tracerProvider: new TracerProvider({ spanProcessors: [processor] }) });
  await conductor.storage.saveFlow(definition as never);
  const config = keepsGoing ? { errorStrategy: "continue" as const } : {};
  const { error, data, outputs, metadata } = await conductor.execute({ flowId: definition.id, inputs: {}, config });
  await conductor.shutdown();
  return { seen: { starts, error, data, outputs, nodes: metadata?.executedNodes }, calls, begun, ended };
}

const at = ([seconds, nanoseconds]: [number, number]) => seconds * 1e3 + nanoseconds / 1e6;

it("random flows go the same way when they are traced, with a span of each call, within its group", async () => {
  for (let seed = 0; seed < FLOWS; seed++) {
    const flow = randomFlow(seed);
    const untraced = await run(flow, false);
    const { seen, calls, begun, ended } = await run(flow, true);
    expect(plain(seen), `flow ${seed}`).toEqual(plain(untraced.seen));
    expect(begun.length, `flow ${seed}: each span ends`).toBe(ended.length);
    const byId = new Map(ended.map((span) => [span.spanContext().spanId, span]));
    const parentOf = (span: ReadableSpan) => byId.get(span.parentSpanContext?.spanId ?? "");
    const called = new Map<string, number>();
    for (const span of ended) {
      const parent = parentOf(span);
      if (span.name === "conductor.execution") {
        expect(parent).toBeUndefined();
        continue;
      }
      expect(parent, `flow ${seed}`).toBeDefined();
      if (parent === undefined || parent.name === "conductor.execution") continue;
      expect(at(span.startTime), `flow ${seed}`).toBeGreaterThanOrEqual(at(parent.startTime) - 0.01);
      expect(at(span.endTime), `flow ${seed}`).toBeLessThanOrEqual(at(parent.endTime) + 0.01);
    }
    const hasChildren = new Set(ended.map((span) => span.parentSpanContext?.spanId));
    for (const span of ended.filter((each) => !hasChildren.has(each.spanContext().spanId))) {
      const of = span.name === "conductor.attempt" ? parentOf(span) : span;
      const id = String(of?.attributes["conductor.node.id"]);
      called.set(id, (called.get(id) ?? 0) + 1);
    }
    for (const [id, count] of calls) expect(called.get(id), `flow ${seed}: ${id}`).toBe(count);
  }
});
