import { builtinModules } from "node:module";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import { build } from "vite";
import { describe, expect, it } from "vitest";

import { machineTypesIn, nodeTypes } from "../src/definitions.js";
import { parseParameters } from "../src/library/parameters.js";
import { flowFiles } from "../src/templates/flow-files-plugin.js";
import { type FlowTemplate, getFlowTemplate, listFlowTemplates, loadFlowTemplates } from "../src/templates/flows.js";

const HELLO = "550e8400-e29b-41d4-a716-446655440001";
const DATA = "550e8400-e29b-41d4-a716-446655440002";
const IMAGE = "550e8400-e29b-41d4-a716-446655440003";

/** The others. */
const SLUGS = [
  "report-from-csv",
  "flaky-api",
  "database-sync",
  "picture-gallery",
  "fan-out",
  "nightly-backup",
  "scrape-and-diff",
  "llm-extraction",
  "webhook",
];

const outline = () =>
  loadFlowTemplates().map(({ id, name, type, nodes }) => [
    id,
    name,
    type,
    ...nodes.map((node) => `${node.id}: ${node.type}`),
  ]);

describe("flow templates", () => {
  it("begin with these three, which earlier versions had", () => {
    expect(outline().slice(0, 3)).toEqual([
      [
        HELLO,
        "Hello World Flow",
        "group",
        "create-message: edit-fields",
        "format-content: transform",
        "write-to-file: file-system",
      ],
      [
        DATA,
        "Data Transform Pipeline",
        "group",
        "csv-source: spreadsheet",
        "filter-transform: transform",
        "aggregate-code: transform",
        "output-file: file-system",
      ],
      [
        IMAGE,
        "Image Processing Workflow",
        "group",
        "image-source: file-system",
        "image-loop: loop",
        "parallel-processor: parallel",
        "image-resize: image",
        "image-watermark: image",
        "save-processed: file-system",
      ],
    ]);
  });

  it.each([
    [HELLO, HELLO],
    ["hello-world", HELLO],
    [DATA, DATA],
    ["data-transform", DATA],
    ["data-pipeline", DATA],
    ["data-processor", DATA],
    [IMAGE, IMAGE],
    ["image-processor", IMAGE],
    ...SLUGS.map((slug, index): [string, string] => [slug, `${HELLO.slice(0, -1)}${(index + 4).toString(16)}`]),
  ])("are found as %s", (name, id) => {
    expect(getFlowTemplate(name)?.id).toBe(id);
  });

  it.each(["", "Hello-World", "missing", "__proto__", "constructor"])("are not found as %j", (name) => {
    expect(getFlowTemplate(name)).toBeNull();
  });

  it("are listed with what a reader chooses by", () => {
    expect(listFlowTemplates().slice(0, 3)).toEqual(
      [
        { id: HELLO, name: "Hello World Flow", nodeCount: 3, slug: "hello-world", needs: ["file-system"] },
        {
          id: DATA,
          name: "Data Transform Pipeline",
          nodeCount: 4,
          slug: "data-transform",
          needs: ["spreadsheet", "file-system"],
        },
        {
          id: IMAGE,
          name: "Image Processing Workflow",
          nodeCount: 6,
          slug: "image-processor",
          needs: ["file-system", "image"],
        },
      ].map((template) => ({ ...template, description: expect.stringMatching(/^\w.*\.$/) })),
    );
    expect(listFlowTemplates().map(({ slug }) => slug)).toEqual([
      ...["hello-world", "data-transform", "image-processor"],
      ...SLUGS,
    ]);
  });

  it("say by the types of their nodes whether they need a machine", () => {
    const needs = Object.fromEntries(listFlowTemplates().map((template) => [template.slug, template.needs]));
    expect(needs).toMatchObject({ "picture-gallery": expect.arrayContaining(["image"]), webhook: [] });
    for (const template of loadFlowTemplates()) {
      expect(listFlowTemplates().find(({ id }) => id === template.id)?.needs).toEqual(machineTypesIn(template));
    }
  });

  it("belong to whoever loaded them", () => {
    const untouched = JSON.stringify(loadFlowTemplates());
    for (const change of [getFlowTemplate("hello-world"), ...loadFlowTemplates()]) spoil(change);
    expect(JSON.stringify(loadFlowTemplates())).toBe(untouched);
    expect(JSON.stringify(nodeTypes.get("transform")?.parameterSchema)).not.toContain("spoilt");
  });

  it("name ports that the types have", () => {
    for (const { nodes, edges } of scopes()) {
      const portsOf = (id: string, side: "inputPorts" | "outputPorts") => {
        const node = nodes.find((node) => node.id === id);
        const nodeType = nodeTypes.get(node?.type ?? "");
        return node && nodeType?.hasOpenInputs === false ? node[side].map((port) => port.id) : undefined;
      };
      for (const { id, source, target, sourceHandle, targetHandle } of edges) {
        const [from, to] = [portsOf(source, "outputPorts"), portsOf(target, "inputPorts")];
        if (from && sourceHandle !== undefined) expect([...from, "error"], `${id} leaves`).toContain(sourceHandle);
        // An edge without a handle says only which node goes first.
        if (to && targetHandle !== undefined) expect(to, `${id} enters`).toContain(targetHandle);
      }
    }
  });

  it("set only parameters that the types know, to values that they take", async () => {
    for (const node of scopes().flatMap(({ nodes }) => nodes)) {
      const nodeType = nodeTypes.get(node.type);
      // What expressions give is known when a node runs.
      if (!nodeType || JSON.stringify(node.parameters).includes("${{")) continue;
      expect(await parseParameters(nodeType, node.parameters), node.id).toMatchObject(node.parameters);
    }
  });

  it("have ids that are unique, and names and places for editors", () => {
    for (const { nodes, edges } of scopes()) {
      expect(new Set(nodes.map((node) => `${node.position.x} ${node.position.y}`)).size).toBe(nodes.length);
      for (const { id, name } of nodes) expect(name, id).toMatch(/^[A-Z]/);
      expect(new Set(edges.map((edge) => edge.id)).size).toBe(edges.length);
    }
  });

  it("are there in a page, which has neither files nor modules of Node", async () => {
    const entry = fileURLToPath(new URL("../src/templates/flows.ts", import.meta.url));
    const bundle = await build({
      configFile: false,
      logLevel: "silent",
      plugins: [flowFiles()],
      build: {
        write: false,
        minify: false,
        lib: { entry, formats: ["iife"], name: "templates", fileName: "templates" },
      },
    });
    const [output] = Array.isArray(bundle) ? bundle : [];
    const code = output?.output[0].code ?? "";
    for (const name of builtinModules) expect(code).not.toMatch(new RegExp(`["'](node:)?${name}["']\\)`));
    const page = { structuredClone, crypto, text: "" };
    runInNewContext(`${code}; text = JSON.stringify(templates.loadFlowTemplates());`, page);
    expect(page.text).toBe(JSON.stringify(loadFlowTemplates()));
  });
});

