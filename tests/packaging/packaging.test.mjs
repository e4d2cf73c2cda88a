/** The packed tarballs, installed into an empty project and used as their users do. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { packages } from "../../scripts/packages.mjs";
import { createProject, NODE_TYPES, OPENTELEMETRY } from "./project.mjs";

const RUN = `
  const types = { sum: { execute: ({ input }) => input.a + input.b } };
  const conductor = createConductor({ nodeExecutorFactory: { getNodeExecutable: (type) => types[type] } });
  conductor.node.run({ id: "s", type: "sum" }, { input: { a: 2, b: 3 } }).then(({ data }) => console.log(data));
`;
const FLOW = `
id: greeting
nodes:
  - { id: words, type: edit-fields, parameters: { values: { text: "Hello, {{name}}" } } }
`;

let project;

before(async () => {
  project = await createProject([NODE_TYPES, OPENTELEMETRY]);
});

after(() => project.remove());

const runFile = (...given) => project.runFile(...given);

test("an ES module runs a node", async () => {
  const source = `import { createConductor } from "@atomiton/conductor"; ${RUN}`;
  assert.equal(await runFile("module.mjs", source), "5");
});

test("a CommonJS module runs a node", async () => {
  const source = `const { createConductor } = require("@atomiton/conductor/desktop"); ${RUN}`;
  assert.equal(await runFile("common.cjs", source), "5");
});

test("both run a node on the WebAssembly engine", async () => {
  const wasm = { CONDUCTOR_BACKEND: "wasm" };
  const module = `import { createConductor } from "@atomiton/conductor"; ${RUN}`;
  assert.equal(await runFile("wasm.mjs", module, wasm), "5");
  const common = `const { createConductor } = require("@atomiton/conductor/desktop"); ${RUN}`;
  assert.equal(await runFile("wasm.cjs", common, wasm), "5");
});

test("the WebAssembly module is there as a file", async () => {
  const source = `
    import { readFileSync } from "node:fs";
    import { createRequire } from "node:module";
    const { resolve } = createRequire(import.meta.url);
    const [own, its] = ["conductor", "conductor-wasm"].map((name) => {
      return readFileSync(resolve("@atomiton/" + name + "/conductor.wasm"));
    });
    console.log(WebAssembly.validate(own), own.equals(its));
  `;
  assert.equal(await runFile("file.mjs", source), "true true");
});

/** Every entry point, with something that it must have. */
const ENTRIES = {
  "@atomiton/conductor": ["conductor", "createConductor", "setupMainProcessHandler", "StateManager", "ErrorCode"],
  "@atomiton/conductor/browser": ["conductor", "createConductor", "ErrorCode"],
  "@atomiton/conductor/slim": ["conductor", "createConductor", "init"],
  "@atomiton/conductor/desktop": ["createConductor", "setupMainProcessHandler", "createChannelServer"],
  "@atomiton/conductor/node": ["createConductor", "readFlow"],
  "@atomiton/conductor/opentelemetry": ["traceConductor"],
  "@atomiton/conductor/preload": ["exposeConductor"],
  "@atomiton/conductor/server": ["createServer", "createTriggers", "createUsers", "ROLES"],
  "@atomiton/conductor/test-utils/factories": ["createMockNode", "createTestGroupNode"],
  "@atomiton/conductor/testing": ["runNode", "runFlow", "simulateFlow", "SimulationError", "StuckError"],
  "@atomiton/conductor/worker": ["useExecutables"],
  "@atomiton/conductor/types": ["ErrorCode", "createExecutionId", "toExecutionError"],
  "@atomiton/conductor-wasm": ["start", "restart", "turn", "memory"],
  "@atomiton/conductor-wasm/constants": ["VERSION", "CONSTANTS"],
  "@atomiton/conductor-wasm/slim": ["start", "restart", "turn", "memory", "init"],
  "@atomiton/events": ["createEventManager"],
  "@atomiton/events/browser": ["createEventManager"],
  "@atomiton/events/desktop": ["createEventManager"],
  "@atomiton/nodes": ["NodeError", "routed"],
  "@atomiton/nodes/browser": ["nodes", "getNodeExecutable"],
  "@atomiton/nodes/definitions": ["nodeTypes", "getNodeDefinition", "nodeDefinitionRegistry", "loadBuiltInTemplates"],
  "@atomiton/nodes/executable": ["nodes", "getNodeExecutable"],
  "@atomiton/nodes/executables": ["nodes", "getNodeExecutable"],
  "@atomiton/nodes/graph": ["analyzeExecutionGraph", "topologicalSort", "findCriticalPath", "getNodeWeight"],
  "@atomiton/nodes/schemas": ["getNodeSchema", "nodeSchemaRegistry", "httpRequestSchema", "nodeDefinitionSchema"],
  "@atomiton/nodes/templates/flows": ["loadFlowTemplates", "getFlowTemplate"],
  "@atomiton/storage": ["createStorage", "StorageError"],
  "@atomiton/storage/browser": ["createStorage", "createMemoryEngine"],
  "@atomiton/storage/engines": ["createIndexedDBEngine", "createMemoryEngine", "openIndexedDbStore"],
  "@atomiton/storage/files": ["writeAtomically", "writeThrough"],
  "@atomiton/storage/desktop": ["createStorage", "createFileSystemEngine"],
};

