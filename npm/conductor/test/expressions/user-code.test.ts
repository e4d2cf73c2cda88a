/** The names of expressions in the user code of `transform`, `condition` and `code`. */

import { nodeTypes } from "@atomiton/nodes/definitions";
import { nodes } from "@atomiton/nodes/executables";
import { describe, expect, it } from "vitest";
import { createConductor, defineNode, validateFlow } from "../../src/exports/node";
import { codeNamesOf } from "../../src/expressions/code-names";
import { NAMES } from "../../src/expressions/scope";
import type { NodeDefinition } from "../../src/types/definition";

type Parameters = Record<string, unknown>;

const node = (id: string, type: string, parameters: Parameters = {}, more: object = {}): NodeDefinition =>
  ({ id, type, parameters, ...more }) as NodeDefinition;
const chain = (nodes: NodeDefinition[], more: object = {}): NodeDefinition => ({
  id: "flow",
  type: "group",
  nodes,
  edges: nodes.slice(1).map(({ id }, at) => ({ source: (nodes[at] as NodeDefinition).id, target: id })),
  ...more,
});

/** Gives the parameter `out` once the flow runs. */
const give = defineNode({
  type: "give",
  parameters: { type: "object", properties: { out: {} } },
  execute: ({ parameters }: { parameters: { out?: unknown } }) => parameters.out,
});

const run = (flow: NodeDefinition, context: object = {}, settings: object = {}) =>
  createConductor({ nodes: [give], ...settings }).node.run(flow, context);

const names = (code: string, type = "transform") =>
  codeNamesOf(type, { transformFunction: code, expression: code }).flatMap((of) =>
    of.names.map(({ source }) => source),
  );

