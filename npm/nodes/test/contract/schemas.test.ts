/** What `@atomiton/nodes/schemas` promises to editors. */
import { describe, expect, it } from "vitest";
import type { ZodType } from "zod";

import { getNodeDefinition, nodeTypes } from "../../src/definitions.js";
import * as schemas from "../../src/schemas.js";

const {
  fileSystemSchema,
  getNodeSchema,
  httpRequestSchema,
  nodeDefinitionSchema,
  nodeEdgeSchema,
  nodeSchemaRegistry,
  spreadsheetSchema,
} = schemas;

/** Path and message of each issue. */
function issues(schema: ZodType, value: unknown): string[] {
  return schema.safeParse(value).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
}

describe("schemas of parameters", () => {
  it("are there for every type, by its name and in the registry", () => {
    expect([...nodeSchemaRegistry.keys()]).toEqual([...nodeTypes.keys()]);
    for (const type of nodeTypes.keys()) {
      const name = `${type.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())}Schema`;
      expect((schemas as Record<string, unknown>)[name], name).toBe(nodeSchemaRegistry.get(type));
      expect(getNodeSchema(type)).toBe(nodeSchemaRegistry.get(type));
      expect(Object.keys(nodeSchemaRegistry.get(type)?.shape ?? {})).toEqual(
        Object.keys(nodeTypes.get(type)?.parameterSchema.properties ?? {}),
      );
    }
    expect(getNodeSchema("constructor")).toBeUndefined();
    expect(getNodeSchema("none", { strict: true })).toBeUndefined();
  });

  it("take the defaults of every type, and give them where nothing is said", () => {
    for (const [type, { parameterSchema }] of nodeTypes) {
      const { parameters } = getNodeDefinition(type) ?? {};
      const parsed = getNodeSchema(type)?.partial().safeParse({});
      // The node itself takes a tab for .tsv where nothing is said.
      const given = type === "spreadsheet" ? { delimiter: ",", ...parameters } : parameters;
      expect(parsed?.data, type).toEqual(given);
      expect(parsed?.data).not.toBe(parameters);
      if (parameterSchema.required === undefined)
        expect(issues(getNodeSchema(type) as ZodType, parameters)).toEqual([]);
    }
  });

  it("put in the delimiter of the contract", () => {
    expect(spreadsheetSchema.parse({})).toMatchObject({ delimiter: "," });
    expect(spreadsheetSchema.parse({ delimiter: ";" })).toMatchObject({ delimiter: ";" });
  });

  it("have the limits of the contract", () => {
    const refused: [string, Record<string, unknown>][] = [
      ["group", { timeout: 999 }],
      ["group", { timeout: 300_001 }],
      ["group", { retries: 11 }],
      ["group", { retries: 1.5 }],
      ["group", { parallel: "yes" }],
      ["loop", { loopType: "until" }],
      ["loop", { count: 0 }],
      ["loop", { count: 10_001 }],
      ["loop", { collectResults: 1 }],
      ["parallel", { concurrency: 0 }],
      ["parallel", { concurrency: 51 }],
      ["parallel", { strategy: "any" }],
      ["parallel", { mode: "any" }],
      ["parallel", { count: 0 }],
      ["parallel", { operationTimeout: 999 }],
      ["parallel", { operationTimeout: 300_001 }],
      ["parallel", { globalTimeout: 4999 }],
      ["parallel", { globalTimeout: 600_001 }],
      ["edit-fields", { values: 7 }],
      ["edit-fields", { keepOnlySet: "yes" }],
      ["file-system", { operation: "rename" }],
      ["file-system", { path: 7 }],
      ["file-system", { recursive: "yes" }],
      ["http-request", { method: "TRACE" }],
      ["http-request", { url: 7 }],
      ["http-request", { headers: 7 }],
      ["http-request", { headers: ["accept"] }],
      ["shell-command", { args: 7 }],
      ["shell-command", { args: [7] }],
      ["shell-command", { program: "" }],
      ["shell-command", { captureOutput: "yes" }],
      ["spreadsheet", { format: "doc" }],
      ["spreadsheet", { sheetIndex: -1 }],
      ["spreadsheet", { hasHeaders: "perhaps" }],
      ["transform", { operation: "shuffle" }],
      ["transform", { sortDirection: "up" }],
      ["transform", { flattenDepth: 0 }],
      ["transform", { flattenDepth: 11 }],
      ["transform", { limitCount: 0 }],
      ["transform", { skipCount: -1 }],
      ["transform", { sliceStart: -1 }],
      ["transform", { timeout: 0 }],
      ["transform", { retries: -1 }],
      ["transform", { enabled: "yes" }],
      ["transform", { label: 7 }],
      ["transform", { description: 7 }],
    ];
    for (const [type, parameters] of refused) {
      const [name] = Object.keys(parameters);
      for (const strict of [false, true]) {
        const { error } = getNodeSchema(type, { strict })?.partial().safeParse(parameters) ?? {};
        expect(
          error?.issues.map(({ path }) => path[0]),
          `${type} ${JSON.stringify(parameters)}`,
        ).toEqual([name]);
      }
    }
  });

  it("say what is missing", () => {
    expect(issues(fileSystemSchema, {})).toEqual(["path: Path is required"]);
    expect(issues(fileSystemSchema, { path: "" })).toEqual(["path: Path is required"]);
    expect(issues(schemas.shellCommandSchema, {})).toEqual(["program: Program is required"]);
    expect(issues(httpRequestSchema, {})).toEqual(["url: Must be a valid URL"]);
  });

  it("refuse an invalid URL", () => {
    for (const url of ["", "not a url", "example.com", "//example.com", "http://", "https://exa mple.com"]) {
      expect(issues(httpRequestSchema, { url }), url).toEqual(["url: Must be a valid URL"]);
    }
    for (const url of ["file:///etc/passwd", "javascript:alert(1)", "ftp://example.com"]) {
      expect(issues(httpRequestSchema, { url }), url).toEqual([
        expect.stringContaining("Must be a valid URL with http or https"),
      ]);
    }
    expect(issues(httpRequestSchema, { url: "https://user:pass@example.com:8080/a?b=c#d" })).toEqual([]);
  });

  it("refuse headers that are no text", () => {
    const url = "http://example.com";
    expect(issues(httpRequestSchema, { url, headers: { a: "1", "x-count": 5 } })).toEqual([
      "headers.x-count: Must be text, found 5",
    ]);
    for (const header of [true, null, ["a"], { a: "b" }]) {
      expect(issues(httpRequestSchema, { url, headers: { header } })).toHaveLength(1);
    }
    expect(issues(httpRequestSchema, { url, headers: "accept: text/plain" })).toEqual([
      "headers: Must be an object, or the JSON text of one",
    ]);
    expect(issues(httpRequestSchema, { url, headers: '{"x-count":5}' })).toHaveLength(1);
    for (const headers of [{}, "", { accept: "text/plain" }, '{"accept":"text/plain"}']) {
      expect(httpRequestSchema.parse({ url, headers }).headers).toEqual(headers);
    }
  });

  it("refuse content that is no text", () => {
    for (const content of [123, true, null, {}, ["a"], new Uint8Array(1)]) {
      expect(issues(fileSystemSchema, { path: "a", content })).toEqual([
        expect.stringMatching(/^content: Must be text, found /),
      ]);
    }
    expect(fileSystemSchema.parse({ path: "a", content: "" }).content).toBe("");
  });

  it("take PATCH unless they are strict", () => {
    const patch = { url: "http://example.com", method: "PATCH" };
    expect(issues(httpRequestSchema, patch)).toEqual([]);
    expect(issues(getNodeSchema("http-request", { strict: true }), patch)).toEqual([
      "method: Must be GET, POST, PUT or DELETE, found PATCH",
    ]);
    for (const method of ["GET", "POST", "PUT", "DELETE"]) {
      expect(issues(getNodeSchema("http-request", { strict: true }), { ...patch, method })).toEqual([]);
    }
  });

  it("let expressions and templates through, wherever they stand, unless they are strict", () => {
    const http = {
      url: "${{ variables.base }}/users",
      method: "${{ input.method }}",
      headers: { authorization: "Bearer ${{ secrets.token }}", "x-count": "${{ input.count }}" },
      timeout: "${{ variables.timeout }}",
      retries: "${{ 1 + 1 }}",
    };
    expect(httpRequestSchema.parse(http)).toEqual({ enabled: true, bodyType: "auto", maxRedirects: 20, ...http });
    expect(issues(httpRequestSchema, { url: "{{base}}/users", headers: "{{headers}}" })).toEqual([]);
    expect(issues(httpRequestSchema, { url: "http://a", headers: "${{ input.headers }}" })).toEqual([]);
    expect(issues(fileSystemSchema, { path: "${{ input.path }}", content: "${{ input }}" })).toEqual([]);
    expect(
      issues(schemas.transformSchema, {
        operation: "aggregate",
        aggregates: [{ operation: "${{ variables.what }}", field: "a" }],
        limitCount: "${{ input.limit }}",
      }),
    ).toEqual([]);
    expect(issues(schemas.transformSchema, { limitCount: "{{limit}}" })).toHaveLength(1);
    const strict = getNodeSchema("http-request", { strict: true });
    expect(issues(strict, http).map((issue) => issue.split(":")[0])).toEqual(["timeout", "retries", "method", "url"]);
  });

  it("give durations in ms, drop what they do not know and leave what is given alone", () => {
    const given = Object.freeze({ url: "http://example.com", timeout: "1.5h", headers: Object.freeze({}), pth: 1 });
    const parsed = httpRequestSchema.parse(given);
    expect(parsed).toEqual({
      enabled: true,
      timeout: 5_400_000,
      retries: 0,
      method: "GET",
      url: given.url,
      headers: {},
      bodyType: "auto",
      maxRedirects: 20,
    });
    expect(issues(httpRequestSchema, { url: given.url, timeout: "soon" })).toHaveLength(1);
    parsed.headers = { changed: "1" };
    expect(httpRequestSchema.parse(given).headers).toEqual({});
    const first = schemas.shellCommandSchema.parse({ program: "a" });
    (first.args as string[]).push("changed");
    expect(schemas.shellCommandSchema.parse({ program: "a" }).args).toEqual([]);
  });

  it("have the methods of zod, for forms that check one field", () => {
    expect(httpRequestSchema.shape.url.safeParse("a").success).toBe(false);
    expect(httpRequestSchema.pick({ method: true }).parse({})).toEqual({ method: "GET" });
    expect(httpRequestSchema.partial().safeParse({}).success).toBe(true);
  });

  it("survive hostile values", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = { deep };
    const around: Record<string, unknown> = {};
    for (const key of "abcdef") around[key] = around;
    for (const value of [deep, around]) {
      expect(() => schemas.transformSchema.safeParse({ data: value, operation: value })).not.toThrow();
    }
    const headers = JSON.parse('{"__proto__": "a", "constructor": "b"}') as object;
    expect(issues(httpRequestSchema, { url: "http://example.com", headers })).toEqual([]);
    expect(({} as Record<string, unknown>)["a"]).toBeUndefined();
    expect(issues(httpRequestSchema, { url: `http://${"a".repeat(1_000_000)} b` })).toEqual([
      "url: Must be a valid URL",
    ]);
  });
});

