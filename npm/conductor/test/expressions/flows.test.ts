/** Expressions in the parameters of nodes that run. */

import { nodeTypes } from "@atomiton/nodes/definitions";
import { afterEach, describe, expect, it, vi } from "vitest";
import { libraryTypes } from "../../src/engine/library-types";
import { createConductor, validateFlow } from "../../src/exports/node";
import type { NodeDefinition } from "../../src/types/definition";

type Definition = NodeDefinition;
type Params = Record<string, unknown> & { nodeId: string };

const node = (id: string, parameters: object = {}, more: object = {}): Definition =>
  ({ id, type: "test", parameters, ...more }) as Definition;
const chain = (nodes: Definition[], more: object = {}): Definition => ({
  id: "flow",
  type: "group",
  nodes,
  edges: nodes.slice(1).map(({ id }, at) => ({ source: (nodes[at] as Definition).id, target: id })),
  ...more,
});

/** Runs a flow whose leaves note the parameters that they got, and return `returns` or the parameter `out`. */
const run = async (
  flow: Definition,
  {
    execute,
    context,
    ...config
  }: Record<string, unknown> & { execute?: (params: Params) => unknown; context?: object } = {},
) => {
  const seen: Record<string, Record<string, unknown>[]> = {};
  const conductor = createConductor({
    ...config,
    nodeExecutorFactory: {
      getNodeExecutable: (type: string) =>
        type === "loop" || type === "group"
          ? { execute: () => undefined }
          : {
              execute: (params: Params) => {
                const { nodeId, executionId, variables, input, parentContext, slowMo, debug, ...own } = params;
                const before = seen[nodeId];
                if (before === undefined) seen[nodeId] = [own];
                else before.push(own);
                return execute ? execute(params) : own["out"];
              },
            },
    },
  });
  const result = await conductor.node.run(flow, context);
  return { result, seen };
};