describe("the file of a template", () => {
  const { transform } = flowFiles();
  const bundled = (text: string) => transform.handler(text, "/flows/a.flow.yaml");
  const whole = {
    id: "a",
    name: "A",
    metadata: {},
    nodes: [{ id: "n", type: "t" }],
    edges: [{ id: "e", source: "n", target: "n" }],
  };

  it("becomes a module", () => {
    expect(bundled("# why\nid: a\nname: A\nmetadata: {}\nnodes:\n  - { id: n, type: t }\n")).toEqual({
      code: 'export default {"id":"a","name":"A","metadata":{},"nodes":[{"id":"n","type":"t"}]};',
      moduleType: "js",
    });
    expect(transform.filter.id.test("/flows/a.flow.yaml")).toBe(true);
    expect(transform.filter.id.test("/flows/a.yaml")).toBe(false);
  });

  it.each([
    ["Template must have an id", { ...whole, id: undefined }],
    ["Template must have a name", { ...whole, name: "" }],
    ["Template must have metadata", { ...whole, metadata: undefined }],
    ["Templates must have nodes", { ...whole, nodes: [] }],
    ["Templates must have nodes", { ...whole, nodes: undefined }],
    ["The edges of a template must be a list", { ...whole, edges: {} }],
    ['Template node must have an id and a type: {"id":"n"}', { ...whole, nodes: [{ id: "n" }] }],
    ["Edge references unknown source node: x", { ...whole, edges: [{ source: "x", target: "n" }] }],
    ["Templates must have nodes", { ...whole, nodes: [{ id: "n", type: "loop", nodes: [] }] }],
    ["Edge references unknown target node: x", { ...whole, edges: [{ source: "n", target: "x" }] }],
    ["Template must have an id", []],
    ["Template must have an id", null],
  ])("is refused: %s", (message, document) => {
    expect(() => bundled(JSON.stringify(document))).toThrow(`/flows/a.flow.yaml: ${message}`);
  });

  it("is refused where it is no YAML", () => {
    expect(() => bundled("id: [")).toThrow("/flows/a.flow.yaml: ");
  });
});

/** Changes everything that can be reached. */
function spoil(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const part of Object.values(value)) spoil(part);
  if (Array.isArray(value)) value.push("spoilt");
  else (value as Record<string, unknown>)["spoilt"] = true;
}

/** Every template, and every loop in one. */
function scopes(): FlowTemplate[] {
  const inside = (flow: FlowTemplate): FlowTemplate[] => [
    flow,
    ...flow.nodes.filter((node) => node.nodes !== undefined).flatMap((node) => inside(node as FlowTemplate)),
  ];
  return loadFlowTemplates().flatMap(inside);
}
