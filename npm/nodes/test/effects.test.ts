/** What carrying out a node does to the world, as its type tells and as it is. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, test } from "vitest";

import { getNodeExecutable as executableOfPage } from "../src/browser.js";
import { effectsText, nodeTypePage } from "../src/definitions.js";
import { nodes } from "../src/executables.js";
import { defineNode, type Effects, effectsOf, getNodeExecutable, nodeTypes } from "../src/index.js";
import { run } from "./run.js";

const EXPRESSION = "\u0024{{ data.a }}";

type Row = [parameters: Record<string, unknown>, effects: Effects, input?: unknown];

/** Every type of the library, with parameters that decide. */
const table: Record<string, Row[]> = {
  parallel: [[{}, "none"]],
  group: [[{}, "none"]],
  loop: [[{ loopType: "while", condition: "Math.random() < 0.5" }, "none"]],
  try: [[{}, "none"]],
  until: [[{}, "none"]],
  image: [
    [{}, "reads"],
    [{ operation: "info", baseImage: "a.png" }, "reads"],
    [{ output: "a.png" }, "writes"],
    [{ output: EXPRESSION }, "writes"],
    [{}, "writes", { output: "a.png" }],
    [{}, "reads", { baseImage: "a.png", output: null }],
  ],
  "http-request": [
    [{}, "reads"],
    [{ method: "GET" }, "reads"],
    [{ method: "HEAD" }, "reads"],
    [{ method: "OPTIONS" }, "reads"],
    [{ method: "PROPFIND" }, "reads"],
    [{ method: "report" }, "reads"],
    [{ method: "PURGE" }, "writes"],
    [{ method: "POST" }, "writes"],
    [{ method: "PUT" }, "writes"],
    [{ method: "PATCH" }, "writes"],
    [{ method: "DELETE" }, "writes"],
    [{ method: EXPRESSION }, "writes"],
    [{ method: "GETS" }, "writes"],
    [{ method: null }, "writes"],
    [{ method: "GET", saveTo: "a.pdf" }, "writes"],
    [{ saveTo: EXPRESSION }, "writes"],
    [{ pagination: { type: "link" } }, "reads"],
    [{ method: "GET" }, "writes", { method: "POST" }],
    [{ method: "GET" }, "writes", { method: { result: "DELETE" } }],
    [{ method: "GET" }, "writes", { method: 1 }],
    [{ method: "POST" }, "reads", { method: "get" }],
    [{ method: "POST" }, "writes", { url: "http://localhost" }],
  ],
  "file-system": [
    [{}, "reads"],
    [{ operation: "read" }, "reads"],
    [{ operation: "list" }, "reads"],
    [{ operation: "exists" }, "reads"],
    [{ operation: "stat" }, "reads"],
    [{ operation: "write" }, "writes"],
    [{ operation: "append" }, "writes"],
    [{ operation: "create" }, "writes"],
    [{ operation: "delete" }, "writes"],
    [{ operation: "copy" }, "writes"],
    [{ operation: "move" }, "writes"],
    [{ operation: EXPRESSION }, "writes"],
  ],
  "edit-fields": [
    [{}, "none"],
    [{ values: { a: "{{b}} at {{variables.c}}" } }, "none"],
    [{ values: { a: ["{{$now}}"] }, nested: true }, "reads"],
    [{ values: '{ "a": "{{$now}}" }' }, "reads"],
    [{ values: '{ "a": "{{\\u0024now}}" }' }, "reads"],
    [{ values: { a: EXPRESSION } }, "reads"],
  ],
  transform: [
    [{}, "reads"],
    [{ operation: "map" }, "reads"],
    [{ operation: "filter" }, "reads"],
    [{ operation: "filter", where: [{ field: "a", gt: 1 }] }, "none"],
    [{ operation: "filter", where: EXPRESSION }, "reads"],
    [{ operation: "reduce" }, "reads"],
    [{ operation: "aggregate" }, "none"],
    [{ operation: "sort" }, "none"],
    [{ operation: EXPRESSION }, "reads"],
  ],
  "shell-command": [[{}, "writes"]],
  spreadsheet: [
    [{}, "reads"],
    [{ operation: "read" }, "reads"],
    [{ operation: "write" }, "writes"],
    [{ operation: EXPRESSION }, "writes"],
  ],
  sql: [
    [{ sql: "select 1" }, "reads"],
    [{ sql: "select 1", output: "a.csv" }, "writes"],
    [{ output: EXPRESSION }, "writes"],
  ],
  condition: [
    [{}, "reads"],
    [{ expression: "item.a > 1" }, "reads"],
    [{ where: [{ field: "a", gt: 1 }] }, "none"],
    [{ where: EXPRESSION, expression: "Date.now() > 1" }, "reads"],
  ],
  join: [[{}, "none"]],
  dedupe: [[{}, "none"]],
  sort: [[{}, "none"]],
  sample: [[{ method: "random" }, "none"]],
  pivot: [[{}, "none"]],
  unpivot: [[{}, "none"]],
  window: [[{}, "none"]],
  diff: [[{}, "none"]],
  validate: [[{}, "none"]],
  switch: [[{}, "none"]],
  merge: [[{}, "none"]],
  delay: [[{ duration: 1 }, "reads"]],
  stop: [[{}, "none"]],
  "sub-flow": [[{ flow: "a" }, "reads"]],
  webhook: [[{}, "reads"]],
  respond: [[{}, "writes"]],
  schedule: [[{ every: "1m" }, "reads"]],
  "file-change": [[{ path: "inbox" }, "reads"]],
  "flow-end": [[{}, "reads"]],
  "wait-for-input": [[{ message: "?" }, "reads"]],
  code: [[{ code: "1" }, "reads"]],
  python: [[{ code: "1" }, "writes"]],
  wasm: [
    [{ file: "a.wasm" }, "reads"],
    [{ allowedHosts: [], allowedPaths: {} }, "reads"],
    [{ allowedHosts: ["example.com"] }, "writes"],
    [{ allowedPaths: { "/data": "data" } }, "writes"],
    [{ allowedHosts: EXPRESSION }, "writes"],
    [{ allowedPaths: null }, "writes"],
  ],
  crypto: [
    [{ operation: "hash" }, "none"],
    [{ operation: "hmac" }, "none"],
    [{ operation: "base64Decode" }, "none"],
    [{ operation: "uuid" }, "reads"],
    [{ operation: "randomBytes" }, "reads"],
    [{ operation: EXPRESSION }, "reads"],
  ],
  xml: [[{}, "none"]],
  html: [[{}, "none"]],
  template: [
    [{ template: "{{a}}" }, "none"],
    [{ template: "{{$now}}" }, "reads"],
    [{ template: "a", title: "Of {{$now}}" }, "reads"],
    [{ template: EXPRESSION }, "reads"],
  ],
  compress: [[{}, "none"]],
  archive: [
    [{}, "reads"],
    [{ operation: "list", path: "a.zip" }, "reads"],
    [{ operation: "extract", path: "a.zip" }, "reads"],
    [{ operation: "extract", path: "a.zip", folder: "a" }, "writes"],
    [{ operation: "extract", folder: EXPRESSION }, "writes"],
    [{ operation: "create", folder: "a" }, "reads"],
    [{ operation: "create", folder: "a", path: "a.zip" }, "writes"],
    [{ operation: "create", folder: "a" }, "writes", { path: "a.zip" }],
    [{ operation: EXPRESSION }, "writes"],
  ],
  "webhook-out": [[{}, "writes"]],
  message: [[{}, "writes"]],
  email: [
    [{}, "writes"],
    [{ operation: "send" }, "writes"],
    [{ operation: "read" }, "reads"],
    [{ operation: EXPRESSION }, "writes"],
  ],
  llm: [[{}, "reads"]],
  embed: [[{}, "reads"]],
  database: [
    [{}, "writes"],
    [{ sql: "select 1" }, "reads"],
    [{ operation: "query", sql: "\n -- all\n/* of * it */ ((SELECT 1))" }, "reads"],
    [{ operation: "query", sql: "With a as (select 1) select * from a" }, "reads"],
    [{ operation: "query", sql: "values (1)" }, "reads"],
    [{ operation: "query", sql: "table orders" }, "reads"],
    [{ operation: "query", sql: "selection" }, "writes"],
    [{ operation: "query", sql: "-- select" }, "writes"],
    [{ operation: "query", sql: "/* select" }, "writes"],
    [{ operation: "query", sql: "copy a to '/tmp/a'" }, "writes"],
    [{ operation: "query", sql: "notify a" }, "writes"],
    [{ operation: "query", sql: EXPRESSION }, "writes"],
    [{ operation: "execute", sql: "select 1" }, "writes"],
    [{ operation: "insert", table: "a" }, "writes"],
    [{ operation: EXPRESSION, sql: "select 1" }, "writes"],
  ],
};