test("every entry point loads as ES module and as CommonJS", async () => {
  const missing = "names.filter((name) => loaded[name] === undefined)";
  const table = JSON.stringify(ENTRIES);
  const look = (load) => `
    const bad = [];
    for (const [entry, names] of Object.entries(${table})) {
      const loaded = ${load};
      bad.push(...${missing}.map((name) => entry + " lacks " + name));
    }
    console.log(JSON.stringify(bad));`;
  assert.deepEqual(JSON.parse(await runFile("entries.mjs", look("await import(entry)"))), []);
  assert.deepEqual(JSON.parse(await runFile("entries.cjs", look("require(entry)"))), []);
});

test("no entry point is missing from the list", async () => {
  const listed = Object.keys(ENTRIES).sort();
  const promised = packages
    .filter(({ name }) => name !== "@atomiton/conductor-native")
    .flatMap(({ name, manifest }) => Object.keys(manifest.exports).map((key) => name + key.slice(1)))
    .filter((entry) => !/\.(json|wasm)$/.test(entry) && entry !== "@atomiton/conductor/preload-script");
  assert.deepEqual(listed, promised.sort());
});

test("preload scripts are single files that need nothing but Electron", async () => {
  const source = `
    const { readFileSync } = require("node:fs");
    for (const name of ["preload", "preload-script"]) {
      const text = readFileSync(require.resolve("@atomiton/conductor/" + name), "utf8");
      console.log([...text.matchAll(/\\brequire\\("([^"]+)"\\)/g)].map(([, needed]) => needed).join());
    }`;
  assert.equal(await runFile("preloads.cjs", source), "electron\nelectron");
});

test("a stored flow runs from files by its id", async () => {
  const source = `
    import { createConductor } from "@atomiton/conductor";
    import { createStorage } from "@atomiton/storage";
    const storage = await createStorage({ type: "filesystem", basePath: "flows" });
    const nodes = [{ id: "words", type: "edit-fields", parameters: { values: { text: "Hello, {{name}}" } } }];
    await createConductor({ storage }).storage.saveFlow({ id: "greeting", name: "Greeting", nodes });
    const { success, data } = await createConductor({ storage }).execute({ flowId: "greeting", inputs: { name: "you" } });
    console.log(success, data.result.text);`;
  assert.equal(await runFile("stored.mjs", source), "true Hello, you");
});

test("a process that only has a conductor ends by itself", async () => {
  assert.equal(
    await runFile("ends.mjs", `import { conductor } from "@atomiton/conductor"; await conductor.health();`),
    "",
  );
});

test("ids and errors are there without a conductor", async () => {
  const source = `import { ErrorCode, toNodeId } from "@atomiton/conductor/types"; console.log(toNodeId("a"), ErrorCode.TIMEOUT);`;
  assert.equal(await runFile("types.mjs", source), "a TIMEOUT");
});

test("what is wrong with parameters is an error of zod to the application, which need not load it", async () => {
  const source = `
    import { getNodeExecutable } from "@atomiton/nodes";
    const run = { nodeId: "n", executionId: "e", variables: {}, input: {}, operation: "nope" };
    const error = await getNodeExecutable("transform").execute(run).catch((error) => error);
    const { ZodError } = await import("zod");
    console.log(error.code, error.cause instanceof ZodError, error.cause.issues.length);
  `;
  assert.equal(await runFile("zod.mjs", source), "INVALID_PARAMETERS true 1");
});

test("the command runs a flow with the node library", async () => {
  project.write("greeting.flow.yaml", FLOW);
  const args = ["run", "greeting.flow.yaml", "--input", "name=world", "--json"];
  const answer = JSON.parse(await project.run("npx", ["conductor", ...args]));
  assert.deepEqual(answer.data, { result: { text: "Hello, world" } });
});

test("tools for language models need no further package, over standard input and from CommonJS", async () => {
  project.write("greeting.flow.yaml", FLOW);
  const messages = [
    {
      id: 0,
      method: "initialize",
      params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "t", version: "1" } },
    },
    { id: 1, method: "tools/list" },
  ].map((message) => JSON.stringify({ jsonrpc: "2.0", ...message }));
  const source = `
    const { execFileSync } = require("node:child_process");
    const options = { input: ${JSON.stringify(`${messages.join("\n")}\n`)}, shell: true, encoding: "utf8" };
    const answers = execFileSync("npx conductor mcp greeting.flow.yaml", options).trim().split("\\n").map((line) => JSON.parse(line));
    const { createConductor } = require("@atomiton/conductor/node");
    const { createServer } = require("@atomiton/conductor/server");
    const conductor = createConductor();
    const server = createServer({ conductor, open: true, mcp: true });
    const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
    const body = ${JSON.stringify(messages[0])};
    const request = new Request("http://localhost/mcp", { method: "POST", headers, body });
    server.fetch(request).then(async (answer) => {
      console.log(answers[1].result.tools[0].name, (await answer.text()).includes("serverInfo"));
      server.close();
      await conductor.shutdown();
    });`;
  assert.equal(await runFile("mcp.cjs", source), "greeting true");
});