describe("the names that code reads", () => {
  it.each<[string, string[]]>([
    ["x => x.price * variables.rate", ["variables"]],
    [
      "x => nodes.fetch.total + nodes['two words'].n + nodes?.[`third`]",
      ['nodes["fetch"]', 'nodes["two words"]', 'nodes["third"]'],
    ],
    ["x => env.STAGE + secrets.TOKEN", ['env["STAGE"]', 'secrets["TOKEN"]']],
    ["x => [run.id, now, loop.index, items.length, index]", ["run", "now", "loop", "items", "index"]],
    // Text, comments and members are no names.
    ["x => 'nodes.a' + \"env.B\" + x.nodes.c + x?.data // nodes.d\n/* nodes.e */", []],
    ["x => /nodes.a/.test(x) && `env.${x.data}`", []],
    ["x => `${nodes.a} env.B`", ['nodes["a"]']],
    ["x => ({ data: x, run: 1, nodes: [] })", []],
    ["x => ({ data })", ["data"]],
    ["x => (x ? data : now)", ["data", "now"]],
    // What the code declares is its own.
    ["(item, index, items) => item.n + index + items.length", []],
    ["data => data.x", []],
    ["({ data, env: { run } }) => data + run", []],
    ["x => { const nodes = x.children; return nodes.map(n => n.id) }", []],
    ["x => { let a = 1, nodes = x.children; return nodes.length }", []],
    ["x => { for (const run of x.runs) return run.id }", []],
    ["function data(now) { return now }", []],
    ["x => { try { return x() } catch (data) { return data.message } }", []],
    ["x => { if (data) { return 1 } }", ["data"]],
    ["x => { while (nodes.a) { return 1 } }", ['nodes["a"]']],
  ])("%s", (code, expected) => expect(names(code)).toEqual(expected));

  it.each<[string, string[]]>([
    ["interface Row { a: string; nodes: string; env?: { secrets: number } }\nreturn item.a", ["item"]],
    ["type Row = {\n  nodes: string\n} | {\n  env: 1 }\nconst a = item as Row", ["item"]],
    ["type A<T> = T extends string\n  ? 'nodes'\n  : env\nreturn nodes.b", ['nodes["b"]']],
    ["const a: { nodes: string; item: number } = { nodes: env.A, item: item.n }", ['env["A"]', "item"]],
    ["const { a }: { item: X } = item", ["item"]],
    ["({ nodes }: { nodes: X[] }): Promise<{ env: 1 }> => nodes.map((x) => x)", []],
    ["function f(env: X): { a: string } { return env.all() }", []],
    ["class A { a = 1; nodes: string[] = []; }\nreturn now", ["now"]],
    ["return a ? (item) : now", ["item", "now"]],
    ["for (const a: X of items) {}", ["items"]],
    ["const m: Map<string, Array<number>> = new Map();\nreturn run.id", ["run"]],
    ["type R = Array<Record<string, Set<number>>>\nreturn items.length >> 1", ["items"]],
    ["let total: number\nfor (const r of items) {}", ["items"]],
    ["let total: number, other = run.id", ["run"]],
    ["let a:\n  | string\n  | now = run.id", ["run"]],
    ["const x = data ? f(data) : run.id\nfor (const a of items) {}", ["items", "run"]],
  ])("in TypeScript: %s", (code, expected) => {
    const found = codeNamesOf("code", { code, language: "typescript" });
    expect(found.map(({ problem }) => problem?.message)).toEqual(found.map(() => undefined));
    expect(found.flatMap((of) => of.names.map(({ source }) => source)).sort()).toEqual([...expected].sort());
  });

  it("leaves a condition what it has as parameters", () => {
    expect(names("item.x > variables.least && input.a && data.x", "condition")).toEqual(["data"]);
  });

  it("is asked of the library's types alone, and of what is text", () => {
    expect(codeNamesOf("mine", { transformFunction: "x => data" })).toEqual([]);
    expect(codeNamesOf("transform", { transformFunction: 5 })).toEqual([]);
    expect(codeNamesOf("constructor", {})).toEqual([]);
  });

  it("knows every parameter of the library that holds code", () => {
    const parsers = { script: () => ({ line: 1, column: 1, message: "wrong" }) } as never;
    const found: string[] = [];
    for (const [type, { parameterSchema, problems }] of nodeTypes as Map<string, never> as Map<
      string,
      {
        parameterSchema: { properties: object };
        problems?: (parameters: object, parsers: never) => { path: string; rule: string }[];
      }
    >) {
      for (const parameter of Object.keys(parameterSchema.properties)) {
        const told = problems?.({ [parameter]: "x => now" }, parsers) ?? [];
        const isCode = told.some(({ path, rule }) => path === `/${parameter}` && rule === "code-syntax");
        if (!isCode) continue;
        found.push(`${type}.${parameter}`);
        expect(codeNamesOf(type, { [parameter]: "x => now" })[0]?.names).toHaveLength(1);
      }
    }
    const ofRounds = ["loop.breakWhen", "loop.condition", "until.condition"];
    const others = ["code.code", "condition.expression", "transform.transformFunction"];
    expect(found.sort()).toEqual([...others, ...ofRounds].sort());
    expect(codeNamesOf("loop", { condition: "now", breakWhen: "env.A" }).map(({ parameter }) => parameter)).toEqual([
      "condition",
      "breakWhen",
    ]);
  });
});

