/** `conductor mcp`, as programs start it: the SDK's own client and a real process. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";

import { CLI, conductor, DOUBLE, ENDLESS, FAILING, file, folder, ROOT, start } from "./cli.js";

const GREETING = `
id: greet
name: Greet
description: Greets a person
metadata: { tool: true }
variables:
  who: { type: string, description: Whom to greet }
  tone: { type: string, defaultValue: kind, enum: [kind, curt] }
nodes:
  - { id: words, type: edit-fields, parameters: { values: { text: "Hello, \${{ variables.who }} (\${{ variables.tone }})" } } }
`;

/** Prints to standard output, where the protocol is. */
const LOUD = `
import { defineNode } from "@atomiton/nodes";
export const loud = defineNode({ type: "loud", execute: () => { console.log("from a node"); return 1; } });
`;

async function connect(...args: string[]) {
  const client = new Client({ name: "test", version: "1.0.0" });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [CLI, "mcp", ...args],
    stderr: "pipe",
  });
  let said = "";
  transport.stderr?.on("data", (text) => {
    said += text;
  });
  onTestFinished(() => client.close());
  await client.connect(transport);
  return Object.assign(client, { pid: transport.pid, said: () => said });
}

/** The command with what is written to it; settles when it ends. */
function piped(args: string[], input: string | Buffer) {
  const child = spawn(process.execPath, [CLI, "mcp", ...args], { stdio: "pipe" });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => {
    stdout += text;
  });
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  // It may end before it has read all.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.on("close", (code) => resolve({ code, stdout, stderr })),
  );
}

const INITIALIZE = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "raw", version: "1" } },
};

const lines = (...messages: unknown[]) => messages.map((message) => `${JSON.stringify(message)}\n`).join("");

