/** The node types that a server tells of, and which of them it refuses. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeExamples, nodeTypes } from "@atomiton/nodes/definitions";
import { getNodeExecutable } from "@atomiton/nodes/executables";
import { createMemoryExecutions } from "@atomiton/storage";
import { describe, expect, it, onTestFinished } from "vitest";
import * as z from "zod";

import { createConductor as createPageConductor } from "../../src/exports/browser.js";
import { type ConductorConfig, createConductor, defineNode } from "../../src/exports/node.js";
import { createIsolation, createTriggers } from "../../src/exports/server.js";
import type { NodesApi } from "../../src/services/nodes.js";
import type { NodeTypeDetails, NodeTypeEntry } from "../../src/types/node-type.js";
import { keyOf, serving } from "./serving.js";

/** A server for nodes of the library. */
const servingLibrary = (settings: ConductorConfig = {}, options: Parameters<typeof serving>[0] = {}) =>
  serving(options, createMemoryExecutions(), { nodeExecutorFactory: { getNodeExecutable }, ...settings });

const local = (settings: ConductorConfig = {}): NodesApi => {
  const conductor = createConductor({ transport: "local", ...settings });
  onTestFinished(() => conductor.shutdown());
  return conductor.nodes;
};

const refusedOf = async (nodes: NodesApi) =>
  Object.fromEntries((await nodes.list()).flatMap(({ type, refused }) => (refused ? [[type, refused]] : [])));

const discount = defineNode({
  type: "discount",
  description: "Takes a part of a price.",
  parameters: z.object({ percent: z.number().default(10) }),
  outputs: { cheap: "Below the limit.", dear: "Not below it." },
  effects: "none",
  version: "2.1.0",
  execute: () => null,
});

describe("the node types of a server", () => {
  it("are listed with what is known of them, in the order of the catalogue, for viewers", async () => {
    const { ask } = await servingLibrary();
    const answer = await ask("viewer", "/nodes");
    expect(answer.status).toBe(200);
    const list = (await answer.json()) as NodeTypeEntry[];
    expect(list.map(({ type }) => type)).toEqual([...nodeTypes.keys()]);
    const { version } = getNodeExecutable("condition") ?? {};
    expect(list.find(({ type }) => type === "condition")).toMatchObject({
      name: "Condition",
      category: nodeTypes.get("condition")?.category,
      version,
      effects: expect.stringMatching(/^none with `where`/),
      touches: [],
      edgesLeaveBy: ["true", "false"],
    });
    expect(list.find(({ type }) => type === "loop")).toMatchObject({ isContainer: true });
    for (const entry of list) expect(entry).not.toHaveProperty("parameters");
    expect((await ask(null, "/nodes")).status).toBe(401);
  });

  it("are told one by one with parameters and examples, the same as in this process and over each transport", async () => {
    const { ask, apiUrl, conductor } = await servingLibrary();
    const told = (await (await ask("viewer", "/nodes/http-request")).json()) as NodeTypeDetails;
    expect(told.parameters.properties).toHaveProperty("url");
    expect(told.examples).toEqual(JSON.parse(JSON.stringify(nodeExamples("http-request"))));
    expect(told.examples?.length).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(await conductor.nodes.get("http-request")))).toEqual(told);
    const list = await (await ask("viewer", "/nodes")).json();
    const { examples: _, parameters: __, limits: ___, ...entry } = told;
    expect(list).toContainEqual(entry);
    for (const way of [
      { transport: "http", apiUrl },
      { transport: "websocket", wsUrl: `${apiUrl.replace("http", "ws")}/ws` },
    ] as const) {
      const caller = createConductor({ ...way, key: keyOf("viewer") });
      onTestFinished(() => caller.shutdown());
      expect(await caller.nodes.get("http-request")).toEqual(told);
      expect(await caller.nodes.list()).toEqual(list);
      await expect(caller.nodes.get("http-requst")).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
    }
  });

  it("are not found under another name, with those that were probably meant", async () => {
    const { ask } = await servingLibrary();
    const answer = await ask("viewer", "/nodes/http-requst");
    expect([answer.status, await answer.json()]).toMatchObject([
      404,
      {
        code: "NODE_NOT_FOUND",
        error: expect.stringMatching(/no node type `http-requst`; .*\. Did you mean `http-request`\?$/),
      },
    ]);
    for (const type of ["constructor", "__proto__", "%2e%2e%2fetc"]) {
      expect((await ask("viewer", `/nodes/${type}`)).status).toBe(404);
    }
    const long = await ask("viewer", `/nodes/${"x".repeat(300)}`);
    expect([long.status, await long.json()]).toMatchObject([400, { code: "VALIDATION_FAILED" }]);
  });

  it("are those of the application as well, with what their makers say", async () => {
    const { ask } = await servingLibrary({ nodes: [discount] });
    const list = (await (await ask("viewer", "/nodes")).json()) as NodeTypeEntry[];
    expect(list.at(-1)).toMatchObject({
      type: "discount",
      version: "2.1.0",
      effects: "none",
      description: "Takes a part of a price.",
      outputs: [{ id: "cheap" }, { id: "dear" }],
    });
    expect(await (await ask("viewer", "/nodes/discount")).json()).toMatchObject({
      parameters: { properties: { percent: { default: 10 } } },
      examples: [],
    });
  });

  it("are not those that have no executable there", async () => {
    const { ask } = await serving();
    const list = (await (await ask("viewer", "/nodes")).json()) as NodeTypeEntry[];
    expect(list.length).toBeGreaterThan(0);
    for (const { type } of list) expect(nodeTypes.get(type)).toMatchObject({ isContainer: true });
    expect((await ask("viewer", "/nodes/transform")).status).toBe(404);
  });
});

