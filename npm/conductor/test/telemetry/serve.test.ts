/** `conductor serve --telemetry`. */
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";

import { createConductor } from "../../src/exports/node.js";
import { DOUBLE, file, folder, start } from "../cli/cli.js";

const PROVIDER = `
import { metrics, trace } from ${JSON.stringify(import.meta.resolve("@opentelemetry/api"))};
import { MeterProvider, PeriodicExportingMetricReader } from ${JSON.stringify(import.meta.resolve("@opentelemetry/sdk-metrics"))};
import { SimpleSpanProcessor, TracerProvider } from ${JSON.stringify(import.meta.resolve("@opentelemetry/sdk-trace"))};
const exporter = { export: (spans, done) => { for (const { name } of spans) console.log("span: " + name); done({ code: 0 }); }, shutdown: async () => {}, forceFlush: async () => {} };
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
const took = ({ scopeMetrics }, done) => { for (const { metrics } of scopeMetrics) for (const { descriptor, dataPoints } of metrics) if (dataPoints.length > 0) console.log("metric: " + descriptor.name); done({ code: 0 }); };
const reader = new PeriodicExportingMetricReader({ exporter: { export: took, shutdown: async () => {}, forceFlush: async () => {} }, exportIntervalMillis: 100, exportTimeoutMillis: 100 });
if (process.env.METERS) metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
`;

describe("conductor serve --telemetry", () => {
  it("makes spans and metrics with the providers that a module registered, and refuses to start without one", async () => {
    const root = folder();
    const flow = file(root, "double.yaml", DOUBLE);
    const store = `sqlite:${join(root, "c.db")}`;
    const args = ["serve", flow, "--open", "--port", "0", "--store", store, "--no-config", "--telemetry"];
    expect(await start(args, { cwd: root }).ended).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("needs a provider"),
    });
    const provider = file(root, "telemetry.mjs", PROVIDER);
    const running = start(args, {
      cwd: root,
      env: { NODE_OPTIONS: `--import=${JSON.stringify(provider)}`, METERS: "1" },
    });
    onTestFinished(() => void running.child.kill("SIGKILL"));
    let said = "";
    running.child.stderr?.on("data", (text: string) => {
      said += text;
    });
    await running.says("Everybody on this machine");
    const client = createConductor({ transport: "http", apiUrl: /Serving at (\S+)/.exec(said)?.[1] ?? "" });
    onTestFinished(() => client.shutdown());
    expect(await client.execute({ flowId: "double" })).toMatchObject({ success: true });
    await running.says("span: conductor.execution");
    await running.says("metric: conductor.executions");
    running.child.kill("SIGTERM");
    const { stdout } = await running.ended;
    expect(stdout.match(/span: conductor\.node \S+/g)?.length).toBe(4);
    expect(said).not.toContain("--telemetry");
    // What there is no provider for is told.
    const spansOnly = start(args, { cwd: root, env: { NODE_OPTIONS: `--import=${JSON.stringify(provider)}` } });
    onTestFinished(() => void spansOnly.child.kill("SIGKILL"));
    await spansOnly.says("no MeterProvider is registered");
  });
});
