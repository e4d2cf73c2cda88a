import { loadAddon } from "@atomiton/conductor-native";
import { describe, expect, it } from "vitest";

import {
  createNodeDefinition,
  defaultsOf,
  errorCode,
  getAllNodeDefinitions,
  getAllTemplates,
  getNodeDefinition,
  getNodeDefinitionsGroupedByCategory,
  getNodeExecutable,
  getTemplate,
  isRouted,
  loadBuiltInTemplates,
  NodeError,
  nodeDefinitionRegistry,
  nodeExecutableRegistry,
  nodes,
  nodeTypes,
  type ParameterSchema,
  routed,
  routesOf,
} from "../src/index.js";
import { parseParameters } from "../src/library/parameters.js";
import { failure, run } from "./run.js";

/** Types that do nothing without a server, a file or data. */
const ELSEWHERE = new Set([
  // Without nodes inside, and without a conductor, they are refused.
  "until",
  "try",
  "sub-flow",
  "wait-for-input",
  "http-request",
  "spreadsheet",
  "sql",
  "wasm",
  "image",
  "webhook-out",
  "message",
  "email",
  "llm",
  "embed",
  "database",
]);

describe("definitions", () => {
  it("has an executable for each type and a type for each executable", () => {
    expect([...nodeTypes.keys()].sort()).toEqual([...nodeExecutableRegistry.keys()].sort());
    expect(Object.keys(nodes)).toEqual([...nodeExecutableRegistry.keys()]);
    expect(nodes["constructor"]).toBeUndefined();
    expect(getNodeExecutable("constructor")).toBeUndefined();
    expect(getNodeDefinition("__proto__")).toBeUndefined();
  });

  describe("parameters that are read beside some values of another one alone", () => {
    interface Found {
      name: string;
      schema: ParameterSchema;
      siblings: Readonly<Record<string, ParameterSchema>>;
    }
    function* parametersIn(schema: ParameterSchema, path: string): Generator<Found> {
      for (const [name, property] of Object.entries(schema.properties ?? {})) {
        yield { name: `${path}.${name}`, schema: property, siblings: schema.properties ?? {} };
        yield* parametersIn(property, `${path}.${name}`);
      }
      for (const form of [...(schema.items ? [schema.items] : []), ...(schema.anyOf ?? [])]) {
        yield* parametersIn(form, path);
      }
    }
    const all = [...nodeTypes.values()].flatMap((type) => [...parametersIn(type.parameterSchema, type.type)]);
    /** What says more of them than that nothing reads them: an error, or a warning of its own. A `forEach` without a list counts. */
    const otherwise = [
      "email.path",
      "spreadsheet.encoding",
      "webhook.signature.header",
      "webhook.signature.timestampHeader",
      "sample.step",
      "http-request.idempotency",
      "loop.count",
      "loop.maxRounds",
      "template.page",
      "loop.batchSize",
    ];
    /** The words before a colon, at the beginning of a description or of a sentence in it. */
    const said = (text = "") =>
      [...text.matchAll(/(?:^|(?<=[.;] ))([\w-]+(?:(?:, | and )[\w-]+)*): /g)].flatMap(([, words = ""]) =>
        words.split(/, | and /),
      );

    it("name values that the other one may have", () => {
      const found = all.filter(({ schema }) => schema["x-when"] !== undefined);
      expect(found.length).toBeGreaterThan(70);
      for (const { name, schema, siblings } of found) {
        for (const [other, values] of Object.entries(schema["x-when"] ?? {})) {
          const { enum: allowed = [true, false] } = siblings[other] as ParameterSchema;
          expect(allowed, name).toEqual(expect.arrayContaining([...values]));
          expect(values.length, name).toBeLessThan(allowed.length);
        }
      }
    });

    it("are those whose description begins with such values", () => {
      for (const { name, schema, siblings } of all) {
        const words = said(schema.description);
        const [other] =
          Object.entries(siblings).find(
            ([, { enum: values }]) =>
              values !== undefined && words.length > 0 && words.every((it) => values.includes(it)),
          ) ?? [];
        if (other === undefined || siblings[other] === schema || otherwise.includes(name)) continue;
        const reads = schema["x-when"]?.[other] ?? siblings[other]?.enum;
        expect(reads, name).toEqual(expect.arrayContaining(words));
        if (words.length < (siblings[other]?.enum?.length ?? 0)) expect(schema["x-when"], name).toBeDefined();
      }
    });
  });

  it("has executables that can be called with parameters, under those of a run", async () => {
    const limited = nodes["transform"]?.({ operation: "limit", limitCount: 1 });
    const data = [3, 2, 1];
    const run = { nodeId: "n", executionId: "e", variables: {}, input: { data } };
    expect(await limited?.execute({ ...run })).toMatchObject({ result: [3] });
    expect(await limited?.execute({ ...run, limitCount: 2 })).toMatchObject({ result: [3, 2] });
    const shared = Object.freeze({ ...run });
    expect(await nodes["transform"]?.({ operation: "reverse" }).execute(shared)).toMatchObject({ result: [1, 2, 3] });
    expect(await nodes["transform"]?.({ operation: "sort" }).execute(shared)).toMatchObject({ result: [1, 2, 3] });
    expect(await limited?.execute(shared)).toMatchObject({ result: [3] });
    expect(await nodes["transform"]?.execute({ ...run, operation: "reverse" })).toMatchObject({ result: [1, 2, 3] });
  });

  it("describes parameters by schemas that its own defaults satisfy", async () => {
    const rows = [{ a: 1, b: 2 }];
    const needed: Record<string, [parameters: object, input?: unknown]> = {
      "file-system": [{ path: "/", operation: "exists" }],
      "file-change": [{ path: "/" }],
      condition: [{ expression: "true" }],
      loop: [{}, { array: rows }],
      dedupe: [{}, rows],
      sort: [{ by: [{ field: "a" }] }, rows],
      sample: [{ count: 1 }, rows],
      pivot: [{ column: "a", value: "b" }, rows],
      unpivot: [{ keep: ["a"] }, rows],
      window: [{ functions: [{ function: "rowNumber", as: "c" }] }, rows],
      diff: [{ keys: ["a"] }, { before: rows, after: rows }],
      validate: [{ schema: { type: "object" } }, rows],
      join: [{ on: ["a"] }, { left: rows, right: rows }],
      "shell-command": [{ program: "node", args: ["--version"] }],
      compress: [{ data: "" }],
      archive: [{ operation: "create", files: [] }],
      code: [{ code: "return 1" }],
      python: [{ code: "return 1" }],
      crypto: [{ operation: "uuid" }],
      delay: [{ duration: 0 }],
      xml: [{ operation: "build", root: "a" }, {}],
      html: [{ fields: { a: "a" } }, ""],
      template: [{ template: "a" }],
      switch: [{ cases: [{ handle: "a", equals: 1 }] }],
      stop: [{ as: "success" }],
    };
    for (const { type, parameters } of getAllNodeDefinitions()) {
      if (ELSEWHERE.has(type)) continue;
      const [own, input] = needed[type] ?? [{}];
      await run(type, input, { ...parameters, ...own });
    }
    expect(getNodeDefinition("transform")?.parameters).toMatchObject({
      operation: "map",
      enabled: true,
      retries: 1,
      timeout: 30000,
    });
  });

  it("says how forms show them", () => {
    const { fields } = getNodeDefinition("transform") ?? {};
    expect(fields).toMatchObject({
      operation: {
        controlType: "select",
        label: "Operation",
        options: expect.arrayContaining([{ value: "sort", label: "Sort" }]),
      },
      transformFunction: { controlType: "code", label: "Transform Function", rows: 8, placeholder: expect.any(String) },
      limitCount: { controlType: "number", min: 1, step: 1, helpText: expect.stringContaining("limit") },
      enabled: { controlType: "boolean" },
      where: { controlType: "json", rows: 4 },
      timeout: { controlType: "number", min: 1, step: 1, placeholder: "10s" },
    });
    expect(getNodeDefinition("http-request")?.fields["url"]).toMatchObject({ controlType: "url", required: true });
    for (const definition of getAllNodeDefinitions()) {
      expect(Object.keys(definition.fields)).toEqual(
        Object.keys(nodeTypes.get(definition.type)?.parameterSchema.properties ?? {}),
      );
    }
  });

  it("are found by category and by name, as are templates", () => {
    const groups = getNodeDefinitionsGroupedByCategory();
    expect(Object.values(groups).flat()).toHaveLength(nodeTypes.size);
    expect(groups["data"]?.map(({ type }) => type)).toContain("transform");
    expect([...nodeDefinitionRegistry.keys()]).toEqual([...nodeTypes.keys()]);
    expect(getAllTemplates().map(({ id }) => id)).toEqual(loadBuiltInTemplates().map(({ id }) => id));
    expect(getTemplate("hello-world")?.name).toBe("Hello World Flow");
    expect(getTemplate("none")).toBeUndefined();
  });

  it("describes them so that a flow and an execution are refused alike", async () => {
    const needed: Record<string, object> = {
      "file-system": { path: "/" },
      "http-request": { url: "http://x" },
      sort: { by: [{ field: "a" }] },
      pivot: { column: "a" },
      diff: { keys: ["a"] },
      validate: { schema: {} },
      window: { functions: [{ function: "rowNumber", as: "c" }] },
      code: { code: "return 1" },
      python: { code: "return 1" },
      wasm: { file: "a.wasm", function: "f" },
      crypto: { operation: "uuid" },
      html: { fields: {} },
      template: { template: "a" },
      switch: { cases: [] },
      sql: { sql: "select 1" },
      until: { condition: "true" },
      "sub-flow": { flow: "a" },
      "wait-for-input": { message: "a" },
      schedule: { every: "1m" },
      "file-change": { path: "/" },
      "shell-command": { program: "ls" },
      "webhook-out": { url: "http://x", secret: "s" },
      message: { service: "json", url: "http://x", text: "x" },
      email: { host: "h", from: "a@example.com" },
      llm: { model: "m" },
      embed: { model: "m" },
      database: { connection: "postgresql://x" },
    };
    const tried: unknown[] = [
      undefined,
      null,
      true,
      0,
      -1,
      1.5,
      2 ** 40,
      "",
      "x",
      [],
      [1],
      [""],
      {},
      { a: 1 },
      [{ field: "a", operator: "eq" }],
      [{ operation: "sum" }],
      "10s",
      "0s",
      "10 seconds",
    ];
    for (const nodeType of nodeTypes.values()) {
      const { type, parameterSchema } = nodeType;
      const types = JSON.stringify({ schemas: { [type]: parameterSchema }, closed: true });
      for (const name of Object.keys(parameterSchema.properties)) {
        for (const value of tried) {
          const parameters = { ...defaultsOf(nodeType), ...needed[type], [name]: value };
          const flow = {
            id: "f",
            type: "group",
            nodes: [{ ...getNodeDefinition(type), id: "n", parameters }],
            edges: [],
          };
          const validateFlow = loadAddon()["validateFlow"] as (flow: string, types: string) => string;
          const problems = JSON.parse(validateFlow(JSON.stringify(flow), types)) as { path: string }[];
          const parsed = async () => parseParameters(nodeType, parameters);
          const refusal: unknown = await parsed().then(
            () => undefined,
            (error: unknown) => error,
          );
          const what = `${type} with ${name}: ${JSON.stringify(value)}`;
          expect(problems.length > 0, what).toBe(refusal !== undefined);
          for (const { path } of problems) expect(path, what).toMatch(new RegExp(`^/nodes/0/parameters/${name}(/|$)`));
        }
      }
    }
  });

  it("hands out definitions that can be changed", () => {
    const first = getNodeDefinition("edit-fields");
    (first?.parameters["values"] as Record<string, unknown>)["x"] = 1;
    expect(getNodeDefinition("edit-fields")?.parameters["values"]).toEqual({});
  });

  it("checks parameters by them, dropping what it does not know", async () => {
    expect((await run("transform", [1], { operation: "reverse", unknown: 1 })).result).toEqual([1]);
    const error = await failure("transform", [1], { limitCount: 0, where: [{ field: "a", operator: "like" }] });
    expect(error.code).toBe("INVALID_PARAMETERS");
    expect(error.message).toBe(
      "Invalid transform parameters: " +
        '`where[0].operator` must be one of "eq", "ne", "gt", "gte", "lt", "lte", "contains", "startsWith", "endsWith", ' +
        '"isEmpty", "isNotEmpty", "in", found "like"; `limitCount` must be at least 1, found 0',
    );
    const { issues } = error.cause as { issues: { path: unknown[] }[] };
    expect(issues.map((issue) => issue.path)).toEqual(
      expect.arrayContaining([["limitCount"], ["where", 0, "operator"]]),
    );
  });

  it("fills the gaps of a definition", () => {
    expect(createNodeDefinition()).toMatchObject({
      type: "unknown",
      version: "1.0.0",
      name: "Unnamed Node",
      position: { x: 0, y: 0 },
      parameters: { enabled: true, timeout: 30000, retries: 1 },
      fields: {},
      inputPorts: [],
      outputPorts: [],
      metadata: { id: "node", name: "Node", author: "Atomiton Core Team", category: "utility", icon: "code-2" },
    });
    expect(createNodeDefinition().id).toMatch(/^node_[0-9a-f-]{36}$/);
    expect("nodes" in createNodeDefinition()).toBe(false);
    const own = createNodeDefinition({ metadata: { id: "http-request" }, parameters: { a: 1 }, nodes: [] });
    expect(own).toMatchObject({
      metadata: { name: "Http Request" },
      parameters: { a: 1 },
      nodes: [],
      name: "Unnamed Node",
    });
  });
});

describe("the words nodes share", () => {
  it("brands errors with their code", () => {
    const error = new NodeError("TIMEOUT", "late");
    expect(error[errorCode]).toBe("TIMEOUT");
    expect((error as unknown as Record<symbol, unknown>)[Symbol.for("@atomiton/error-code")]).toBe("TIMEOUT");
    expect(error).toBeInstanceOf(Error);
  });

  it("marks routed outputs without showing it", () => {
    const output = routed({ a: 1 }, ["x"]);
    expect([isRouted(output), isRouted({ a: 1 }), isRouted(null)]).toEqual([true, false, false]);
    expect(routesOf(output)).toEqual(["x"]);
    expect(JSON.stringify(output)).toBe('{"a":1}');
  });
});