describe("a parameter", () => {
  it("keeps the type of a whole expression and becomes text around one, at every depth", async () => {
    const rows = [{ id: 1 }, { id: 2 }];
    const parameters = {
      whole: "${{ data.rows }}",
      number: "${{ data.rows.length }}",
      text: "rows: ${{ data.rows }}, ${{ data.rows.length }} of ${{ true }}",
      nested: { list: ["a", "${{ data.rows[0].id }}", { deep: "${{ input.default.rows[1] }}" }], "${{ key }}": 1 },
      literal: "$${{ data }} and {{ data }}",
      plain: 5,
    };
    const given = structuredClone(parameters);
    const { result, seen } = await run(chain([node("a", { out: { rows } }), node("b", parameters)]));
    expect(result.error).toBeUndefined();
    expect(seen.b?.[0]).toEqual({
      whole: rows,
      number: 2,
      text: 'rows: [{"id":1},{"id":2}], 2 of true',
      nested: { list: ["a", 1, { deep: { id: 2 } }], "${{ key }}": 1 },
      literal: "${{ data }} and {{ data }}",
      plain: 5,
    });
    expect(seen.b?.[0]?.whole).toBe(rows);
    expect(parameters).toEqual(given);
    expect(result.warnings).toBeUndefined();
  });

  it("that stands in several places has its value in each", async () => {
    const shared = { x: "${{ data }}" };
    const { seen } = await run(chain([node("a", { out: 7 }), node("b", { one: shared, two: [shared, shared] })]));
    expect(seen.b?.[0]).toEqual({ one: { x: 7 }, two: [{ x: 7 }, { x: 7 }] });
  });

  it("warns where an expression gives nothing", async () => {
    const { result, seen } = await run(
      chain([node("a", { out: {} }), node("b", { t: "<${{ data.nme }}>", w: "${{ data.nme }}" })]),
    );
    expect(seen.b?.[0]).toEqual({ t: "<>", w: undefined });
    expect(result.warnings).toMatchObject([
      { rule: "empty-expression", nodeId: "b", message: "`${{ data.nme }}` in parameter `t` is undefined" },
      { rule: "empty-expression", nodeId: "b" },
    ]);
  });

  it.each([
    ["data.a + data.b", "510", "text-added", /joins "5" and "10" as texts, and does not add them\. Write `Number/],
    ["data.n + data.a", "25", "text-added", /joins 2 and "5"/],
    ["data.a + 1", "51", "text-added", /joins "5" and 1/],
    ["data.a + data.n + data.b", "5210", "text-added", /joins "5" and 2/],
    ["data.list.map(each => each.a + each.b)", ["34"], "text-added", /joins "3" and "4"/],
    ["data.b + data.b * 2", "1020", "text-added", /joins "10" and 20 .*to be joined, `a \+ "" \+ b`/],
    ["Number(data.a) + data.b", "510", "text-added", /joins 5 and "10"/],
    ["data.a < data.b", false, "compared-as-text", /compares "5" and "10" as texts; as numbers/],
    ["data.b >= '5'", false, "compared-as-text", /compares "10" and "5"/],
    ["data.n === data.two", false, "types-differ", /compares 2 and "2", a number and text, which are never the same/],
    ["data.two !== 2", true, "types-differ", /compares "2" and 2/],
  ])("warns of text that is a number: %s", async (source, value, rule, words) => {
    const out = { a: "5", b: "10", n: 2, two: "2", list: [{ a: "3", b: "4" }] };
    const { result, seen } = await run(chain([node("a", { out }), node("b", { t: `\${{ ${source} }}` })]));
    expect(seen.b?.[0]).toEqual({ t: value });
    expect(result.warnings).toMatchObject([{ rule, nodeId: "b", message: expect.stringMatching(words) }]);
    expect(result.warnings?.[0]?.message).toContain(`\`\${{ ${source} }}\` in parameter \`t\` `);
  });

  it.each([
    'data.a + "-" + data.b',
    'data.a + data.b + " EUR"',
    "data.a.trim() + data.b",
    "String(data.n) + data.a",
    "data.zip + data.zip",
    "data.n + data.n",
    "data.name + data.a",
    "data.a < data.six",
    "data.a < data.n",
    "data.a == 5",
    "data.name === 5",
    "data.a === '5'",
    "data.a === 5 || data.a === '5'",
    'data.a + "" + data.b',
    "Number(data.a) + Number(data.b)",
    "data.day < '2026-02-01'",
  ])("says nothing of %s", async (source) => {
    const out = { a: "5", b: "10", six: "6", n: 2, zip: "00501", name: "Ada", day: "2026-01-31" };
    const { result } = await run(chain([node("a", { out }), node("b", { t: `\${{ ${source} }}` })]));
    expect([result.error, result.warnings]).toEqual([undefined, undefined]);
  });

  it("fails a node whose path or address it would leave open, before it does anything", async () => {
    for (const parameters of [
      { path: "keep/${{ variables.name }}" },
      { args: ["-r", "keep/${{ data.name }}"] },
      { attachments: [{ path: "keep/${{ data.name }}" }] },
    ]) {
      const { result, seen } = await run(chain([node("a", { out: {} }), node("b", parameters)]));
      expect(seen.b).toBeUndefined();
      expect(result.error).toMatchObject({ code: "INVALID_PARAMETERS", nodeId: "b" });
      expect(result.error?.message).toMatch(/is undefined, and without it the text leads elsewhere: .*`\?\? ""`/);
    }
    const { seen } = await run(chain([node("a", { path: 'keep/${{ variables.name ?? "" }}' })]));
    expect(seen.a?.[0]).toEqual({ path: "keep/" });
  });

  it("says what to write where it looks for the only input inside of that", async () => {
    const conductor = createConductor({ nodeExecutorFactory: { getNodeExecutable: () => ({ execute: () => 1 }) } });
    const ran = (text: string, inputs: object) =>
      conductor.flow.run(chain([node("a", { t: text })]), { input: inputs });
    const hint = ": `number` is the only input, and so it is `data` itself. Write `data`, or `input.number`";
    expect((await ran("${{ data.number }}", { number: 3 })).warnings).toMatchObject([
      { rule: "empty-expression", message: `\`\${{ data.number }}\` in parameter \`t\` is undefined${hint}` },
    ]);
    expect((await ran("${{ data.number * 2 }}", { number: 3 })).error?.message).toContain(`on undefined${hint}`);
    for (const inputs of [{ number: { number: 4 } }, { number: 3, other: 4 }]) {
      expect((await ran("${{ data.number }}", inputs)).warnings).toBeUndefined();
    }
    expect((await ran("${{ data.nmber }}", { number: 3 })).warnings?.[0]?.message).toMatch(/is undefined$/);
  });

  it("fails its node where it cannot be worked out", async () => {
    const { result, seen } = await run(chain([node("a", { out: {} }), node("b", { t: "${{ data.user.name }}" })]));
    expect(result.error).toMatchObject({ code: "INVALID_PARAMETERS", nodeId: "b" });
    expect(result.error?.message).toContain(
      'Parameter `t`: `${{ data.user.name }}` reads "name" of data.user, which is undefined',
    );
    expect(seen.b).toBeUndefined();
  });

  it("is resolved again when its text is changed in place, and when it was none before", async () => {
    const parameters: Record<string, unknown> = { t: "plain" };
    const flow = chain([node("a", { out: 1 }), node("b", parameters)]);
    const texts = ["plain", "${{ data }}", "${{ data + 1 }}", "plain"];
    const found: unknown[] = [];
    for (const text of texts) {
      parameters["t"] = text;
      found.push((await run(flow)).seen.b?.[0]?.t);
    }
    expect(found).toEqual(["plain", 1, 2, "plain"]);
  });
});

