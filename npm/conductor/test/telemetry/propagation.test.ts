/** Traces that go on from a caller into executions, from nodes to the servers that they ask, and after a restart. */
import { createServer as createHttpServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { createMemoryExecutions } from "@atomiton/storage";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { describe, expect, it, onTestFinished } from "vitest";
import { createConductor, readFlow } from "../../src/exports/node.js";
import { traceConductor } from "../../src/exports/opentelemetry.js";
import { createIsolation, createServer, createTriggers } from "../../src/exports/server.js";
import { gate } from "../durable/gate.js";
import { spanCollector, tracedConductor, tree } from "./tracing.js";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const CALLER = "b7ad6b7169203331";
const HEADERS = { traceparent: `00-${TRACE}-${CALLER}-01`, tracestate: "vendor=1,other=2" };

/** A server that keeps the headers of requests; one that asks for `/again` finds 503 the first time. */
async function asked() {
  const received: IncomingHttpHeaders[] = [];
  const server = createHttpServer((request, response) => {
    received.push(request.headers);
    const isBusy = request.url === "/again" && received.length === 1;
    response.writeHead(isBusy ? 503 : 200, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

const ask = (url: string, more = "") => `
id: f
nodes: [{ id: ask, type: http-request, parameters: { url: "${url}" }${more} }]`;

const executions = (spans: readonly ReadableSpan[]) => spans.filter(({ name }) => name === "conductor.execution");
const headerOf = (span: ReadableSpan) => `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`;
const named = (spans: readonly ReadableSpan[], name: string) =>
  spans.filter((span) => span.name.startsWith(name)) as [ReadableSpan, ...ReadableSpan[]];

describe("requests of nodes", () => {
  it("name the span of their node", async () => {
    const { url, received } = await asked();
    const { conductor, spans } = tracedConductor();
    expect((await conductor.node.run(readFlow(ask(url)) as never)).success).toBe(true);
    expect(received.map(({ traceparent }) => traceparent)).toEqual([headerOf(named(spans(), "conductor.node")[0])]);
  });

  it("name the span of their attempt, each its own", async () => {
    const { url, received } = await asked();
    const { conductor, spans } = tracedConductor();
    const flow = ask(`${url}/again`, ", policy: { retries: 1, retryDelay: 1 }");
    expect((await conductor.node.run(readFlow(flow) as never)).success).toBe(true);
    const attempts = named(spans(), "conductor.attempt");
    expect(attempts).toHaveLength(2);
    expect(received.map(({ traceparent }) => traceparent)).toEqual(attempts.map(headerOf));
  });

  it("keep a header of the flow's author, and have none without tracing", async () => {
    const { url, received } = await asked();
    const { conductor, end } = tracedConductor();
    const own = { parameters: { url, headers: { traceparent: "of the author" } } };
    const node = { id: "ask", type: "http-request", ...own };
    await conductor.node.run({ id: "f", type: "group", nodes: [node] } as never);
    end();
    await conductor.node.run(readFlow(ask(url)) as never);
    expect(received.map(({ traceparent }) => traceparent)).toEqual(["of the author", undefined]);
  });

  it("do so from the process of an isolated execution", async () => {
    const { url, received } = await asked();
    const isolation = createIsolation({ roles: ["admin"], spare: 0, network: true });
    const { conductor, spans } = tracedConductor({ isolation });
    await conductor.storage.saveFlow(readFlow(ask(url)) as never);
    const { apiUrl } = await listening(conductor, { isolation });
    const answer = await fetch(`${apiUrl}/flows/f/run`, { method: "POST" });
    expect(await answer.json()).toMatchObject({ success: true });
    expect(received.map(({ traceparent }) => traceparent)).toEqual([headerOf(named(spans(), "conductor.node")[0])]);
  });
});

async function listening(conductor: ReturnType<typeof createConductor>, options: object = {}) {
  const server = createServer({ conductor, open: true, ...options });
  const { apiUrl, close } = await server.listen({ port: 0 });
  onTestFinished(async () => {
    server.close();
    await close(0);
  });
  return { apiUrl };
}

const FLOW = "id: f\nnodes: [{ id: a, type: code, parameters: { code: return 1 } }]";

describe("a request to a server", () => {
  it.each([
    ["a run of a saved flow", "/flows/f/run", {}, ["vendor=1,other=2", undefined]],
    ["a request", "/execute", { flowId: "f" }, ["vendor=1,other=2", undefined]],
    ["a command", "/node/execute", { node: { id: "a", type: "code", parameters: { code: "return 1" } } }, []],
  ])("hands its trace to the execution that it begins: %s", async (_, path, body, tracestates) => {
    const { url, received } = await asked();
    const { conductor, spans } = tracedConductor();
    await conductor.storage.saveFlow(readFlow(ask(url)) as never);
    const { apiUrl } = await listening(conductor);
    const post = (headers: Record<string, string>) =>
      fetch(apiUrl + path, {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", ...headers },
      });
    expect((await post(HEADERS)).status).toBe(200);
    expect((await post({})).status).toBe(200);
    const [first, second] = executions(spans()) as [ReadableSpan, ReadableSpan];
    expect(first.parentSpanContext).toMatchObject({ traceId: TRACE, spanId: CALLER, isRemote: true });
    expect(first.spanContext().traceState?.serialize()).toBe("vendor=1,other=2");
    // One without the header begins a trace of its own.
    expect(second.parentSpanContext).toBeUndefined();
    expect(second.spanContext().traceId).not.toBe(TRACE);
    expect(received.map(({ tracestate }) => tracestate)).toEqual(tracestates);
  });

  it("does so with each server of a conductor", async () => {
    const { conductor, spans } = tracedConductor();
    await conductor.storage.saveFlow(readFlow(FLOW) as never);
    const servers = [await listening(conductor), await listening(conductor)];
    for (const { apiUrl } of servers) {
      const answer = await fetch(`${apiUrl}/flows/f/run`, { method: "POST", headers: HEADERS });
      expect(answer.status).toBe(200);
    }
    const parents = executions(spans()).map(({ parentSpanContext }) => parentSpanContext?.traceId);
    expect(parents).toEqual([TRACE, TRACE]);
  });

  it.each([
    "",
    "garbage",
    `00-${"0".repeat(32)}-${CALLER}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `ff-${TRACE}-${CALLER}-01`,
    `00-${TRACE.toUpperCase()}-${CALLER}-01`,
    `00-${TRACE}-${CALLER}-01-more`,
  ])("begins a trace of its own where the header is no traceparent: %j", async (traceparent) => {
    const { conductor, spans } = tracedConductor();
    await conductor.storage.saveFlow(readFlow(FLOW) as never);
    const { apiUrl } = await listening(conductor);
    const answer = await fetch(`${apiUrl}/flows/f/run`, { method: "POST", headers: { traceparent } });
    expect(answer.status).toBe(200);
    expect(executions(spans())[0]?.parentSpanContext).toBeUndefined();
  });

  it("does so by a webhook, but not for what a trigger finds later that it armed", async () => {
    const store = createMemoryExecutions();
    const { conductor, spans } = tracedConductor({ store });
    const triggers = createTriggers({ conductor, store });
    onTestFinished(() => triggers.close());
    await triggers.start();
    const { apiUrl } = await listening(conductor, { triggers, durable: true, webhooks: true });
    const save = (flow: object) =>
      fetch(`${apiUrl}/flows`, {
        method: "POST",
        body: JSON.stringify(flow),
        headers: { "content-type": "application/json", ...HEADERS },
      });
    const hook = { id: "h", type: "webhook", parameters: { path: "p", authenticate: "none", answer: "result" } };
    expect((await save({ id: "hooked", nodes: [hook] })).status).toBe(201);
    const second = { id: "s", type: "schedule", parameters: { every: "1s" } };
    expect((await save({ id: "scheduled", nodes: [second] })).status).toBe(201);
    const hooks = apiUrl.replace(/\/api$/, "/hooks/p");
    // Until it is armed there is nothing at the address.
    await expect.poll(async () => (await fetch(hooks, { method: "POST", headers: HEADERS })).status).toBe(200);
    const of = (id: string) =>
      executions(spans()).find(({ attributes }) => attributes["conductor.flow.id"] === id) as ReadableSpan;
    expect(of("hooked").parentSpanContext).toMatchObject({ traceId: TRACE, spanId: CALLER });
    await expect.poll(() => of("scheduled")).toBeDefined();
    expect(of("scheduled").parentSpanContext).toBeUndefined();
  });
});

describe("an execution that a store keeps", () => {
  it("goes on with its trace in a later process", async () => {
    const store = createMemoryExecutions();
    const { reached, reach } = gate();
    let isSecond = false;
    const nodeExecutorFactory = {
      getNodeExecutable: () => ({ execute: async () => (isSecond ? 1 : reach()) }),
    } as never;
    const first = tracedConductor({ store, nodeExecutorFactory });
    const { apiUrl } = await listening(first.conductor, { durable: true });
    const flow = "id: f\nnodes: [{ id: g, type: group, nodes: [{ id: n, type: x }] }]";
    await first.conductor.storage.saveFlow(readFlow(flow) as never);
    const request = fetch(`${apiUrl}/flows/f/run`, { method: "POST", headers: HEADERS }).catch(() => {});
    await reached;
    await first.conductor.shutdown();
    await request;
    isSecond = true;
    const second = createConductor({ transport: "local", store, nodeExecutorFactory });
    onTestFinished(() => second.shutdown());
    const { tracerProvider, spans } = spanCollector();
    traceConductor(second, { tracerProvider });
    const { resumed } = await second.recover();
    expect(await resumed[0]?.result).toMatchObject({ success: true });
    expect(tree(spans())).toEqual(["f", "  g", "    n"]);
    const [execution] = executions(spans()) as [ReadableSpan];
    expect(execution.spanContext().traceId).toBe(TRACE);
    const [before] = executions(first.spans()) as [ReadableSpan];
    expect(execution.parentSpanContext?.spanId).toBe(before.spanContext().spanId);
    expect(before.parentSpanContext?.spanId).toBe(CALLER);
  });

  it("has a span of each stretch in which it is in memory, in one trace", async () => {
    const store = createMemoryExecutions();
    const { conductor, spans } = tracedConductor({ store });
    const flow = `
id: f
nodes:
  - { id: before, type: code, parameters: { code: return 1 } }
  - { id: rest, type: wait-for-input, parameters: { message: Go on? } }
  - { id: after, type: code, parameters: { code: return 2 } }
edges: [{ source: before, target: rest }, { source: rest, target: after }]`;
    const running = conductor.node.run(readFlow(flow) as never, { executionId: "e" } as never);
    await expect.poll(() => executions(spans()).length).toBe(1);
    await conductor.executions.answer("e", "yes");
    expect((await running).success).toBe(true);
    const [before, after] = executions(spans()) as [ReadableSpan, ReadableSpan];
    expect(before.attributes["conductor.left_memory"]).toBe(true);
    expect(after.attributes["conductor.left_memory"]).toBeUndefined();
    expect(after.parentSpanContext?.spanId).toBe(before.spanContext().spanId);
    expect(tree(spans())).toEqual(["f", "  before", "  rest", "  f", "    rest", "    after"]);
    expect(new Set(spans().map(({ status }) => status.code))).toEqual(new Set([0]));
  });
});
