/** What is generated from the definitions is as they are now, and the schema of flow files tells right from wrong. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { validateFlow } from "@atomiton/conductor/desktop";
import { nodeExamples, nodeTypes } from "@atomiton/nodes/definitions";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";

import { staleFiles } from "../../scripts/docs.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BAD = join(ROOT, "tests", "flows", "bad");
const schema = JSON.parse(readFileSync(join(ROOT, "npm", "conductor", "flow.schema.json"), "utf8"));
const check = new Ajv2020({ allErrors: true, strict: true, strictTypes: false, strictRequired: false }).compile(schema);

/** What is wrong with a flow by the schema; empty where nothing is. */
function problems(flow) {
  return check(flow)
    ? ""
    : JSON.stringify(check.errors.map(({ instancePath, message }) => `${instancePath} ${message}`));
}

/** Flow files in a folder, at any depth. */
function flowsIn(folder, ending) {
  return readdirSync(join(ROOT, folder), { recursive: true })
    .filter((name) => name.endsWith(ending) && !name.includes("node_modules"))
    .map((name) => join(folder, name));
}

test("documentation and schema are as `npm run docs` writes them", async () => {
  assert.deepEqual(await staleFiles(), []);
});

test("pages of node types say each sentence of a paragraph once, and have no empty lists", () => {
  for (const file of readdirSync(join(ROOT, "docs", "nodes"))) {
    const text = readFileSync(join(ROOT, "docs", "nodes", file), "utf8").replace(/```[\s\S]*?```/g, "…");
    assert.doesNotMatch(text, /\n\n\n|:\s*(?:\n#|$)/, file);
    for (const line of text.split("\n")) {
      const sentences = line.split(/(?<=\.) /).filter((sentence) => sentence.includes(" "));
      assert.equal(new Set(sentences).size, sentences.length, `${file}: ${line}`);
    }
  }
});

const written = [...flowsIn("examples", ".flow.yaml"), ...flowsIn(join("npm", "nodes", "src"), ".flow.yaml")];

test("flows for people are valid, and lead editors to the schema", () => {
  assert.ok(written.length >= 4);
  for (const file of written) {
    const text = readFileSync(join(ROOT, file), "utf8");
    assert.equal(problems(parse(text)), "", file);
    const [, path] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? [];
    assert.ok(path, `${file} begins with the line for editors`);
    assert.equal(join(ROOT, file, "..", path), join(ROOT, "npm", "conductor", "flow.schema.json"), file);
  }
});

test("examples of node types are valid", () => {
  for (const type of nodeTypes.keys()) {
    for (const { flow, title } of nodeExamples(type)) assert.equal(problems(parse(flow)), "", title);
  }
});

/** The flow with types of its own: what the engine's tests call a type is not that of the library. */
function withOwnTypes(node) {
  if (typeof node !== "object" || node === null || Array.isArray(node)) return node;
  const type = node.nodes === undefined && typeof node.type === "string" ? `own-${node.type}` : node.type;
  return {
    ...node,
    ...(type !== undefined && { type }),
    ...(Array.isArray(node.nodes) && { nodes: node.nodes.map(withOwnTypes) }),
  };
}

test("flows of the conformance tests are valid", () => {
  const files = flowsIn(join("tests", "conformance", "flows"), ".yaml");
  assert.ok(files.length > 20);
  for (const file of files) {
    const { flow } = parse(readFileSync(join(ROOT, file), "utf8"));
    if (flow === undefined || /^(?:refused-|policies-odd|policies-out-of-range)/.test(basename(file))) continue;
    assert.equal(problems(withOwnTypes(flow)), "", file);
  }
});

/** What no schema can tell: where edges lead, ids that are there twice, types of your own, limits of size. */
const BEYOND_A_SCHEMA =
  /^(?:cycle|dangling-|duplicate-|empty|forbidden-|loop-without|malformed-|misspelt-target|misspelt-type|no-edges|nodes-left-|over-|routes-|tab-|unconnected|unknown-handles|unknown-type|wrong-indent)/;

test("bad flows are refused where a schema can see it", () => {
  let caught = 0;
  for (const name of readdirSync(BAD).filter((name) => /\.(?:yaml|json)$/.test(name) && !name.includes(".problems."))) {
    if (BEYOND_A_SCHEMA.test(name)) continue;
    assert.notEqual(problems(parse(readFileSync(join(BAD, name), "utf8"))), "", name);
    caught++;
  }
  assert.ok(caught >= 5);
});

test("mistakes that people make are refused at their place", () => {
  const wrong = [
    ["edge: []", "must NOT have additional properties"],
    ["nodes: [{ id: a, type: transform, params: {} }]", "/nodes/0 must NOT have additional properties"],
    ["nodes: [{ id: a }]", "/nodes/0 must have required property 'type'"],
    ["nodes: [{ id: a, type: spreadsheet, parameters: { pth: x } }]", "/nodes/0/parameters must NOT have additional"],
    ["nodes: [{ id: a, type: file-system }]", "/nodes/0 must have required property 'parameters'"],
    ["nodes: [{ id: a, type: file-system, parameters: {} }]", "/nodes/0/parameters must have required property 'path'"],
    ["nodes: [{ id: a, type: transform, parameters: { operation: filtre } }]", "/nodes/0/parameters/operation must be"],
    ["nodes: [{ id: a, type: transform, parameters: { timeout: ten } }]", "/nodes/0/parameters/timeout must match"],
    ["nodes: [{ id: a, type: transform, policy: { retry: 3 } }]", "/nodes/0/policy must NOT have additional"],
    ["nodes: [{ id: a, type: transform, policy: { timeout: 10 s } }]", "/nodes/0/policy/timeout must match pattern"],
    ["edges: [{ from: a, to: b }]", "/edges/0 must have required property 'source'"],
    [
      "nodes: [{ id: g, nodes: [{ id: a, type: condition, parameters: { match: some } }] }]",
      "/nodes/0/nodes/0/parameters/match",
    ],
  ];
  for (const [text, expected] of wrong) {
    const found = problems(parse(`id: f\ntype: group\n${text}\n`));
    assert.ok(found.includes(expected), `${text}\n${found}`);
  }
});

test("durations, expressions, notes and own types are taken", () => {
  const right = [
    `nodes: [{ id: a, type: transform, parameters: { timeout: 1.5h, limitCount: '\${{ variables.n }}' } }]`,
    `nodes: [{ id: a, type: http-request, parameters: { url: 'https://x/\${{ item.id }}', method: '\${{ data.m }}' } }]`,
    `nodes: [{ id: a, type: transform, parameters: { where: [{ field: a, operator: '\${{ data.o }}' }] } }]`,
    "nodes: [{ id: a, type: my-own, parameters: { anything: [1, { deep: true }] } }]",
    "nodes: [{ id: a, type: transform, x-note: mine, position: { x: 1, y: 2 }, selected: true, measured: {} }]",
    "variables: { rate: 5, title: { type: string, defaultValue: T } }",
    "nodes: [{ id: l, type: loop, parameters: { count: 3 }, nodes: [{ id: a, type: transform }] }]",
  ];
  for (const text of right) assert.equal(problems(parse(`id: f\ntype: group\n${text}\n`)), "", text);
});

test("every key has a description that an editor can show", () => {
  const bare = [];
  const walk = (part, path) => {
    for (const [key, value] of Object.entries(part.properties ?? {})) {
      if (value === true) continue;
      const target = value.$ref
        ? schema.$defs[value.$ref.split("/").at(-1)]
        : (value.anyOf?.find(({ $ref }) => $ref) ?? value);
      if (!value.description && !target.description && !target.$ref && key !== "x" && key !== "y")
        bare.push(`${path}/${key}`);
      walk(value, `${path}/${key}`);
    }
    if (part.items) walk(part.items, `${path}[]`);
  };
  for (const [name, part] of Object.entries(schema.$defs)) walk(part, name);
  assert.deepEqual(bare, []);
});

test("the schema allows the keys of nodes and edges that validation knows, and no others", () => {
  const source = readFileSync(join(ROOT, "core", "src", "validate", "keys.rs"), "utf8");
  const listed = (name) => {
    const list = new RegExp(`const ${name}: \\[&str; (\\d+)\\] = \\[([^\\]]*)\\]`).exec(source);
    const keys = [...list[2].matchAll(/"([^"]+)"/g)].map(([, key]) => key);
    assert.equal(keys.length, Number(list[1]), name);
    return keys;
  };
  const edge = { source: "a", target: "b" };
  const flow = (node, edgeKeys) => ({
    id: "f",
    nodes: [
      { id: "a", type: "own", ...node },
      { id: "b", type: "own" },
    ],
    edges: [{ ...edge, ...edgeKeys }],
  });
  const ofNodes = [...listed("WRITTEN"), ...listed("NODE_KEYS")];
  const ofEdges = [...listed("WRITTEN"), ...listed("EDGE_KEYS")];
  const isUnknown = (text) => /additional|unevaluated/.test(text);
  for (const key of ofNodes) assert.ok(!isUnknown(problems(flow({ [key]: null }, {}))), `node: ${key}`);
  for (const key of ofEdges) assert.ok(!isUnknown(problems(flow({}, { [key]: null }))), `edge: ${key}`);
  const told = (found) => found.some(({ rule }) => rule === "unknown-key");
  for (const key of listed("WRITTEN")) {
    assert.ok(!told(validateFlow(flow({ [key]: "x" }, { [key]: "x" }), { file: true })), key);
  }
  for (const key of ["depends", "retry", "from"]) {
    assert.ok(isUnknown(problems(flow({ [key]: 1 }, {}))), key);
    assert.ok(told(validateFlow(flow({ [key]: 1 }, {}), { file: true })), key);
  }
});