describe("names", () => {
  it("data is what the node before returned, without what the library puts around it", async () => {
    for (const out of [{ result: [1] }, { records: [1], rowCount: 1 }, { result: { result: [1] } }, [1]]) {
      const { seen } = await run(chain([node("a", { out }), node("b", { d: "${{ data }}" })]));
      expect(seen.b?.[0]?.d).toEqual([1]);
    }
    const named = chain([node("a", { out: { result: 5 } }), node("b", { d: "${{ data }}" })]);
    (named.edges?.[0] as { targetHandle?: string }).targetHandle = "rows";
    expect((await run(named)).seen.b?.[0]?.d).toBe(5);
  });

  it("variables, run and now", async () => {
    const flow = chain([node("a", { v: "${{ variables.x }}", r: "${{ run }}", n: "${{ now }}" })]);
    const { seen } = await run(flow, { context: { variables: { x: 3 }, executionId: "e1" } });
    const { v, r, n } = (seen.a as object[])[0] as { v: unknown; r: { startedAt: string }; n: string };
    expect(v).toBe(3);
    expect(r).toEqual({ id: "e1", flowId: "flow", attempt: 1, startedAt: r.startedAt });
    expect(new Date(r.startedAt).toISOString()).toBe(r.startedAt);
    expect(new Date(n).getTime()).toBeGreaterThanOrEqual(new Date(r.startedAt).getTime());
  });

  it("run.attempt counts tries", async () => {
    const flaky = node("a", { n: "${{ run.attempt }}" }, { policy: { retries: 2, retryDelay: 1 } });
    const { seen } = await run(chain([flaky]), {
      execute: ({ n }) => {
        if ((n as number) < 3) throw new Error("again");
      },
    });
    expect(seen.a?.map(({ n }) => n)).toEqual([1, 2, 3]);
  });

  it("env gives allowed names only", async () => {
    vi.stubEnv("CONDUCTOR_TEST_NAME", "here");
    const flow = chain([node("a", { e: "${{ env.CONDUCTOR_TEST_NAME }}" })]);
    expect((await run(flow, { expressions: { env: ["CONDUCTOR_TEST_NAME"] } })).seen.a?.[0]?.e).toBe("here");
    expect((await run(flow, { expressions: { env: { CONDUCTOR_TEST_NAME: "given" } } })).seen.a?.[0]?.e).toBe("given");
    const { result } = await run(flow);
    expect(result.error?.message).toContain('Allow it with `expressions: { env: ["CONDUCTOR_TEST_NAME"] }`');
    const { result: other } = await run(flow, { expressions: { env: ["CONDUCTOR_TEST_NAMES"] } });
    expect(other.error?.message).toContain("allowed are CONDUCTOR_TEST_NAMES. Did you mean `CONDUCTOR_TEST_NAMES`?");
    vi.unstubAllEnvs();
  });

  it("item, index, items.length and the loop around", async () => {
    const inner = {
      id: "inner",
      type: "loop",
      parameters: { array: "${{ item.list }}" },
      nodes: [
        node("x", {
          t: "${{ loop.outer.index }}/${{ loop.outer.item.name }}:${{ index }}=${{ item }} of ${{ items.length }}",
        }),
      ],
    };
    const outer = { id: "outer", type: "loop", parameters: { array: "${{ data.groups }}" }, nodes: [inner] };
    const groups = [
      { name: "A", list: [1, 2] },
      { name: "B", list: [3] },
    ];
    for (const keepOutputs of ["all", "last"]) {
      const { result, seen } = await run(chain([node("a", { out: { groups } }), outer as Definition]), { keepOutputs });
      expect(result.error).toBeUndefined();
      expect(seen.x?.map(({ t }) => t)).toEqual(["0/A:0=1 of 2", "0/A:1=2 of 2", "1/B:0=3 of 1"]);
    }
  });

  it("a loop counts as often as an expression says, however long it is, and not to its default where that is nothing", async () => {
    const loop = (count: string): Definition => ({
      id: "l",
      type: "loop",
      parameters: { loopType: "times", count },
      nodes: [node("x", { t: "${{ items.length }}" })],
    });
    const { seen } = await run(chain([node("a", { out: { n: 5000 } }), loop("${{ data.n }}")]));
    expect(seen.x?.length).toBe(5000);
    expect(seen.x?.every(({ t }) => t === 5000)).toBe(true);
    const { result } = await run(chain([node("a", { out: {} }), loop("${{ data.n }}")]));
    expect(result.error?.message).toContain("Parameter `count`: `${{ data.n }}` gave nothing to loop over");
  });
});