describe("conductor mcp", () => {
  it("offers the flows in files as tools", async () => {
    const home = folder();
    const client = await connect(file(home, "a.flow.yaml", GREETING), file(home, "b.flow.yaml", FAILING));
    const { tools } = await client.listTools();
    expect(tools).toMatchObject([
      { name: "greet", description: "Greets a person", inputSchema: { required: ["who"] } },
      { name: "failing" },
    ]);
    const answer = await client.callTool({ name: "greet", arguments: { who: "Ada" } });
    expect(answer.structuredContent).toMatchObject({ data: { result: { text: "Hello, Ada (kind)" } } });
    const failed = await client.callTool({ name: "failing" });
    expect(failed).toMatchObject({ isError: true, structuredContent: { error: { nodeId: "bad" } } });
    expect(client.getServerCapabilities()).not.toHaveProperty("resources");
  });

  it("offers the flows of a store whose metadata says so, or those that are named, and keeps executions there", async () => {
    const home = folder();
    const store = `sqlite:${join(home, "flows.db")}`;
    await (await connect(file(home, "a.yaml", GREETING), file(home, "b.yaml", DOUBLE), "--store", store)).close();
    const marked = await connect("--store", store);
    expect((await marked.listTools()).tools.map(({ name }) => name)).toEqual(["greet"]);
    await marked.callTool({ name: "greet", arguments: { who: "Ada" } });
    const { resources } = await marked.listResources();
    expect(resources).toMatchObject([{ title: "Greet: completed" }]);
    const { contents } = await marked.readResource({ uri: `${resources[0]?.uri}/result` });
    expect(contents).toMatchObject([{ text: expect.stringContaining("Hello, Ada (kind)") }]);
    const named = await connect("--store", store, "--flow", "double");
    expect((await named.listTools()).tools.map(({ name }) => name)).toEqual(["double"]);
  });

  it("ends an execution that its client cancels, and goes on", async () => {
    const home = folder();
    const client = await connect(file(home, "a.yaml", ENDLESS), file(home, "b.yaml", GREETING));
    const asking = new AbortController();
    const answer = client.callTool({ name: "endless" }, undefined, {
      signal: asking.signal,
      onprogress: () => asking.abort("enough"),
    });
    await expect(answer).rejects.toThrow("enough");
    expect(await client.callTool({ name: "greet", arguments: { who: "Ada" } })).not.toHaveProperty("isError");
  });

  it("ends with its client, whatever still runs", async () => {
    const home = folder();
    const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "endless" } };
    const { code, stdout } = await piped([file(home, "a.yaml", ENDLESS)], lines(INITIALIZE, call));
    expect(code).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(1);
  });

  it("answers what came before the end of its input", async () => {
    const home = folder();
    const call = (id: number) => ({
      jsonrpc: "2.0",
      id,
      method: "tools/call",
      params: { name: "greet", arguments: { who: String(id) } },
    });
    const { stdout } = await piped([file(home, "a.yaml", GREETING)], lines(INITIALIZE, call(1), call(2), call(3)));
    const ids = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).id);
    expect(ids.sort()).toEqual([0, 1, 2, 3]);
  });

  it("keeps what nodes print out of the protocol", async () => {
    // Within the checkout, so that packages are found.
    mkdirSync(join(ROOT, "out"), { recursive: true });
    const home = mkdtempSync(join(ROOT, "out", "mcp-"));
    onTestFinished(() => rmSync(home, { recursive: true, force: true }));
    const nodes = file(home, "loud.mjs", LOUD);
    const flow = file(home, "a.yaml", "id: loud\nnodes: [{ id: a, type: loud }]\n");
    const client = await connect(flow, "--nodes", nodes);
    let problem: Error | undefined;
    client.onerror = (error) => {
      problem = error;
    };
    expect(await client.callTool({ name: "loud" })).toMatchObject({ structuredContent: { success: true, data: 1 } });
    expect(problem).toBeUndefined();
    expect(client.said()).toContain("from a node");
  });

  it("outlives messages of any shape", async () => {
    const home = folder();
    const flow = file(home, "a.yaml", GREETING);
    const message = fc.record(
      {
        jsonrpc: fc.constantFrom<unknown>("2.0", 2),
        id: fc.oneof(fc.integer({ min: 1000 }), fc.jsonValue()),
        method: fc.oneof(
          fc.constantFrom("tools/call", "tools/list", "resources/read", "ping", "initialize"),
          fc.jsonValue(),
        ),
        params: fc.oneof(fc.jsonValue(), fc.record({ name: fc.constant("greet"), arguments: fc.jsonValue() })),
      },
      { requiredKeys: [] },
    );
    const line = fc.oneof(
      message.map((one) => JSON.stringify(one)),
      fc.json(),
      fc.string().map((text) => text.replace(/\n/g, "")),
    );
    const hostile = fc.sample(line, { numRuns: 500, seed: 7 });
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x0a]);
    const deep = "[".repeat(100_000);
    const list = { jsonrpc: "2.0", id: "last", method: "tools/list" };
    const input = [
      Buffer.from(lines(INITIALIZE)),
      bytes,
      Buffer.from(`${[...hostile, deep].join("\n")}\n${lines(list)}`),
    ];
    const { code, stdout } = await piped([flow], Buffer.concat(input));
    expect(code).toBe(0);
    const answers = stdout
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text));
    expect(answers.find(({ id }) => id === "last")).toMatchObject({ result: { tools: [{ name: "greet" }] } });
  });

  it("ends at a message that is larger than any may be, and says so", async () => {
    const home = folder();
    const { code, stderr } = await piped([file(home, "a.yaml", GREETING)], Buffer.alloc(11 * 2 ** 20, "x"));
    expect(code).toBe(1);
    expect(stderr).toContain("10485760 bytes");
  });

  it("refuses to begin without flows, with those that cannot run, and with what it cannot keep", async () => {
    const home = folder();
    const bad = file(home, "bad.yaml", "id: bad\nnodes: [{ id: a, type: transfrom }]\n");
    const strange = file(home, "strange.yaml", GREETING.replace("{ tool: true }", "{ tool: { nme: x } }"));
    const good = file(home, "good.yaml", GREETING);
    const endings = await Promise.all([
      conductor("mcp"),
      conductor("mcp", bad),
      conductor("mcp", "-"),
      conductor("mcp", good, "--flow", "x"),
      conductor("mcp", strange),
      conductor("mcp", "--store", `sqlite:${join(home, "new.db")}`, "--flow", "none"),
    ]);
    expect(endings.map(({ code }) => code)).toEqual([2, 3, 2, 2, 2, 2]);
    expect(endings.map(({ stdout }) => stdout).join("")).toBe("");
    expect(endings[4]?.stderr).toContain("`metadata.tool` has no setting nme");
    expect(endings[5]?.stderr).toContain('There is no flow "none"');
  });
});

describe("conductor serve --mcp", () => {
  it("offers the same over HTTP, and only where it is asked for", async () => {
    const home = folder();
    const flows = [file(home, "a.yaml", GREETING), file(home, "b.yaml", DOUBLE)];
    const common = ["--open", "--port", "0", "--no-config"];
    const tools = async (store: string, ...args: string[]) => {
      const serving = start(["serve", ...flows, ...common, "--store", `sqlite:${join(home, store)}`, ...args]);
      let said = "";
      serving.child.stderr?.on("data", (text) => {
        said += text;
      });
      await serving.says("Everybody on this machine");
      const url = new URL(`${/Serving at (\S+)/.exec(said)?.[1]}/mcp`);
      const client = new Client({ name: "test", version: "1.0.0" });
      try {
        await client.connect(new StreamableHTTPClientTransport(url) as never);
        return (await client.listTools()).tools.map(({ name }) => name);
      } finally {
        await client.close();
        serving.child.kill("SIGTERM");
        expect((await serving.ended).code).toBe(0);
      }
    };
    expect(await tools("one.db", "--mcp")).toEqual(["greet"]);
    expect(await tools("two.db", "--mcp", "--flow", "double")).toEqual(["double"]);
    await expect(tools("three.db")).rejects.toThrow();
    const refused = await conductor("serve", ...flows, ...common, "--flow", "double");
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("give --mcp as well")]);
  });
});
