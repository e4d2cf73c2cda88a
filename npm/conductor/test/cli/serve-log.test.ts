/** `conductor serve --log json`. */
import { symlinkSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";

import { createConductor } from "../../src/exports/node.js";
import { DOUBLE, FAILING, file, folder, start } from "./cli.js";

const INNER = "id: inner\nnodes: [{ id: say, type: speak }]";
const OUTER = `
id: outer
nodes:
  - id: each
    type: loop
    parameters: { count: 2 }
    nodes: [{ id: call, type: sub-flow, parameters: { flow: inner } }]
  - { id: own, type: speak }
edges: [{ source: each, target: own }]`;
const NODES = `
import { defineNode } from "@atomiton/conductor/node";
import { z } from "zod";
export const speak = defineNode({
  type: "speak", title: "Speak", description: "Speaks", parameters: z.object({}), inputs: {}, outputs: {}, effects: "none",
  async execute({ executionId, log }) {
    await new Promise((resolve) => setImmediate(resolve));
    console.warn("console of " + executionId);
    log.error("log of " + executionId);
    return 1;
  },
});
`;
const PROVIDER = `
import { trace } from ${JSON.stringify(import.meta.resolve("@opentelemetry/api"))};
import { TracerProvider } from ${JSON.stringify(import.meta.resolve("@opentelemetry/sdk-trace"))};
trace.setGlobalTracerProvider(new TracerProvider({}));
`;

describe("conductor serve --log json", () => {
  it("says each event in a line, with the id of its execution, and nothing else", async () => {
    const root = folder();
    const flows = [file(root, "double.yaml", DOUBLE), file(root, "failing.yaml", FAILING)];
    const store = `sqlite:${join(root, "c.db")}`;
    const args = ["serve", ...flows, "--open", "--port", "0", "--store", store, "--no-config", "--log", "json"];
    const running = start(args, { cwd: root });
    onTestFinished(() => void running.child.kill("SIGKILL"));
    let said = "";
    running.child.stderr?.on("data", (text: string) => {
      said += text;
    });
    await running.says('"event":"listening"');
    const { url } = JSON.parse(said.split("\n").find((line) => line.includes("listening")) ?? "") as { url: string };
    const client = createConductor({ transport: "http", apiUrl: url });
    onTestFinished(() => client.shutdown());
    await client.execute({ flowId: "double", executionId: "e1" } as never);
    await client.execute({ flowId: "failing", executionId: "e2" } as never);
    await running.says('"event":"execution-failed"');
    running.child.kill("SIGTERM");
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    const lines = stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const { time } of lines) expect(new Date(time as string).toISOString()).toBe(time);
    expect(lines.map(({ event }) => event)).toEqual([
      "flow-warnings",
      "flow-saved",
      "flow-saved",
      "listening",
      "execution-started",
      "execution-completed",
      "execution-started",
      "execution-failed",
      "ending",
    ]);
    const ids = lines.slice(4, 8).map(({ executionId }) => executionId);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).toBe(ids[3]);
    expect(ids[0]).not.toBe(ids[2]);
    expect(lines[4]).toMatchObject({ level: "info", flowId: "double" });
    expect(lines[5]).toMatchObject({ level: "info", durationMs: expect.any(Number) });
    expect(lines[7]).toMatchObject({
      level: "error",
      nodeId: "bad",
      code: expect.any(String),
      message: expect.any(String),
    });
  });

  it.each(["json", "text"])("says that its port is in use, and what to do, as %s", async (format) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const root = folder();
    const args = ["serve", "--open", "--port", `${port}`, "--store", `sqlite:${join(root, "c.db")}`, "--no-config"];
    const { code, stderr } = await start([...args, "--log", format], { cwd: root }).ended;
    expect(code).toBe(2);
    const said = format === "text" ? { message: stderr } : JSON.parse(stderr);
    if (format === "json") expect(said).toMatchObject({ level: "error", event: "listening-failed" });
    expect(said.message).toMatch(new RegExp(`^The port ${port} of 127.0.0.1 is in use: .* --port `));
  });

  it.each([
    ["in this process", {}, undefined],
    ["in processes of their own", { isolation: { roles: ["admin"] } }, undefined],
    ["where executions are traced", {}, PROVIDER],
  ])("says of which execution and which node is what nodes write: %s", async (_, config, provider) => {
    const root = folder();
    symlinkSync(fileURLToPath(new URL("../../../../node_modules", import.meta.url)), join(root, "node_modules"), "dir");
    file(root, "speak.mjs", NODES);
    file(root, "conductor.config.json", JSON.stringify({ nodes: ["./speak.mjs"], ...config }));
    const flows = [file(root, "inner.yaml", INNER), file(root, "outer.yaml", OUTER)];
    const store = `sqlite:${join(root, "c.db")}`;
    const args = ["serve", ...flows, "--open", "--port", "0", "--store", store, "--log", "json"];
    const env: Record<string, string> = {};
    if (provider !== undefined) {
      env.NODE_OPTIONS = `--import=${JSON.stringify(file(root, "telemetry.mjs", provider))}`;
      args.push("--telemetry");
    }
    const running = start(args, { cwd: root, env });
    onTestFinished(() => void running.child.kill("SIGKILL"));
    let said = "";
    running.child.stderr?.on("data", (text: string) => {
      said += text;
    });
    await running.says('"event":"listening"');
    const apiUrl = /"url":"([^"]+)"/.exec(said)?.[1];
    const run = async (id: string) => {
      const body = JSON.stringify({ context: { executionId: id } });
      const headers = { "content-type": "application/json" };
      expect(await (await fetch(`${apiUrl}/flows/outer/run`, { method: "POST", body, headers })).json()).toMatchObject({
        success: true,
      });
    };
    await Promise.all(["e1", "e2"].map(run));
    running.child.kill("SIGTERM");
    const { stderr } = await running.ended;
    const lines = stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, string>);
    for (const executionId of ["e1", "e2"]) {
      const own = lines.filter((line) => line.executionId === executionId);
      const spoken = own.filter(({ event }) => event === "message");
      const nodes = spoken.map(({ nodeId, message }) => `${nodeId}: ${message?.replace(/ of .*/, "")}`).sort();
      const from = (node: string) => [`${node}: console`, `${node}: log`];
      expect(nodes).toEqual([...from("own"), ...from("say"), ...from("say")].sort());
      for (const { message } of spoken) expect(message).toContain(` of ${executionId}`);
      const traces = new Set(own.map(({ trace_id }) => trace_id));
      if (provider === undefined) expect([...traces]).toEqual([undefined]);
      else {
        expect(traces.size).toBe(1);
        expect([...traces][0]).toMatch(/^[\da-f]{32}$/);
        expect(new Set(spoken.map(({ span_id }) => span_id)).size).toBe(3);
      }
      expect(own.map(({ event, flowId }) => event !== "message" && flowId).filter(Boolean)).toEqual(["outer", "outer"]);
    }
  });

  it("takes no other format", async () => {
    const { code, stderr } = await start(["serve", "--log", "xml"]).ended;
    expect(code).toBe(2);
    expect(stderr).toContain("text, json");
  });
});