describe("nodes.<id>", () => {
  it("is an output of any node before it, also when outputs are not kept and nothing else reads it", async () => {
    const nodes = [
      node("a", { out: { v: 1 } }),
      node("b", { out: 2 }),
      node("c", { out: 3 }),
      node("d", { t: "${{ nodes.a.v }}-${{ nodes.b }}" }),
    ];
    for (const keepOutputs of ["all", "last"]) {
      for (const concurrency of [1, 4]) {
        const { result, seen } = await run(chain(nodes), { keepOutputs, concurrency });
        expect(result.error).toBeUndefined();
        expect(seen.d?.[0]?.t).toBe("1-2");
      }
    }
  });

  it("reaches out of groups and loops, and within their rounds", async () => {
    const body = [
      node("x", { out: "${{ item * 10 }}" }),
      node("y", { out: 0 }),
      node("z", { t: "${{ nodes.a }}:${{ nodes.x }}:${{ item }}" }),
    ];
    const group = chain(body, { id: "g" });
    const loop = {
      id: "l",
      type: "loop",
      parameters: { array: [1, 2, 3], concurrency: 2 },
      nodes: [group],
    } as unknown as Definition;
    for (const keepOutputs of ["all", "last"]) {
      const flow = chain([node("a", { out: "A" }), node("b", { out: "B" }), loop]);
      const { result, seen } = await run(flow, { keepOutputs, concurrency: 4 });
      expect(result.error).toBeUndefined();
      expect(seen.z?.map(({ t }) => t).sort()).toEqual(["A:10:1", "A:20:2", "A:30:3"]);
    }
  });

  it("gives the output of a group and of a loop", async () => {
    const g = chain([node("x", { out: 1 }), node("y", { out: 2 })], { id: "g" });
    const l = {
      id: "l",
      type: "loop",
      parameters: { array: [5, 6] },
      nodes: [node("i", { out: "${{ item }}" })],
    } as unknown as Definition;
    const { seen } = await run(
      chain([g, l, node("m"), node("z", { g: "${{ nodes.g }}", l: "${{ nodes.l.results }}" })]),
      { keepOutputs: "last" },
    );
    expect(seen.z?.[0]).toEqual({ g: 2, l: [5, 6] });
  });

  it("is kept for a group that begins again", async () => {
    let tries = 0;
    const g = chain([node("x", { t: "${{ nodes.a }}" }), node("y", { fail: true })], {
      id: "g",
      policy: { retries: 1, retryDelay: 1 },
    });
    const { result, seen } = await run(chain([node("a", { out: 4 }), node("b"), g]), {
      keepOutputs: "last",
      execute: ({ fail, out }) => {
        if (fail && tries++ === 0) throw new Error("once");
        return out;
      },
    });
    expect(result.error).toBeUndefined();
    expect(seen.x).toEqual([{ t: 4 }, { t: 4 }]);
  });

  it("is nothing, with a warning, for a node that was skipped", async () => {
    const flow: Definition = {
      id: "flow",
      type: "group",
      nodes: [node("a"), node("b", { out: 1 }), node("c", { t: "${{ nodes.b }}" })],
      edges: [
        { source: "a", target: "b", sourceHandle: "error" },
        { source: "b", target: "c" },
        { source: "a", target: "c", targetHandle: "a" },
      ],
    };
    const { result, seen } = await run(flow, { execute: ({ out }) => out ?? 0 });
    expect(seen.c?.[0]).toEqual({ t: undefined });
    expect(result.warnings).toMatchObject([{ rule: "empty-expression", nodeId: "c" }]);
  });
});

