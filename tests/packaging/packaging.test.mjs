/** The packed tarballs, installed into an empty project and used as their users do. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { demand } from "../../scripts/command.mjs";
import { pack } from "../../scripts/pack.mjs";

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
  project = mkdtempSync(join(tmpdir(), "conductor-project-"));
  const tarballs = await pack(join(project, "tarballs"));
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "project", private: true }));
  await demand("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", ...tarballs], { cwd: project });
});

after(() => rmSync(project, { recursive: true, force: true }));

async function runFile(name, source) {
  writeFileSync(join(project, name), source);
  return (await demand(process.execPath, [name], { cwd: project })).trim();
}

test("an ES module runs a node", async () => {
  const source = `import { createConductor } from "@atomiton/conductor"; ${RUN}`;
  assert.equal(await runFile("module.mjs", source), "5");
});

test("a CommonJS module runs a node", async () => {
  const source = `const { createConductor } = require("@atomiton/conductor/desktop"); ${RUN}`;
  assert.equal(await runFile("common.cjs", source), "5");
});

test("ids and errors are there without a conductor", async () => {
  const source = `import { ErrorCode, toNodeId } from "@atomiton/conductor/types"; console.log(toNodeId("a"), ErrorCode.TIMEOUT);`;
  assert.equal(await runFile("types.mjs", source), "a TIMEOUT");
});

test("the command runs a flow with the node library", async () => {
  writeFileSync(join(project, "greeting.flow.yaml"), FLOW);
  const args = ["conductor", "run", "greeting.flow.yaml", "--input", "name=world", "--json"];
  const answer = JSON.parse(await demand("npx", args, { cwd: project, split: true }));
  assert.deepEqual(answer.data, { result: { text: "Hello, world" } });
});

test("TypeScript finds the types of both kinds of module", async () => {
  writeFileSync(
    join(project, "typed.mts"),
    `import { createConductor, type ExecutionResult } from "@atomiton/conductor";
     export const result: Promise<ExecutionResult> = createConductor({ concurrency: 2 }).node.run({ id: "a", type: "b" });`,
  );
  writeFileSync(
    join(project, "typed.cts"),
    `import conductor = require("@atomiton/conductor/desktop");
     export const health: Promise<{ status: string }> = conductor.createConductor().system.health();`,
  );
  const compiler = new URL("../../node_modules/typescript/bin/tsc", import.meta.url).pathname;
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--skipLibCheck", "false", "--lib", "es2023,dom"];
  await demand(process.execPath, [compiler, ...options, "typed.mts", "typed.cts"], { cwd: project });
});