describe("types that are refused", () => {
  const CLOSED: ConductorConfig = { files: { roots: [] }, network: { hosts: [] } };

  it("are none where nothing is", async () => {
    expect(await refusedOf(local())).toEqual({});
  });

  const AT = { url: "http://127.0.0.1:9/", baseUrl: "http://127.0.0.1:9/", model: "small" };
  const NODES: Readonly<Record<string, Record<string, unknown>>> = {
    "shell-command": { program: "true" },
    python: { code: "return 1" },
    "file-system": { path: "names.txt" },
    "http-request": AT,
    "webhook-out": { ...AT, secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" },
    message: { ...AT, service: "json", text: "Done." },
    llm: { ...AT, prompt: "Say yes." },
    embed: { ...AT, texts: ["tea"] },
  };

  it("fail with the code that was told, each that has no other use", async () => {
    const needing = [...nodeTypes.values()].filter(({ needs, isTrigger }) => needs !== undefined && !isTrigger);
    expect(needing.map(({ type }) => type).sort()).toEqual(Object.keys(NODES).sort());
    const conductor = createConductor({ transport: "local", ...CLOSED });
    onTestFinished(() => conductor.shutdown());
    const refused = await refusedOf(conductor.nodes);
    for (const [type, parameters] of Object.entries(NODES)) {
      const { success, error } = await conductor.node.run(
        { id: "n", type, parameters },
        { input: type === "webhook-out" ? { data: { a: 1 } } : {} },
      );
      expect({ type, success, code: error?.code }).toEqual({ type, success: false, code: refused[type]?.code });
      expect(error?.message).toMatch(/may not run programs|folders that nodes may use|are not allowed here/);
    }
  });

  it("are not those that an owner allows, nor those that an application has in their place", async () => {
    expect(await refusedOf(local({ programs: false }))).toEqual({
      "shell-command": { code: "EXECUTION_FAILED", message: expect.stringContaining("`programs: true`") },
      python: expect.anything(),
    });
    expect(await refusedOf(local({ ...CLOSED, programs: true }))).not.toHaveProperty("shell-command");
    const folder = mkdtempSync(join(tmpdir(), "conductor-types-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const some = await refusedOf(local({ files: { roots: [folder] }, network: { hosts: ["api.example.com"] } }));
    expect(Object.keys(some)).toEqual(["shell-command", "python"]);
    const own = { execute: async () => "done" };
    const factory = { getNodeExecutable: (type: string) => (type === "python" ? own : getNodeExecutable(type)) };
    const inPlace = await refusedOf(local({ programs: false, nodeExecutorFactory: factory as never }));
    expect(Object.keys(inPlace)).toEqual(["shell-command"]);
  });

  it("are those that connect, where executions are isolated without a network", async () => {
    const isolation = createIsolation({ spare: 0, inServer: ["message"] });
    const refused = await refusedOf(local({ isolation }));
    expect(refused["http-request"]).toMatchObject({ message: expect.stringContaining("`network: true`") });
    expect(refused).not.toHaveProperty("message");
    expect(refused).toHaveProperty("shell-command");
    expect(await refusedOf(local({ isolation: createIsolation({ spare: 0, network: true }) }))).toEqual({});
  });

  it("are triggers, where a server does not watch them", async () => {
    const none = await servingLibrary();
    const without = (await (await none.ask("viewer", "/nodes")).json()) as NodeTypeEntry[];
    const refused = without.filter((entry) => entry.refused !== undefined).map(({ type }) => type);
    expect(refused).toEqual([...nodeTypes.values()].filter(({ isTrigger }) => isTrigger).map(({ type }) => type));
    const store = createMemoryExecutions();
    const settings = { nodeExecutorFactory: { getNodeExecutable } };
    const owner = createConductor({ transport: "local", store, ...settings });
    const triggers = createTriggers({ conductor: owner, store, log: () => {} });
    onTestFinished(async () => {
      triggers.close();
      await owner.shutdown();
    });
    for (const webhooks of [false, true]) {
      const { ask } = await serving({ triggers, webhooks }, store, settings);
      const told = (await (await ask("viewer", "/nodes/webhook")).json()) as NodeTypeDetails;
      expect(told.refused?.message).toEqual(webhooks ? undefined : expect.stringContaining("--webhooks"));
      expect(await (await ask("viewer", "/nodes/schedule")).json()).not.toHaveProperty("refused");
    }
  });

  it("are in a page those that need a machine", async () => {
    const page = createPageConductor({ transport: "local" });
    onTestFinished(() => page.shutdown());
    const refused = await refusedOf(page.nodes);
    expect(refused["file-system"]).toEqual({
      code: "NO_TRANSPORT",
      message: "file-system needs a machine: run this flow on a server or in the desktop application",
    });
    expect(refused).not.toHaveProperty("http-request");
    expect(await page.nodes.get("transform")).not.toHaveProperty("examples");
  });
});

it("leaves what it tells to those who asked: no change of theirs reaches another caller", async () => {
  const nodes = local();
  const told = await nodes.get("transform");
  (told.parameters as { properties: object }).properties = {};
  (told.inputs as unknown[]).length = 0;
  const [, entry] = await nodes.list();
  (entry?.outputs as unknown[]).length = 0;
  expect((await nodes.get("transform")).parameters.properties).not.toEqual({});
  expect((await nodes.get("transform")).inputs).not.toEqual([]);
  expect((await nodes.list())[1]?.outputs).not.toEqual([]);
});