describe("the effects of the types of the library", () => {
  test("are said by every one of them, in a page as well, and this table has all", () => {
    expect(Object.keys(table)).toEqual(expect.arrayContaining([...nodeTypes.keys()]));
    for (const [type, { effects }] of nodeTypes) {
      expect(effects, type).toBeDefined();
      expect(getNodeExecutable(type)?.effects, type).toBe(effects);
      expect(executableOfPage(type)?.effects, type).toBe(effects);
      expect(nodes[type]?.effects, type).toBe(effects);
    }
  });

  const rows = Object.entries(table).flatMap(([type, rows]) =>
    rows.map(([parameters, effects, input]): [string, Row[0], Effects, unknown] => [type, parameters, effects, input]),
  );
  test.each(rows)("%s with %j: %s", (type, parameters, effects, input) => {
    expect(effectsOf(getNodeExecutable(type), parameters, input)).toBe(effects);
  });

  const GARBAGE = [
    null,
    0,
    Number.NaN,
    "",
    "garbage",
    EXPRESSION,
    Symbol("s"),
    1n,
    [],
    {},
    () => 1,
    new Map(),
    [[null]],
  ];
  test.each([...nodeTypes])("%s: parameters and inputs of any kind are no reason to throw", (_, nodeType) => {
    const { effects, parameterSchema } = nodeType;
    if (typeof effects === "string") return;
    const circle: Record<string, unknown> = {};
    circle["circle"] = circle;
    for (const value of [...GARBAGE, circle, Object.create(null)]) {
      const names = [...Object.keys(parameterSchema.properties), "method", "output", "path"];
      const all = Object.fromEntries(names.map((name) => [name, value]));
      for (const [parameters, input] of [
        [all, undefined],
        [{}, value],
        [{}, all],
        [all, all],
      ] as const) {
        expect(["none", "reads", "writes"]).toContain(effects(parameters, input));
      }
    }
  });

  test("count with the parameters of an executable that has parameters of its own", () => {
    const post = nodes["http-request"]?.({ method: "POST" });
    expect(effectsOf(post, {})).toBe("writes");
    expect(effectsOf(post, { method: "GET" })).toBe("reads");
    expect(effectsOf(nodes["sort"]?.({}), {})).toBe("none");
  });
});