describe("schemas of nodes and their parts", () => {
  const metadata = { id: "a", name: "A", author: "me", description: "", category: "io", icon: "file" };

  it("take the definition of every type", () => {
    for (const type of nodeTypes.keys()) {
      expect(issues(nodeDefinitionSchema, getNodeDefinition(type)), type).toEqual([]);
    }
  });

  it("need an id and a type, at every depth, and nothing else", () => {
    expect(nodeDefinitionSchema.parse({ id: "a", type: "b" })).toEqual({ id: "a", type: "b" });
    expect(issues(nodeDefinitionSchema, {})).toEqual(["id: Node ID is required", "type: Node type is required"]);
    const inner = { id: "b", type: "group", nodes: [{ id: "", type: "" }] };
    expect(issues(nodeDefinitionSchema, { id: "a", type: "group", nodes: [inner] })).toEqual([
      "nodes.0.nodes.0.id: Node ID is required",
      "nodes.0.nodes.0.type: Node type is required",
    ]);
  });

  it("keep what editors add", () => {
    const flow = {
      id: "a",
      type: "group",
      fields: { url: { controlType: "url", label: "URL" } },
      settings: { ui: { zoom: 2 } },
      nodes: [{ id: "b", type: "c", measured: { width: 1 }, position: { x: 1, y: 2, z: 3 } }],
      edges: [{ id: "e", source: "b", target: "b", sourceHandle: null, targetHandle: null, animated: false, data: {} }],
    };
    expect(nodeDefinitionSchema.parse(flow)).toEqual(flow);
  });

  it("refuse what is of another shape", () => {
    const node = { id: "a", type: "b" };
    for (const [key, value] of Object.entries({
      name: 7,
      version: 1,
      position: { x: "1", y: 2 },
      metadata: { tags: "a" },
      parameters: ["a"],
      inputPorts: [{ id: "a", name: "A", type: "both", dataType: "any" }],
      nodes: { a: node },
      edges: [{ source: "a" }],
    })) {
      expect(issues(nodeDefinitionSchema, { ...node, [key]: value }), key).toHaveLength(1);
    }
  });

  it("let runtime, keywords and tags of metadata be absent, and nothing else", () => {
    expect(issues(schemas.nodeMetadataSchema, metadata)).toEqual([]);
    for (const key of Object.keys(metadata)) {
      expect(issues(schemas.nodeMetadataSchema, { ...metadata, [key]: undefined }), key).toHaveLength(1);
    }
    expect(issues(schemas.nodeMetadataSchema, { ...metadata, runtime: { language: "" } })).toHaveLength(1);
  });

  it("let id, type and handles of an edge be absent or null, and not its ends", () => {
    expect(issues(nodeEdgeSchema, { source: "a", target: "b" })).toEqual([]);
    expect(issues(nodeEdgeSchema, { source: "a", target: "b", sourceHandle: null, targetHandle: null })).toEqual([]);
    expect(issues(nodeEdgeSchema, { source: "" })).toEqual([
      "source: Edge source is required",
      "target: Edge target is required",
    ]);
  });
});
