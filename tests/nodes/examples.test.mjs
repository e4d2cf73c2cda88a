/** Every example of a node type, run by the command line as it stands in the documentation, gives what it says. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { nodeExamples, nodeTypes } from "@atomiton/nodes/definitions";

import { parse } from "yaml";

import { startExampleServers } from "./example-servers.mjs";

const CLI = fileURLToPath(new URL("../../npm/conductor/bin/conductor.js", import.meta.url));

const root = mkdtempSync(join(tmpdir(), "conductor-examples-"));
let servers;

before(async () => {
  servers = await startExampleServers();
});
after(async () => {
  await servers.close();
  rmSync(root, { recursive: true, force: true });
});

/** Runs the command line in a folder; what it said and its exit code. */
function conductor(folder, args) {
  const child = spawn(process.execPath, [CLI, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}

/** The nodes of a flow, at any depth. */
function nodesOf({ nodes = [] }) {
  return nodes.flatMap((node) => [node, ...nodesOf(node)]);
}

/** Beside what it holds an output has declared keys alone: by them it is told from data. */
function assertDeclared({ type, nodes }, output) {
  const known = nodeTypes.get(type);
  // What nodes around others give is mostly what one of those gave.
  if (known === undefined || known.hasOpenOutputs || nodes !== undefined) return;
  if (typeof output !== "object" || output === null || !("result" in output || "records" in output)) return;
  const declared = [known.outputPorts, known.otherOutputs].flat().map(({ id }) => id);
  assert.deepEqual(
    Object.keys(output).filter((key) => !declared.includes(key)),
    [],
    `outputs of ${type}`,
  );
}

let count = 0;
for (const type of nodeTypes.keys()) {
  test(`${type} has two examples at least`, () => assert.ok(nodeExamples(type).length >= 2));

  for (const { title, flow, input = {}, files = {}, answers = {}, outputs, isPart } of nodeExamples(type)) {
    test(`${type}: ${title}`, async (t) => {
      const missing = servers.missingFor(flow);
      if (missing !== undefined) return t.skip(missing);
      const folder = join(root, String(++count));
      mkdirSync(folder);
      for (const [path, text] of Object.entries({ ...files, "example.yaml": servers.local(flow) })) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
      const named = (option, values) =>
        Object.entries(values).flatMap(([name, value]) => [option, `${name}=${JSON.stringify(value)}`]);
      const options = ["--json", "--quiet", ...named("--input", input), ...named("--answer", answers)];
      const { code, stdout, stderr } = await conductor(folder, ["run", "example.yaml", ...options]);
      assert.equal(code, 0, stderr);
      const given = JSON.parse(stdout).outputs;
      for (const [node, expected] of Object.entries(outputs)) {
        const shown = isPart
          ? Object.fromEntries(Object.keys(expected).map((key) => [key, given[node]?.[key]]))
          : given[node];
        assert.deepEqual(shown, expected, node);
      }
      assert.match(flow, new RegExp(`type: ${type}\\b`), "shows its type");
      for (const node of nodesOf(parse(flow))) assertDeclared(node, given[node.id]);
    });
  }
}

test("`conductor nodes` lists every type, with what it does", async () => {
  const { code, stdout } = await conductor(root, ["nodes"]);
  assert.equal(code, 0);
  for (const { type, description } of nodeTypes.values())
    assert.match(stdout, new RegExp(`^${type} .*`, "m"), description);
  const listed = JSON.parse((await conductor(root, ["nodes", "--json"])).stdout);
  assert.deepEqual(
    listed.map(({ type }) => type),
    [...nodeTypes.keys()],
  );
});

test("`conductor nodes <type>` tells every parameter, handle, limit and example", async () => {
  const all = JSON.parse((await conductor(root, ["nodes", "--json"])).stdout);
  const listed = new Map(all.map((one) => [one.type, one]));
  for (const nodeType of nodeTypes.values()) {
    const { stdout } = await conductor(root, ["nodes", nodeType.type]);
    for (const name of Object.keys(nodeType.parameterSchema.properties)) {
      assert.match(
        stdout,
        new RegExp(`^- \`${name}\` \\(.*\\): [A-Z0-9a-z]`, "m"),
        `${nodeType.type} ${name} is described`,
      );
    }
    const ports = [nodeType.inputPorts, nodeType.otherInputs, nodeType.outputPorts, nodeType.otherOutputs].flat();
    for (const { id } of ports) assert.ok(stdout.includes(`- \`${id}\` (`), `${nodeType.type} ${id}`);
    for (const { description } of ports) assert.ok(description, nodeType.type);
    for (const { what } of nodeType.limits) assert.ok(stdout.includes(`- ${what}: `), what);
    for (const { flow } of nodeExamples(nodeType.type)) assert.ok(stdout.includes(flow));
    const one = listed.get(nodeType.type);
    assert.equal(one.parameters.type, "object");
    assert.equal(one.examples.length, nodeExamples(nodeType.type).length);
  }
  const alone = JSON.parse((await conductor(root, ["nodes", "switch", "--json"])).stdout);
  assert.deepEqual(alone, listed.get("switch"));
});

test("`conductor nodes` of a type that there is not suggests one", async () => {
  const { code, stderr } = await conductor(root, ["nodes", "spreadshet"]);
  assert.equal(code, 2);
  assert.match(stderr, /There is no node type `spreadshet`; there are .*transform.*Did you mean `spreadsheet`\?/);
});

test("`conductor schema` gives the schema that is shipped, to standard output or into a file", async () => {
  const shipped = readFileSync(new URL("../../npm/conductor/flow.schema.json", import.meta.url), "utf8");
  assert.deepEqual(await conductor(root, ["schema"]), { code: 0, stdout: shipped, stderr: "" });
  const { code, stderr } = await conductor(root, ["schema", "--output", "flow.schema.json"]);
  assert.equal(code, 0);
  assert.match(stderr, /^# yaml-language-server: \$schema=flow\.schema\.json$/m);
  assert.equal(readFileSync(join(root, "flow.schema.json"), "utf8"), shipped);
  const refused = await conductor(root, ["schema", "--output", join("no-folder", "x.json")]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /^The schema cannot be written: .*no-folder/);
});