describe("user code that runs", () => {
  it("reads what expressions read", async () => {
    const flow = chain([
      node("fetch", "give", { out: { total: 7, at: new Date(5) } }),
      node("rows", "give", { out: [{ n: 1 }, { n: 2 }] }),
      node("sum", "transform", {
        transformFunction:
          "x => [x.n + nodes.fetch.total, nodes.fetch.at.getTime(), variables.rate, env.STAGE, data.length, input.default.length, run.flowId, run.attempt, now.length, nodes.rows[0].n]",
      }),
    ]);
    const result = await run(flow, { variables: { rate: 3 } }, { expressions: { env: { STAGE: "test" } } });
    expect(result.error).toBeUndefined();
    expect(result.data).toMatchObject({
      result: [
        [8, 5, 3, "test", 2, 2, "flow", 1, 24, 1],
        [9, 5, 3, "test", 2, 2, "flow", 1, 24, 1],
      ],
    });
  });

  it("chooses a way by what an earlier node returned", async () => {
    const flow = (least: number) =>
      chain([
        node("limits", "give", { out: { least } }),
        node("order", "give", { out: { total: 10 } }),
        node("large", "condition", { expression: "data.total > nodes.limits.least" }),
      ]);
    expect((await run(flow(5))).data).toMatchObject({ result: true });
    expect((await run(flow(50))).data).toMatchObject({ result: false });
  });

  it("reads the round of its loop, and that of the loop around", async () => {
    const flow = chain([
      node(
        "outer",
        "loop",
        { array: ["a", "b"] },
        {
          nodes: [
            node(
              "inner",
              "loop",
              { array: [1, 2] },
              {
                nodes: [
                  node("list", "give", { out: [0] }),
                  node("say", "transform", { transformFunction: "x => [item, index, items.length, loop.outer.item]" }),
                ],
                edges: [{ source: "list", target: "say" }],
              },
            ),
          ],
        },
      ),
    ]);
    const { data, error } = await run(flow);
    expect(error).toBeUndefined();
    expect([...new Set(JSON.stringify(data).match(/\[\[[^\]]+\]\]/g))]).toEqual([
      '[[1,0,2,"a"]]',
      '[[2,1,2,"a"]]',
      '[[1,0,2,"b"]]',
      '[[2,1,2,"b"]]',
    ]);
  });

  it("asks for secrets, which errors do not tell", async () => {
    const code = "x => { throw new Error('refused ' + secrets.TOKEN) }";
    const flow = chain([node("a", "give", { out: [1] }), node("b", "transform", { transformFunction: code })]);
    const asked: string[] = [];
    const secrets = async (name: string) => {
      asked.push(name);
      return "t0k3n";
    };
    const { error } = await run(flow, {}, { secrets });
    expect(asked).toEqual(["TOKEN"]);
    expect(error?.message).toContain("refused ***");
    expect(JSON.stringify(error)).not.toContain("t0k3n");
  });

  it("finds `undefined` where there is nothing, rather than no name", async () => {
    const flow = chain([
      node("none", "give"),
      node("a", "transform", { data: [1], transformFunction: "x => [typeof nodes.none, nodes.none === undefined]" }),
    ]);
    expect((await run(flow)).data).toMatchObject({ result: [["undefined", true]] });
  });

  it("keeps its own names", async () => {
    const code = "x => { const nodes = x.children; return nodes.map(n => n.id) }";
    const flow = chain([
      node("a", "give", { out: [{ children: [{ id: 1 }] }] }),
      node("b", "transform", { transformFunction: code }),
    ]);
    expect((await run(flow)).data).toMatchObject({ result: [[1]] });
  });

  it("sees each run's values, from the same definition", async () => {
    const flow = chain([
      node("a", "give", { out: ["${{ variables.n }}"] }),
      node("b", "transform", { transformFunction: "x => nodes.a[0]" }),
    ]);
    const conductor = createConductor({ nodes: [give] });
    for (const n of [1, 2, 3]) {
      const { data } = await conductor.node.run(flow, { variables: { n } });
      expect(data).toMatchObject({ result: [n] });
    }
    (flow.nodes?.[1] as NodeDefinition).parameters = { transformFunction: "x => nodes.a[0] + 10" };
    expect((await conductor.node.run(flow, { variables: { n: 4 } })).data).toMatchObject({ result: [14] });
  });

  it("is the same for a type of the library that has parameters of its own", async () => {
    const flow = chain([
      node("a", "transform", { transformFunction: "x => x + variables.n" }, { policy: { timeout: 100 } }),
    ]);
    const slow = chain([
      node("a", "transform", { transformFunction: "x => { for (;;); }" }, { policy: { timeout: 100 } }),
    ]);
    const conductor = createConductor({
      nodeExecutorFactory: { getNodeExecutable: (type) => nodes[type]?.({ data: [1] }) },
    });
    expect((await conductor.node.run(flow, { variables: { n: 4 } })).data).toMatchObject({ result: [5] });
    expect((await conductor.node.run(slow)).error).toMatchObject({ code: "TIMEOUT" });
  });

  it("warns of what earlier nodes, variables and the environment do not have", async () => {
    const flow = chain([
      node("rates", "give", { out: { euro: 2 } }),
      node("a", "transform", { data: [1], transformFunction: "x => [nodes.rates.erou, variables.lmit]" }),
      node("b", "condition", { expression: "nodes.rates.eruo > 1" }),
    ]);
    flow.edges = [
      { source: "rates", target: "a", targetHandle: "other" },
      { source: "rates", target: "b" },
    ] as never;
    const { warnings } = await run(flow, { variables: { limit: 1 } });
    expect(warnings?.filter(({ rule }) => rule === "missing-field").map(({ message }) => message)).toEqual([
      "`variables.lmit` in `transformFunction` is not there: there is no `lmit`. Did you mean `limit`?",
      "`nodes.rates.erou` in `transformFunction` is not there: there is no `erou`. Did you mean `euro`?",
      "`nodes.rates.eruo` in `expression` is not there: there is no `eruo`. Did you mean `euro`?",
    ]);
  });

  it("tells of every name what to do where it is not there", async () => {
    for (const name of NAMES) {
      const flow = chain([
        node("a", "transform", { data: [1], transformFunction: `x => { (() => { var ${name}; })(); return ${name} }` }),
      ]);
      expect((await run(flow)).error?.message, name).toMatch(
        /is not defined: (?:it is there for nodes inside|code in a flow reads it)/,
      );
    }
  });

  it("gives no code that another node type has", async () => {
    const own = { execute: (params: Parameters) => params.transformFunction };
    const flow = chain([node("a", "transform", { transformFunction: "x => nodes.map(n => n.id)" })]);
    const conductor = createConductor({ nodeExecutorFactory: { getNodeExecutable: () => own } });
    const { data, error } = await conductor.node.run(flow);
    expect([data, error]).toEqual(["x => nodes.map(n => n.id)", undefined]);
  });
});

