import { createMemoryExecutions } from "@atomiton/storage";
import { describe, expect, it, onTestFinished } from "vitest";
import { createConductor } from "../../src/exports/node.js";
import { createServer, type ServerOptions } from "../../src/exports/server.js";
import { byKey, keyOf } from "./serving.js";

async function served(options: Partial<ServerOptions> = {}) {
  const conductor = createConductor({ transport: "local", store: createMemoryExecutions() });
  const server = createServer({ conductor, durable: true, authenticate: byKey, metrics: true, ...options });
  const { apiUrl, close } = await server.listen({ port: 0 });
  onTestFinished(async () => {
    server.close();
    await close(0);
    await conductor.shutdown();
  });
  const ask = (path: string, role = "admin", method = "GET", body?: object) =>
    fetch(`${apiUrl}${path}`, {
      method,
      headers: {
        ...(role !== "" && { authorization: `Bearer ${keyOf(role)}` }),
        ...(body && { "content-type": "application/json" }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  const metrics = async () => (await (await ask("/metrics", "viewer")).text()).split("\n");
  return { conductor, ask, metrics };
}

const flow = (id: string, as: string) => ({
  id,
  name: id,
  type: "group",
  nodes: [{ id: "stop", type: "stop", parameters: { as, message: "No" } }],
});

describe("metrics", () => {
  it("count executions by flow and outcome, requests by route, and what was refused", async () => {
    const { conductor, ask, metrics } = await served();
    await conductor.storage.saveFlow(flow("good", "success") as never);
    await conductor.storage.saveFlow(flow('odd "name"\\', "failure") as never);
    for (let count = 0; count < 3; count++)
      expect((await ask("/flows/good/run", "runner", "POST", {})).status).toBe(200);
    await ask(`/flows/${encodeURIComponent('odd "name"\\')}/run`, "runner", "POST", {});
    const asking = {
      id: "ask",
      name: "ask",
      type: "group",
      nodes: [{ id: "ask", type: "wait-for-input", parameters: { message: "?" } }],
    };
    const waiting = conductor.node.run(asking as never, { executionId: "asking" });
    await expect.poll(() => conductor.executions.waiting()).toHaveLength(1);
    expect((await metrics()).find((line) => line.startsWith("conductor_executions_running"))).toMatch(/ [01]$/);
    await conductor.executions.cancel("asking");
    await waiting;
    expect((await ask("/flows/good", "", "DELETE")).status).toBe(401);
    expect((await ask("/none/at/all")).status).toBe(404);
    const lines = await metrics();
    for (const line of [
      'conductor_executions_total{flow="good",outcome="completed"} 3',
      'conductor_executions_total{flow="odd \\"name\\"\\\\",outcome="failed"} 1',
      'conductor_executions_total{flow="ask",outcome="cancelled"} 1',
      'conductor_execution_duration_seconds_count{flow="good"} 3',
      "conductor_executions_queued 0",
      'conductor_calls_refused_total{kind="refused"} 1',
      'http_request_duration_seconds_count{method="POST",route="/api/flows/:id/run",status="200"} 4',
      'http_request_duration_seconds_count{method="DELETE",route="/api/flows/:id",status="401"} 1',
    ]) {
      expect(lines).toContain(line);
    }
    for (const name of ["nodejs_eventloop_lag_seconds", "process_resident_memory_bytes"]) {
      expect(lines.some((line) => line.startsWith(name))).toBe(true);
    }
  });

  it("tell no more than a hundred flows apart, however many there are", async () => {
    const { conductor, metrics } = await served();
    for (let number = 0; number < 150; number++) {
      await conductor.node.run(flow(`flow-${number}`, "success") as never);
    }
    const lines = (await metrics()).filter((line) => line.startsWith("conductor_executions_total{"));
    expect(lines).toHaveLength(101);
    expect(lines).toContain('conductor_executions_total{flow="other",outcome="completed"} 50');
  });

  it("have few labels, whatever is asked for", async () => {
    const { ask, metrics } = await served();
    for (let number = 0; number < 50; number++) await ask(`/unknown-${number}/x`);
    const lines = (await metrics()).filter((line) => line.startsWith("http_request_duration_seconds_count"));
    expect(lines.length).toBeLessThan(5);
    expect(lines.join()).not.toContain("unknown-");
  });

  it("are for callers who may look, and only where the owner turned them on", async () => {
    const on = await served();
    const { paths } = (await (await on.ask("/openapi.json")).json()) as { paths: Record<string, object> };
    expect(Object.keys(paths)).toContain("/metrics");
    expect((await on.ask("/metrics", "")).status).toBe(401);
    const off = await served({ metrics: false });
    expect((await off.ask("/metrics")).status).toBe(404);
    const conductor = createConductor({ transport: "local" });
    expect(() => createServer({ conductor, open: true, metrics: "yes" as never })).toThrow("`metrics`");
  });
});