describe("effects that are asked for", () => {
  test.each([
    ["of nothing", undefined],
    ["that nothing is said of", {}],
    ["that there are not", { effects: "magic" }],
    ["by a function that throws", { effects: () => JSON.parse("{") }],
    ["by a function that gives something else", { effects: () => "magic" }],
    ["by a function that gives a promise", { effects: async () => "none" }],
  ])("%s are writes", (_, type) => {
    expect(effectsOf(type as never, {})).toBe("writes");
  });

  test("find no parameters where they are no object", () => {
    expect(
      effectsOf({ effects: (parameters) => (Object.keys(parameters).length === 0 ? "none" : "reads") }, null),
    ).toBe("none");
  });
});

describe("the effects of an application's own type", () => {
  test("are writes, unless it says otherwise", () => {
    expect(effectsOf(defineNode({ type: "own", execute: () => 1 }), {})).toBe("writes");
    expect(effectsOf(defineNode({ type: "own", effects: "none", execute: () => 1 }), {})).toBe("none");
    const own = defineNode({
      type: "own",
      effects: ({ dry }) => (dry === true ? "reads" : "writes"),
      execute: () => 1,
    });
    expect([effectsOf(own, { dry: true }), effectsOf(own, {})]).toEqual(["reads", "writes"]);
    expect(nodeTypePage(own)).toContain("Touches: nothing. Effects: as its parameters say.");
  });

  test("are refused where there are no such effects, as is what belongs elsewhere", () => {
    expect(() => defineNode({ type: "own", effects: "magic" as never, execute: () => 1 })).toThrow(
      '`effects` must be none, reads, writes, or a function that gives one of them, found "magic"',
    );
    expect(() => defineNode({ type: "own", effects: ["network"] as never, execute: () => 1 })).toThrow(
      "what it touches, such as network, belongs into `touches`",
    );
  });
});