describe("before the run", () => {
  const problems = (flow: Definition) =>
    validateFlow(flow, { schemas: {} }).map(({ code, path, message, nodeId }) => ({ code, path, message, nodeId }));

  it.each<[string, object, string, string]>([
    ["a name that is not defined", { t: "${{ dta.x }}" }, "/nodes/2/parameters/t", "Did you mean `data`?"],
    ["a node after it", { t: "${{ nodes.d }}" }, "/nodes/2/parameters/t", "no edges lead from `d` to `c`"],
    ["itself", { t: "${{ nodes.c }}" }, "/nodes/2/parameters/t", "Before it stand `b`, `a`"],
    [
      "a node that is not there",
      { a: ["${{ nodes.aa }}"] },
      "/nodes/2/parameters/a/0",
      "There is no node `aa`. Did you mean `a`?",
    ],
    ["no end", { "a/b": { "~": "${{ x" } }, "/nodes/2/parameters/a~1b/~0", "is not closed"],
    ["an item outside of loops", { t: "${{ item }}" }, "/nodes/2/parameters/t", "this one is in none"],
    ["a policy", { retries: "${{ 1 }}" }, "/nodes/2/parameters/retries", "is read before the node starts"],
    ["whether it runs", { enabled: "${{ false }}" }, "/nodes/2/parameters/enabled", "is read before the node starts"],
  ])("%s is an error", async (_, parameters, path, message) => {
    const flow = chain([node("a"), node("b"), node("c", parameters), node("d")]);
    const [problem] = problems(flow);
    expect(problem).toMatchObject({ path, nodeId: "c" });
    expect(problem?.message).toContain(message);
    const { result, seen } = await run(flow);
    expect(result.success).toBe(false);
    expect(result.error?.message).toBe(problem?.message);
    expect(seen).toEqual({});
  });

  it("nothing is wrong with a flow whose expressions are in order", () => {
    expect(problems(chain([node("a"), node("b", { t: "${{ nodes.a.x }}" })]))).toEqual([]);
  });

  it("values are checked by the node type once they are known", async () => {
    const flow = (times: string): Definition => ({
      id: "f",
      type: "group",
      nodes: [
        { id: "a", type: "transform", parameters: { operation: "map", transformFunction: "x => x * 2" } },
        { id: "b", type: "transform", parameters: { operation: "limit", limitCount: times } },
      ] as Definition[],
      edges: [{ source: "a", target: "b" }],
    });
    const types = libraryTypes(nodeTypes, true);
    expect(validateFlow(flow("${{ data.length - 1 }}"), types)).toEqual([]);
    expect(validateFlow(flow("data"), types)).toMatchObject([{ path: "/nodes/1/parameters/limitCount" }]);
    const conductor = createConductor();
    const input = { default: [1, 2, 3] };
    expect((await conductor.node.run(flow("${{ data.length - 1 }}"), { input })).data).toMatchObject({
      result: [2, 4],
    });
    const refused = await conductor.node.run(flow("${{ data }}"), { input });
    expect(refused.error).toMatchObject({ code: "INVALID_PARAMETERS", nodeId: "b" });
    expect(refused.error?.message).toContain("limitCount");
  });

  it("ten thousand nodes with expressions are linked in one go", async () => {
    const nodes = Array.from({ length: 10_000 }, (_, at) =>
      node(`n${at}`, at === 0 ? { out: 0 } : { out: `\${{ nodes.n${at - 1} + 1 }}` }),
    );
    const { result } = await run(chain(nodes), { keepOutputs: "last" });
    expect(result.data).toBe(9999);
  });

  it("parameters that contain themselves, or each other without end, are looked at once", async () => {
    const loop: Record<string, unknown> = { t: "${{ data }}" };
    loop["self"] = loop;
    let wide: unknown = { plain: "x" };
    for (let depth = 0; depth < 60; depth++) wide = [wide, wide];
    const { seen } = await run(chain([node("a", { out: 1 }), node("b", { loop, wide })]));
    expect(seen.b?.[0]).toMatchObject({ loop: { t: 1 } });
  });
});