describe("user code that names what it cannot read", () => {
  const flow = (code: string) =>
    chain([
      node("fetch", "give", { out: [1] }),
      node("use", "transform", { transformFunction: code }),
      node("later", "give"),
    ]);

  it.each([
    [
      "x => nodes.fecth.id",
      "NODE_NOT_FOUND",
      "There is no node `fecth`. Did you mean `fetch`? Before it stand `fetch`",
    ],
    ["x => nodes.later.id", "NODE_NOT_FOUND", "`nodes.later` cannot be read here: no edges lead from `later` to `use`"],
    ["x => nodes[x]", "INVALID_PARAMETERS", "Code in `transformFunction` can read of `nodes` what it names in writing"],
  ])("%s is told when the flow is checked, and fails the node", async (code, expected, message) => {
    const problem = validateFlow(flow(code)).find(({ nodeId }) => nodeId === "use");
    expect(problem).toMatchObject({ code: expected, severity: "error", nodeId: "use" });
    expect(problem?.message).toContain(message);
    expect(problem?.path).toBe("/nodes/1/parameters/transformFunction");
    const { error } = await run(flow(code));
    expect(error?.message).toContain(message);
    expect(error?.nodeId).toBe("use");
  });

  it.each([
    ["x => env.HOME", "`env.HOME` may not be read: none is allowed"],
    ["x => secrets.TOKEN", "`secrets.TOKEN` cannot be read: the conductor has no secrets"],
    ["x => index", "index is not defined: it is there for nodes inside a loop"],
    ["x => varables.a", "Did you mean `variables`?"],
  ])("%s fails the node", async (code, message) => {
    const { error } = await run(flow(code));
    expect(error?.message).toContain(message);
  });
});
