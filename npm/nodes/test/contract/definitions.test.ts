/** What `@atomiton/nodes/definitions` and `templates/flows` promise to editors. */
import { describe, expect, it } from "vitest";

import { LazyMap } from "../../src/data/lazy-map.js";
import {
  createNodeDefinition,
  createNodeMetadata,
  getAllNodeDefinitions,
  getAllTemplates,
  getNodeDefinition,
  getNodeDefinitionsGroupedByCategory,
  getTemplate,
  loadBuiltInTemplates,
  type NodeFieldConfig,
  nodeDefinitionRegistry,
  nodeTypes,
} from "../../src/definitions.js";
import { checkTemplate } from "../../src/templates/flow-file.js";
import { getFlowTemplate, loadFlowTemplates } from "../../src/templates/flows.js";

const CONTROLS = ["text", "textarea", "code", "json", "number", "boolean", "select", "url", "password", "file"];

describe("createNodeDefinition", () => {
  it("fills every gap", () => {
    expect(createNodeDefinition()).toEqual({
      id: expect.stringMatching(/^node_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      type: "unknown",
      version: "1.0.0",
      name: "Unnamed Node",
      position: { x: 0, y: 0 },
      metadata: createNodeMetadata(),
      parameters: { enabled: true, timeout: 30_000, retries: 1 },
      fields: {},
      inputPorts: [],
      outputPorts: [],
    });
  });

  it("takes what is given as it is", () => {
    const parameters = { own: 1 };
    expect(createNodeDefinition({ parameters }).parameters).toBe(parameters);
    expect(createNodeDefinition({ metadata: { name: "Of metadata" } }).name).toBe("Of metadata");
    expect(createNodeDefinition({ name: "Own", metadata: { name: "Of metadata" } }).name).toBe("Own");
    expect(createNodeDefinition({ nodes: [], edges: [] })).toMatchObject({ nodes: [], edges: [] });
    expect(createNodeDefinition({ "x-note": 1 })).toMatchObject({ "x-note": 1 });
  });

  it("fills the gaps of metadata", () => {
    expect(createNodeMetadata()).toEqual({
      id: "node",
      name: "Node",
      author: "Atomiton Core Team",
      description: "",
      category: "utility",
      icon: "code-2",
      runtime: { language: "typescript" },
      keywords: ["node", "utility"],
      tags: ["utility"],
    });
    expect(createNodeMetadata({ id: "http-request" }).name).toBe("Http Request");
  });
});

describe("the registry of definitions", () => {
  it("begins with the types that earlier versions had, in their order", () => {
    const earlier = ["parallel", "group", "image", "http-request", "file-system", "edit-fields", "transform"];
    const types = [...nodeDefinitionRegistry.keys()];
    expect(types.slice(0, 10)).toEqual([...earlier, "shell-command", "spreadsheet", "loop"]);
  });

  it("has a definition of every type, as the functions give them", () => {
    expect(nodeDefinitionRegistry).toBeInstanceOf(Map);
    expect([...nodeDefinitionRegistry.keys()]).toEqual([...nodeTypes.keys()]);
    expect([...nodeDefinitionRegistry.values()]).toEqual(getAllNodeDefinitions());
    for (const [type, definition] of nodeDefinitionRegistry) {
      expect(getNodeDefinition(type)).toEqual(definition);
      expect(getNodeDefinition(type)).not.toBe(getNodeDefinition(type));
    }
    const groups = getNodeDefinitionsGroupedByCategory();
    for (const [category, group] of Object.entries(groups)) {
      expect(new Set(group.map(({ metadata }) => metadata.category))).toEqual(new Set([category]));
    }
    expect(Object.values(groups).flat()).toHaveLength(nodeTypes.size);
  });

  it.each([...nodeTypes.keys()])("describes the fields of %s for forms", (type) => {
    const { fields, parameters } = getNodeDefinition(type) ?? {};
    const { properties = {}, required = [] } = nodeTypes.get(type)?.parameterSchema ?? {};
    expect(Object.keys(fields ?? {})).toEqual(Object.keys(properties));
    expect(Object.keys(fields ?? {})).toEqual(expect.arrayContaining(Object.keys(parameters ?? {})));
    for (const [name, field] of Object.entries(fields ?? {})) {
      const { controlType, label, placeholder, helpText, options, min, max, step, rows, isOpen, ...rest } =
        field satisfies NodeFieldConfig;
      expect(CONTROLS).toContain(controlType);
      expect(label).toMatch(/^[A-Z]/);
      expect([placeholder ?? "", helpText ?? ""].map((text) => typeof text)).toEqual(["string", "string"]);
      expect(options !== undefined, name).toBe(controlType === "select");
      for (const option of options ?? []) {
        expect(option).toEqual({ value: expect.any(String), label: expect.any(String) });
      }
      // A form offers a few values of what takes any.
      expect(isOpen, name).toBe(controlType === "select" && !properties[name]?.enum ? true : undefined);
      for (const bound of [min, max, step, rows]) expect(["number", "undefined"]).toContain(typeof bound);
      expect(rows !== undefined).toBe(["textarea", "json", "code"].includes(controlType));
      expect(rest).toEqual(required.includes(name) ? { required: true } : {});
    }
  });
});

describe("templates", () => {
  it("are found by UUID, and by the names of earlier versions and the documentation", () => {
    const ids = [1, 2, 3].map((number) => `550e8400-e29b-41d4-a716-44665544000${number}`);
    expect(
      loadFlowTemplates()
        .slice(0, 3)
        .map(({ id }) => id),
    ).toEqual(ids);
    expect(loadBuiltInTemplates()).toEqual(loadFlowTemplates());
    expect(getAllTemplates()).toEqual(loadFlowTemplates());
    const slugs = ["hello-world", "data-transform", "image-processor", "data-pipeline", "data-processor"];
    expect(slugs.map((slug) => ids.indexOf(getTemplate(slug)?.id ?? ""))).toEqual([0, 1, 2, 1, 1]);
    expect(
      loadFlowTemplates()
        .slice(0, 3)
        .map(({ name }) => name),
    ).toEqual(["Hello World Flow", "Data Transform Pipeline", "Image Processing Workflow"]);
    expect([getFlowTemplate("none"), getTemplate("none"), getTemplate("constructor")]).toEqual([
      null,
      undefined,
      undefined,
    ]);
  });

  it("have everything that an editor draws", () => {
    for (const { edges, nodes, metadata } of loadFlowTemplates()) {
      expect(metadata.tags).toBeInstanceOf(Array);
      for (const edge of edges) {
        expect(edge).toMatchObject({ id: expect.any(String), type: expect.any(String), source: expect.any(String) });
      }
      for (const node of nodes) {
        expect(node.position).toEqual({ x: expect.any(Number), y: expect.any(Number) });
        expect(node.metadata).toMatchObject({ runtime: { language: "typescript" }, keywords: expect.any(Array) });
      }
    }
  });

  it("are refused in the words of earlier versions", () => {
    const good = { id: "a", name: "A", metadata: {}, nodes: [{ id: "n", type: "t" }] };
    expect(() => checkTemplate(good)).not.toThrow();
    for (const [change, message] of [
      [{ id: "" }, "Template must have an id"],
      [{ name: undefined }, "Template must have a name"],
      [{ metadata: null }, "Template must have metadata"],
      [{ nodes: [] }, "Templates must have nodes"],
      [{ edges: [{ source: "x", target: "n" }] }, "Edge references unknown source node: x"],
      [{ edges: [{ source: "n", target: "y" }] }, "Edge references unknown target node: y"],
    ] as const) {
      expect(() => checkTemplate({ ...good, ...change })).toThrow(message);
    }
  });
});

describe("a map whose entries are made when it is first looked at", () => {
  const looks: Record<string, (map: Map<string, number>) => unknown> = {
    size: (map) => map.size,
    get: (map) => map.get("a"),
    has: (map) => map.has("a"),
    keys: (map) => [...map.keys()],
    values: (map) => [...map.values()],
    entries: (map) => [...map.entries()],
    forEach: (map) => {
      const seen: unknown[] = [];
      map.forEach((value, key, whole) => {
        seen.push(key, value, whole === map);
      });
      return seen;
    },
    spread: (map) => [...map],
    copy: (map) => [...new Map(map)],
    set: (map) => [...map.set("c", 3)],
    delete: (map) => [map.delete("a"), ...map],
    clear: (map) => {
      map.clear();
      return map.size;
    },
  };

  it.each(Object.keys(looks))("is as any map to %s, and makes them once", (name) => {
    let made = 0;
    const entries = [
      ["a", 1],
      ["b", 2],
    ] as const;
    const map = new LazyMap<string, number>(() => {
      made++;
      return entries;
    });
    expect(made).toBe(0);
    const look = looks[name] as (map: Map<string, number>) => unknown;
    expect(look(map)).toEqual(look(new Map(entries)));
    map.get("a");
    expect(made).toBe(1);
  });
});