describe("secrets", () => {
  const secret = 'p"ä ss/wörd+1';
  afterEach(() => vi.restoreAllMocks());

  it("are asked for when the node starts, and are seen by its executable", async () => {
    const asked: string[] = [];
    const secrets = async (name: string) => {
      asked.push(name);
      return secret;
    };
    const flow = chain([
      node("a", { out: 1 }),
      node("b", { auth: "Bearer ${{ secrets.TOKEN }}", n: "${{ nodes.a }}" }),
    ]);
    const { seen, result } = await run(flow, { secrets, execute: () => asked.length });
    expect(seen.b?.[0]).toEqual({ auth: `Bearer ${secret}`, n: 0 });
    expect(result.outputs).toMatchObject({ a: 0, b: 1 });
  });

  it("fail their node where there is none", async () => {
    const flow = chain([node("b", { auth: "${{ secrets.TOKEN }}" })]);
    expect((await run(flow)).result.error?.message).toContain(
      "`secrets.TOKEN` cannot be read: the conductor has no secrets. Give it `secrets: (name) => …`, a setting of createConductor and of " +
        "conductor.config; the command line also takes what `conductor secrets set TOKEN` keeps in its store",
    );
    const missing = await run(flow, { secrets: () => undefined });
    expect(missing.result.error?.message).toContain("no secret has this name");
  });

  it("are in nothing that is said of the run", async () => {
    const said: unknown[] = [];
    for (const level of ["debug", "info", "warn", "error", "log"] as const) {
      vi.spyOn(console, level).mockImplementation((...args) => void said.push(...args));
    }
    const conductor = createConductor({
      logLevel: "debug",
      secrets: () => secret,
      nodeExecutorFactory: {
        getNodeExecutable: () => ({
          // biome-ignore lint/suspicious/noExplicitAny: an executable
          async execute(params: any) {
            const { auth } = params;
            expect(auth).toBe(`Bearer ${secret}`);
            params.progress(50, `with ${auth}`);
            params.warn("leak", `warned of ${auth}`);
            params.log.warn(`logged ${auth}`, { auth }, new Error(auth), encodeURIComponent(auth));
            const cause = Object.assign(new Error(`cause ${auth}`), {
              url: `http://x/?t=${encodeURIComponent(secret)}`,
            });
            throw Object.assign(new Error(`refused ${auth}`, { cause }), { headers: { auth } });
          },
        }),
      },
    });
    const events: unknown[] = [];
    conductor.node.onProgress((event) => void events.push(event));
    conductor.node.onError((event) => void events.push(event));
    const result = await conductor.node.run(chain([node("a", { auth: "Bearer ${{ secrets.TOKEN }}" })]));
    const { inspect } = await import("node:util");
    const everything = inspect(
      [result, result.trace, result.outputs, result.error?.cause, conductor.node.store?.getState?.(), events, said],
      {
        depth: 30,
        showHidden: true,
        getters: true,
        maxStringLength: null,
        maxArrayLength: null,
      },
    );
    expect(result.error?.message).toBe("refused Bearer ***");
    expect(said.length).toBeGreaterThan(0);
    expect(events.length).toBeGreaterThan(0);
    const tail = secret.slice(1);
    for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), tail, "wörd"]) {
      expect(everything.includes(form), form).toBe(false);
    }
  });
});
