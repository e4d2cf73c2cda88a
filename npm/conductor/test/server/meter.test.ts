/** The metrics of a server as instruments of OpenTelemetry, beside the text of Prometheus. */
import { type DataPoint, type Histogram, MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { describe, expect, it, onTestFinished } from "vitest";
import { createConductor, readFlow } from "../../src/exports/node.js";
import { createServer, type ServerOptions } from "../../src/exports/server.js";
import { METRICS, type Metric } from "../../src/server/metric-definitions.js";
import { byKey, keyOf } from "./serving.js";

class Reader extends MetricReader {
  protected async onShutdown() {}
  protected async onForceFlush() {}
}

async function served(options: Partial<ServerOptions> = {}) {
  const reader = new Reader();
  const meterProvider = new MeterProvider({ readers: [reader] });
  const conductor = createConductor({ transport: "local", logLevel: "error" });
  const server = createServer({ conductor, authenticate: byKey, meterProvider, ...options });
  const { apiUrl, close } = await server.listen({ port: 0 });
  onTestFinished(async () => {
    server.close();
    await close(0);
    await conductor.shutdown();
  });
  const ask = (path: string, role: string, init: RequestInit = {}) =>
    fetch(apiUrl + path, { ...init, headers: { authorization: `Bearer ${keyOf(role)}` } });
  /** By the names of instruments. */
  const collected = async () => {
    const { resourceMetrics, errors } = await reader.collect();
    expect(errors).toEqual([]);
    const scopes = resourceMetrics.scopeMetrics.filter(({ scope }) => scope.name === "@atomiton/conductor");
    return new Map(scopes.flatMap(({ metrics }) => metrics).map((metric) => [metric.descriptor.name, metric]));
  };
  /** By the names in Prometheus. */
  const scraped = async () => (await (await ask("/metrics", "viewer")).text()).split("\n");
  return { conductor, server, ask, collected, scraped };
}

/** Runs what ends in each way, with nodes in groups and tries of a node. */
async function work({ conductor, ask }: Awaited<ReturnType<typeof served>>) {
  const save = (text: string) => conductor.storage.saveFlow(readFlow(text) as never);
  await save(`
id: good
nodes:
  - id: g
    type: group
    nodes: [{ id: a, type: code, parameters: { code: return 1 } }]
  - { id: b, type: code, parameters: { code: return 2 } }
edges: [{ source: g, target: b }]`);
  const port = 1; // Nothing listens there.
  await save(`
id: bad
nodes: [{ id: ask, type: http-request, parameters: { url: "http://127.0.0.1:${port}" }, policy: { retries: 1, retryDelay: 1 } }]`);
  for (const id of ["good", "good", "bad"]) await ask(`/flows/${id}/run`, "runner", { method: "POST" });
  const question = "id: q\nnodes: [{ id: q, type: wait-for-input, parameters: { message: Yes? } }]";
  const waiting = conductor.node.run(readFlow(question) as never, { executionId: "q" } as never);
  await expect.poll(() => conductor.executions.waiting()).toHaveLength(1);
  await conductor.node.cancel("q" as never);
  await waiting;
  expect((await ask("/flows/good", "viewer", { method: "DELETE" })).status).toBe(403);
}

/** The labels of a line of Prometheus with its value, as attributes. */
function pointsOf({ name, kind, labels }: Metric, lines: readonly string[]) {
  const line = new RegExp(`^${name}${kind === "histogram" ? "_count" : ""}(?:\\{(.*)\\})? (.*)$`);
  return lines
    .flatMap((text) => [line.exec(text)])
    .filter((found) => found !== null)
    .map(([, given = "", value]) => {
      const pairs = [...given.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = "", text]) => [labels[label], text]);
      return [Object.fromEntries(pairs), Number(value)] as const;
    });
}

const sorted = (points: readonly (readonly [object, number])[]) => points.map((point) => JSON.stringify(point)).sort();

describe("the metrics of a server", () => {
  it("are the same metrics in OpenTelemetry and in Prometheus", async () => {
    const given = await served({ metrics: true });
    await work(given);
    const lines = await given.scraped();
    const metrics = await given.collected();
    for (const metric of Object.values<Metric>(METRICS)) {
      const collected = metrics.get(metric.otel);
      expect(collected?.descriptor, metric.otel).toMatchObject({ unit: metric.unit, description: metric.help });
      const points = collected?.dataPoints.map(({ attributes, value }: DataPoint<number | Histogram>) => {
        const texts = Object.entries(attributes).map(([name, text]) => [name, String(text)]);
        const count = typeof value === "number" ? value : value.count;
        if (typeof value !== "number") expect(value.buckets.boundaries).toEqual(metric.bounds);
        return [Object.fromEntries(texts), count] as const;
      });
      // What is asked for the metrics is counted once it is answered.
      const isOfScrape = ([attributes]: readonly [object, number]) => JSON.stringify(attributes).includes("/metrics");
      expect(sorted((points ?? []).filter((point) => !isOfScrape(point))), metric.name).toEqual(
        sorted(pointsOf(metric, lines).filter((point) => !isOfScrape(point))),
      );
    }
    const calls = pointsOf(METRICS.nodeCalls, lines);
    expect(calls).toContainEqual([{ "conductor.node.type": "code", "conductor.outcome": "completed" }, 4]);
    // Each try is a call.
    expect(calls).toContainEqual([{ "conductor.node.type": "http-request", "conductor.outcome": "failed" }, 2]);
    expect(calls).toContainEqual([{ "conductor.node.type": "wait-for-input", "conductor.outcome": "cancelled" }, 1]);
    const outcomes = pointsOf(METRICS.executions, lines).map(([, count]) => count);
    expect(outcomes.sort()).toEqual([1, 1, 2]);
    expect(pointsOf(METRICS.refusals, lines)).toEqual([[{ "conductor.refusal": "refused" }, 1]]);
  });

  it("are there without /metrics, end with the server, and need a provider that is one", async () => {
    const given = await served();
    await work(given);
    expect((await given.ask("/metrics", "admin")).status).toBe(404);
    const executions = async () =>
      (await given.collected())
        .get("conductor.executions")
        ?.dataPoints.reduce((sum, { value }) => sum + (value as number), 0);
    expect(await executions()).toBe(4);
    given.server.close();
    await given.conductor.node.run({ id: "late", type: "code", parameters: { code: "return 1" } } as never);
    expect(await executions()).toBe(4);
    const { conductor } = given;
    expect(() => createServer({ conductor, open: true, meterProvider: {} as never })).toThrow("MeterProvider");
  });

  it("count what was taken from the cache as such", async () => {
    const given = await served();
    const flow = readFlow(
      "id: f\nnodes: [{ id: a, type: edit-fields, parameters: { values: { a: 1 } }, policy: { cache: true } }]",
    );
    for (let run = 0; run < 3; run++) expect((await given.conductor.node.run(flow as never)).warnings).toBeUndefined();
    const points = (await given.collected()).get("conductor.node.calls")?.dataPoints ?? [];
    expect(points.map(({ attributes, value }) => [attributes["conductor.outcome"], value])).toEqual([
      ["completed", 1],
      ["cached", 2],
    ]);
  });
});