test("effects are told in words", () => {
  const textOf = (type: string) => effectsText(nodeTypes.get(type) as never);
  expect(textOf("sort")).toBe("none");
  expect(textOf("llm")).toBe("looks at the world; may change it with `tools`");
  expect(textOf("embed")).toBe("looks at the world");
  expect(textOf("message")).toBe("changes the world");
  expect(textOf("file-system")).toBe(
    "looks at the world with `operation` `read`, `list`, `exists` or `stat`, else changes it",
  );
  for (const nodeType of nodeTypes.values()) {
    if (typeof nodeType.effects === "function") expect(nodeType.effectsNote, nodeType.type).toBeTypeOf("string");
    expect(nodeTypePage(nodeType)).toContain(`Effects: ${effectsText(nodeType)}.`);
  }
});

describe("a node changes files only where its effects are writes:", () => {
  const files = mkdtempSync(join(tmpdir(), "effects-"));
  afterAll(() => rmSync(files, { recursive: true, force: true }));
  const path = (name: string) => join(files, name);

  const cases: [type: string, parameters: () => Record<string, unknown>, input?: unknown][] = [
    ["file-system", () => ({ path: path("a.txt") })],
    ["file-system", () => ({ operation: "list", path: files })],
    ["file-system", () => ({ operation: "exists", path: path("none") })],
    ["file-system", () => ({ operation: "stat", path: path("a.txt") })],
    ["file-system", () => ({ operation: "write", path: path("b.txt"), content: "b" })],
    ["file-system", () => ({ operation: "append", path: path("a.txt"), content: "b" })],
    ["file-system", () => ({ operation: "create", path: path("new") })],
    ["file-system", () => ({ operation: "copy", path: path("a.txt"), targetPath: path("b.txt") })],
    ["file-system", () => ({ operation: "move", path: path("a.txt"), targetPath: path("b.txt") })],
    ["file-system", () => ({ operation: "delete", path: path("a.txt") })],
    ["spreadsheet", () => ({ path: path("a.csv") })],
    ["spreadsheet", () => ({ operation: "write", path: path("b.csv"), data: [{ a: 1 }] })],
    ["archive", () => ({ operation: "create", folder: path("folder") })],
    ["archive", () => ({ operation: "create", folder: path("folder"), path: path("a.zip") })],
    ["archive", () => ({ operation: "create", folder: path("folder") }), { path: path("a.zip") }],
    ["database", () => ({ connection: `sqlite:${path("a.db")}`, operation: "execute", sql: "create table t (a)" })],
    ["compress", () => ({ data: "a" })],
    ["template", () => ({ template: "a" })],
  ];

  it.each(cases)("%s %#", async (type, parametersOf, input) => {
    for (const name of readdirSync(files)) rmSync(path(name), { recursive: true });
    mkdirSync(path("folder"));
    for (const name of ["a.txt", "folder/c.txt"]) writeFileSync(path(name), "a");
    writeFileSync(path("a.csv"), "a\n1\n");
    const parameters = parametersOf();
    const before = contentOf(files);
    await run(type, input, parameters);
    const isChanged = JSON.stringify(contentOf(files)) !== JSON.stringify(before);
    expect(effectsOf(getNodeExecutable(type), parameters, input) === "writes").toBe(isChanged);
  });
});

/** All that is in a folder, with the content of files. */
function contentOf(folder: string): [string, string][] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => [
      name,
      statSync(join(folder, name)).isDirectory() ? "" : readFileSync(join(folder, name)).toString("base64"),
    ]);
}
