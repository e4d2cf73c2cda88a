/** The description of the API, against what the server has. */
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";

import { createHandler } from "../../src/server/handler.js";
import { flowOf, serving } from "./serving.js";

const METHODS = ["get", "post", "put", "delete"];

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema: object;
}

interface Operation {
  summary: string;
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { $ref?: string; description?: string; content?: Record<string, { schema?: object }> }>;
  security?: object[];
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { responses: object; schemas: Record<string, object> };
}

async function document(): Promise<Document> {
  const { apiUrl } = await serving();
  return (await (await fetch(`${apiUrl}/openapi.json`)).json()) as Document;
}

function operations({ paths }: Document) {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
}

describe("openapi.json", () => {
  it("describes every route, and no other", async () => {
    const app = createHandler({ base: "/api", ending: () => new AbortController().signal } as never);
    const routes = app.routes
      .filter(({ method, path }) => method !== "ALL" && path !== "/*")
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
    const described = operations(await document()).map(({ path, method }) => `${method.toUpperCase()} ${path}`);
    expect([...described].sort()).toEqual([...new Set(routes)].sort());
  });

  it("is as OpenAPI 3.1 asks for", async () => {
    const found = await document();
    expect(found.openapi).toMatch(/^3\.1\.\d$/);
    expect(found).toMatchObject({ info: { title: expect.any(String), version: expect.any(String) } });
    for (const { path, method, operation } of operations(found)) {
      const where = `${method} ${path}`;
      expect(METHODS, where).toContain(method);
      expect(operation.summary, where).not.toBe("");
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const parameters = operation.parameters ?? [];
      expect(
        parameters.filter((given) => given.in === "path").map(({ name }) => name),
        where,
      ).toEqual(inPath);
      expect(parameters.filter((given) => given.in === "path" && given.required !== true)).toEqual([]);
      const names = parameters.map((given) => `${given.in} ${given.name.toLowerCase()}`);
      expect(new Set(names).size, where).toBe(names.length);
      expect(
        Object.keys(operation.responses).some((status) => /^2\d\d$/.test(status)),
        where,
      ).toBe(true);
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(status).toMatch(/^[2-5]\d\d$/);
        if (response.$ref === undefined) expect(response.description, where).toEqual(expect.any(String));
        else expect(response.$ref).toBe("#/components/responses/Error");
      }
    }
  });

  it("has schemas that can be used", async () => {
    const found = await document();
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    // Within the document, where references begin at its root.
    ajv.addSchema(found, "document");
    const pointed = (keys: (string | number)[]) =>
      keys.map((key) => encodeURIComponent(String(key).replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");
    for (const { path, method, operation } of operations(found)) {
      const at = ["paths", path, method];
      const places = [
        ...(operation.parameters ?? []).map((_, index) => [...at, "parameters", index, "schema"]),
        ...Object.keys(operation.requestBody?.content ?? {}).map((type) => [
          ...at,
          "requestBody",
          "content",
          type,
          "schema",
        ]),
      ];
      for (const place of places)
        expect(() => ajv.compile({ $ref: `document#/${pointed(place)}` }), place.join(" ")).not.toThrow();
    }
    const body = found.paths["/api/flows"]?.post?.requestBody?.content["application/json"]?.schema ?? {};
    expect(ajv.validate(body, flowOf("say"))).toBe(true);
    expect(ajv.validate(body, { nodes: 1 })).toBe(false);
  });

  it("says what a request must have, and what it may not", async () => {
    const found = await document();
    const parameter = (path: string, method: string, name: string) =>
      found.paths[path]?.[method]?.parameters?.find((each) => each.name === name);
    expect(parameter("/api/schedules", "get", "from")).toMatchObject({ required: true, schema: { type: "number" } });
    expect(parameter("/api/executions", "get", "from")?.required).toBeUndefined();
    expect(parameter("/api/flows", "get", "limit")?.schema).toEqual({ type: "integer", minimum: 0, maximum: 1000 });
    expect(parameter("/api/secrets/{name}", "put", "name")?.schema).toHaveProperty("pattern");
    expect(parameter("/api/{channel}/{command}", "post", "channel")?.schema).toMatchObject({
      enum: expect.arrayContaining(["node", "storage", "trigger", "secret"]),
    });
    const body = (path: string) => found.paths[path]?.post?.requestBody?.content["application/json"]?.schema ?? {};
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema(found, "document");
    const takes = (path: string, value: unknown) => {
      const moved = JSON.stringify(body(path)).replaceAll('"#/components', '"document#/components');
      return ajv.validate(JSON.parse(moved), value);
    };
    const at = (x: unknown) => ({ flow: { id: "f", type: "group", position: { x, y: 1 } } });
    expect(takes("/api/executions/{id}/fork", at(1))).toBe(true);
    expect(takes("/api/executions/{id}/fork", at(null))).toBe(false);
    expect(takes("/api/executions/{id}/fork", { parameter: {} })).toBe(false);
    expect(takes("/api/vacuum", { retention: { keepPerFlow: 2 ** 32 } })).toBe(false);
    expect(takes("/api/schedules/{flowId}/{nodeId}/backfill", { from: "soon", to: 1 })).toBe(false);
  });

  it("tells how the Model Context Protocol refuses, which is the form of that", async () => {
    const { apiUrl, ask } = await serving({ mcp: true });
    const found = (await (await fetch(`${apiUrl}/openapi.json`)).json()) as Document;
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema(found, "document");
    for (const [method, status] of [
      ["GET", 400],
      ["POST", 406],
    ] as const) {
      const answer = await ask("viewer", "/mcp", { method, ...(method === "POST" && { body: "{}" }) });
      expect(answer.status).toBe(status);
      const schema = `document#/paths/~1mcp/${method.toLowerCase()}/responses/${status}/content/application~1json/schema`;
      expect(ajv.validate({ $ref: schema }, await answer.json()), method).toBe(true);
    }
  });

  it("asks for no key where the server asks for none", async () => {
    const { apiUrl } = await serving({ open: true });
    expect(await (await fetch(`${apiUrl}/openapi.json`)).json()).toMatchObject({ security: [] });
    expect(await document()).toMatchObject({ security: [{ key: [] }] });
  });

  it("lets everyone read it and ask for the health, and nothing else", async () => {
    const found = await document();
    const forAll = operations(found).filter(({ operation }) => operation.security?.length === 0);
    const { port } = await serving();
    for (const { path, method } of operations(found)) {
      const address = `http://127.0.0.1:${port}${path.replace(/\{\w+\}/g, "none")}`;
      const { status } = await fetch(address, { method: method.toUpperCase() });
      const isForAll = forAll.some((other) => other.path === path && other.method === method);
      expect(status, `${method} ${path}`).toBe(isForAll ? 200 : 401);
    }
  });
});

describe("the page of the description", () => {
  it("has every operation, for people, without a script and with nothing of others", async () => {
    const { apiUrl, port } = await serving();
    const { paths } = (await (await fetch(`${apiUrl}/openapi.json`)).json()) as { paths: Record<string, object> };
    const answer = await fetch(`http://127.0.0.1:${port}/docs`);
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(answer.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
    const page = await answer.text();
    for (const [path, methods] of Object.entries(paths)) {
      expect(page).toContain(`<code class="path">${path}</code>`);
      for (const { summary } of Object.values(methods) as { summary: string }[])
        expect(page).toContain(summary.replace(/`(.+?)`/g, "<code>$1</code>"));
    }
    expect(page).not.toMatch(/<script|src=|https?:\/\//);
    expect(await (await fetch(`${apiUrl}/docs`)).text()).toBe(page);
  });
});
