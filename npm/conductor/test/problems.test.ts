import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConductor, type FlowProblem, readFlow, validateFlow } from "@atomiton/conductor/node";
import { defaultsOf, type NodeType, nodeTypes } from "@atomiton/nodes";
import { describe, expect, it } from "vitest";
import type { NodeDefinition } from "../src/types/definition";

const flow = (nodes: object[], edges: object[] = []): NodeDefinition =>
  ({ id: "f", type: "group", name: "F", nodes, edges }) as NodeDefinition;
const told = (problems: FlowProblem[]) => problems.map(({ severity, rule, path }) => `${severity} ${rule} ${path}`);
const READ = { id: "read", type: "edit-fields", parameters: { values: { a: 1 } } };

describe("a flow is checked with the types of the library", () => {
  it("for triggers that stand elsewhere than at its start", () => {
    const schedule = { id: "times", type: "schedule", parameters: { every: "1h" } };
    expect(validateFlow(flow([schedule, READ], [{ source: "times", target: "read" }]))).toEqual([]);
    const fed = flow([READ, schedule], [{ source: "read", target: "times" }]);
    expect(told(validateFlow(fed))).toContain("error trigger-place /nodes/1");
    const inner = flow([{ id: "group", type: "group", nodes: [schedule, READ] }]);
    expect(told(validateFlow(inner))).toContain("error trigger-place /nodes/0/nodes/0");
  });

  it("where no others are given", () => {
    const [problem] = validateFlow(flow([{ id: "a", type: "spreadshet" }]));
    expect(problem).toMatchObject({
      code: "NODE_TYPE_NOT_FOUND",
      severity: "error",
      rule: "unknown-type",
      found: "spreadshet",
      suggestion: "spreadsheet",
      message: expect.stringContaining("Did you mean `spreadsheet`?"),
    });
    expect(validateFlow(flow([{ id: "a", type: "mine" }]), { schemas: {} })).toEqual([]);
  });

  it("for variables that are declared otherwise than it means anything", () => {
    const variables = {
      short: { default: 1 },
      misspelt: { typ: "number", default: 1 },
      value: { default: 1, width: 3 },
      limit: { type: "number", default: 5 },
      day: { type: "sting", defaultValue: "" },
      mode: { enum: ["a", "b"], defaultValue: "c" },
      none: { enum: [], required: "yes" },
      count: { type: "integer", defaultValue: 1.5, "x-note": "mine" },
      fine: { type: "string", enum: ["a"], required: true, description: "What it is" },
    };
    const found = validateFlow({ ...flow([READ]), variables } as never);
    expect(told(found)).toEqual([
      "warning variable-declaration /variables/short/default",
      "warning variable-declaration /variables/misspelt/typ",
      "warning variable-declaration /variables/misspelt/default",
      "warning variable-declaration /variables/limit/default",
      "warning variable-declaration /variables/day/type",
      "warning variable-declaration /variables/mode/defaultValue",
      "warning variable-declaration /variables/none/enum",
      "warning variable-declaration /variables/none/required",
      "warning variable-declaration /variables/count/defaultValue",
    ]);
    expect(found.map(({ message }) => message)).toEqual([
      "The variable `short` is this object, since no key of it declares anything. Did you mean `defaultValue`?",
      "The variable `misspelt` is this object, since no key of it declares anything. Did you mean `type`?",
      "The variable `misspelt` is this object, since no key of it declares anything. Did you mean `defaultValue`?",
      "The variable `limit` has no key `default`, which means nothing. Did you mean `defaultValue`?",
      expect.stringMatching(/^The variable `day` has the type "sting", .* Did you mean `string`\? Checked: string, /),
      "The variable `mode` has a default that its `enum` does not allow",
      expect.stringContaining("`none` allows nothing by its `enum`"),
      expect.stringContaining("`none` has a `required` that is neither"),
      "The variable `count` is of type `integer`, and its default is of type number",
    ]);
  });

  it("of which only those are read that the flow uses: others may be many", () => {
    const unread = {
      toJSON() {
        throw new Error("It was read");
      },
    };
    const schemas = { used: { type: "object" }, unread };
    const types = { schemas, closed: true };
    expect(validateFlow(flow([{ id: "a", type: "used" }]), types)).toEqual([]);
    expect(validateFlow(flow([{ id: "a", type: "unraed" }]), types)).toMatchObject([{ suggestion: "unread" }]);
    expect(() => validateFlow(flow([{ id: "a", type: "unread" }]), types)).toThrow("It was read");
  });

  it("and with none of what they declare where a conductor has a factory of its own", async () => {
    const own = flow(
      [
        { id: "a", type: "transform", parameters: { mine: 1, transformFunction: "=> (" } },
        { id: "b", type: "mine", parameters: { any: 1 } },
      ],
      [{ source: "a", target: "b", sourceHandle: "left", targetHandle: "right" }],
    );
    const nodeExecutorFactory = { getNodeExecutable: () => ({ execute: () => 1 }) };
    const conductor = createConductor({ nodeExecutorFactory });
    expect(await conductor.node.validate(own)).toEqual({ valid: true, errors: [] });
    expect((await conductor.node.run(own)).warnings).toBeUndefined();
    const { valid, errors, warnings } = await createConductor().node.validate(own);
    expect(valid).toBe(false);
    expect(errors.join()).toMatch(/`mine` is not known.*|no JavaScript/);
    expect(warnings?.join()).toMatch(/no parameter `mine`.*handle `left`/s);
  });
});

describe("warnings", () => {
  const doubtful = () =>
    flow(
      [READ, { id: "check", type: "condition", parameters: { expression: "true" } }, { ...READ, id: "never" }],
      [
        { source: "read", target: "check" },
        { source: "check", target: "never", sourceHandle: "yes" },
      ],
    );
  const expected = ["warning unknown-handle /edges/1/sourceHandle", "warning never-runs /nodes/2"];

  it("stand after the errors", () => {
    expect(told(validateFlow(doubtful()))).toEqual(expected);
    const worse = doubtful();
    worse.nodes?.push({ id: "read", type: "edit-fields" });
    expect(told(validateFlow(worse))[0]).toBe("error duplicate-id /nodes/3/id");
  });

  it("leave a flow valid and as it runs", async () => {
    const conductor = createConductor();
    const { valid, errors, warnings } = await conductor.node.validate(doubtful());
    expect({ valid, errors }).toEqual({ valid: true, errors: [] });
    expect(warnings).toEqual([
      expect.stringContaining("Did you mean `true`?"),
      expect.stringContaining("The node `never` never runs"),
    ]);
    const result = await conductor.node.run(doubtful());
    expect(result).toMatchObject({ success: true, executedNodes: ["f", "read", "check"] });
    expect(result.warnings).toMatchObject([
      { rule: "unknown-handle", nodeId: "f", path: "/edges/1/sourceHandle" },
      { rule: "never-runs", nodeId: "never", path: "/nodes/2" },
    ]);
  });

  it("name keys inside of parameters that nothing reads, but none where any may stand", () => {
    const leaf = (type: string, parameters: object) => validateFlow(flow([{ id: "x", type, parameters }]));
    const aggregates = [
      { operation: "avg", field: "ms", name: "mean" },
      { operation: "count", "x-note": 1 },
    ];
    const found = leaf("transform", { operation: "aggregate", aggregates });
    expect(told(found)).toEqual(["warning unknown-parameter /nodes/0/parameters/aggregates/0/name"]);
    expect(found[0]?.message).toMatch(/^Nothing reads `name`.*`as`/);
    const where = [{ field: "a", operator: "eq", valeu: 1 }];
    const cases = [{ handle: "a", where }];
    expect(told(leaf("switch", { cases }))).toContain(
      "warning unknown-parameter /nodes/0/parameters/cases/0/where/0/valeu",
    );
    const pagination = { type: "page", parameter: "p" };
    expect(told(leaf("http-request", { url: "https://a.b", pagination }))).toContain(
      "warning unknown-parameter /nodes/0/parameters/pagination/parameter",
    );
    expect(leaf("http-request", { url: "https://a.b", headers: { "X-Any": "1" }, params: { any: 1 } })).toEqual([]);
    expect(leaf("sort", { by: "${{ data.keys }}" })).toEqual([]);
  });

  it("name parameters that nothing reads beside the value of another one", () => {
    const leaf = (type: string, parameters: object) => validateFlow(flow([{ id: "x", type, parameters }]));
    const where = [{ field: "a", operator: "eq", value: 1 }];
    const aggregates = [{ operation: "count", percent: 95 }];
    const found = leaf("transform", { operation: "filter", where, aggregates });
    expect(told(found)).toEqual([
      "warning ignored-parameter /nodes/0/parameters/aggregates",
      "warning ignored-parameter /nodes/0/parameters/aggregates/0/percent",
    ]);
    expect(found[0]?.message).toBe("Nothing reads `aggregates` where `operation` is `filter`; it is for `aggregate`");
    const [forgotten] = leaf("transform", { sortKey: "total" });
    expect(forgotten?.message).toContain("where `operation` is `map`, which it is unless given; it is for `sort`");
    expect(leaf("transform", { operation: "group", sortKey: "region" })).toEqual([]);
    expect(leaf("crypto", { operation: "base64Encode", encoding: "base64url" })).toEqual([]);
    // As editors write a node whose operation was chosen last.
    const defaults = defaultsOf(nodeTypes.get("transform") as NodeType);
    expect(leaf("transform", { ...defaults, operation: "sort", sortKey: "total" })).toEqual([]);
  });

  it("name parameters of a group that nothing reads, and let what editors write be", async () => {
    const group = (parameters: object) => flow([{ id: "g", type: "group", parameters, nodes: [READ] }]);
    expect(told(validateFlow(group({ paralel: true, retries: 2 })))).toEqual([
      "warning unknown-parameter /nodes/0/parameters/paralel",
    ]);
    expect(validateFlow(group({ paralel: true }))[0]).toMatchObject({ suggestion: "parallel" });
    const written = { enabled: true, timeout: 30_000, retries: 1, label: "a", description: "b", parallel: false };
    expect(validateFlow(group(written))).toEqual([]);
    const handles = { id: "after", type: "edit-fields", parameters: { values: {} } };
    const { nodes = [] } = group(written);
    const edges = [{ id: "e", source: "g", target: "after", sourceHandle: "output", targetHandle: "input" }];
    expect(validateFlow(flow([...nodes, handles], edges))).toEqual([]);
    expect((await createConductor().flow.run(group({ paralel: true }))).success).toBe(true);
  });

  it("of a flow are found out when somebody reads them, and not before", async () => {
    let reads = 0;
    const watched = flow([
      {
        ...READ,
        get unread() {
          reads++;
          return 1;
        },
      },
    ]);
    const result = await createConductor().node.run(watched);
    expect(Object.keys(result)).not.toContain("warnings");
    expect(reads).toBe(0);
    expect(result.warnings?.map(({ rule }) => rule)).toEqual(["unknown-key"]);
    expect(reads).toBe(1);
    expect(result.warnings).toHaveLength(1);
    expect(reads).toBe(1);
  });

  it("are none for the flows that come with the library and the examples", () => {
    // The loop of `image-processor` has nothing inside, as it always had.
    const own = new Set(["unknown-type", "nothing-inside"]);
    const folder = join(__dirname, "../../nodes/src/templates/flows");
    const files = readdirSync(folder).map((name) => join(folder, name));
    const examples = join(__dirname, "../../../examples");
    for (const name of readdirSync(examples, { recursive: true }) as string[]) {
      if (name.endsWith(".flow.yaml")) files.push(join(examples, name));
    }
    expect(files.length).toBeGreaterThan(4);
    for (const file of files) {
      const problems = validateFlow(readFlow(readFileSync(file, "utf8")));
      expect(told(problems.filter(({ rule }) => !own.has(rule as string))), file).toEqual([]);
    }
  });
});

describe("syntax in parameters is checked without running it", () => {
  const of = (type: string, parameters: object) => validateFlow(flow([{ id: "a", type, parameters }]));

  it.each([
    ["condition", { expression: "input.a >" }, 1, 10],
    ["condition", { expression: "input.a\n  > (1" }, 2, 7],
    ["condition", { expression: "\n  a b" }, 2, 5],
    ["transform", { transformFunction: "item => {" }, 1, 10],
    ["transform", { transformFunction: "item =>\n  item.a +* 2" }, 2, 11],
    ["transform", { operation: "filter", transformFunction: "  item => item.a.;" }, 1, 19],
    ["transform", { operation: "reduce", transformFunction: "function (a, b) { return a b }" }, 1, 28],
  ])("%s %j", (type, parameters, line, column) => {
    const [problem, ...others] = of(type, parameters);
    expect(others).toEqual([]);
    const name = Object.keys(parameters).at(-1);
    expect(problem).toMatchObject({
      code: "INVALID_PARAMETERS",
      severity: "error",
      rule: "code-syntax",
      path: `/nodes/0/parameters/${name}`,
      nodeId: "a",
    });
    expect(problem?.message).toContain(`(line ${line}, column ${column} of it)`);
  });

  it.each([
    ["condition", { expression: "input.a > 1 ;" }],
    ["condition", { expression: "// why\n input.a > 1 // because" }],
    ["condition", { where: [{ field: "a", operator: "eq", value: 1 }], expression: "(" }],
    ["condition", { expression: `$${"{{ input.a }}"} >` }],
    ["transform", { transformFunction: "item.name" }],
    ["transform", { transformFunction: "async (item) => await item" }],
    ["transform", { operation: "filter", transformFunction: "=> (", where: [] }],
    ["edit-fields", { values: { a: "{{a.b}} {{#list}}{{.}}{{/list}} {{{raw}}}", b: ["{{#open}}"], c: 1 } }],
    ["edit-fields", { values: '{"a": "{{b}}"}' }],
  ])("nothing is wrong with %s %j", (type, parameters) => expect(of(type, parameters)).toEqual([]));

  it("is not of code that nothing reads", () => {
    const found = of("transform", { operation: "limit", transformFunction: "=> (" });
    expect(told(found)).toEqual(["warning ignored-parameter /nodes/0/parameters/transformFunction"]);
  });

  it("of templates", () => {
    const values = { "a/b": "{{#open}}", c: { d: "{{" } };
    expect(of("edit-fields", { values })).toMatchObject([
      { rule: "template-syntax", path: "/nodes/0/parameters/values/a~1b", message: expect.stringMatching(/open/) },
    ]);
    expect(of("edit-fields", { values, nested: true })).toHaveLength(2);
  });

  it("of code that would do something", () => {
    const key = `ran-${Math.random()}`;
    of("condition", { expression: `globalThis["${key}"] = 1` });
    of("transform", { transformFunction: `(() => { globalThis["${key}"] = 1 })() || (item => item)` });
    expect(globalThis).not.toHaveProperty(key);
  });

  it("no more often than problems are listed", () => {
    const nodes = Array.from({ length: 1500 }, (_, n) => ({
      id: `n${n}`,
      type: "condition",
      parameters: { expression: "(" },
    }));
    const problems = validateFlow(flow([{ type: "group", id: "parallel", parameters: { parallel: true }, nodes }]));
    expect(problems).toHaveLength(1000);
  });
});

describe("paths", () => {
  const check = async (nodes: object[], edges: object[] = []) =>
    (await createConductor().node.validate(flow(nodes, edges))).warnings ?? [];
  const missing = join(tmpdir(), "conductor-no-such-folder", "orders.csv");
  const spreadsheet = (parameters: object) => ({ id: "read", type: "spreadsheet", parameters });

  it("that lead to nothing are told with where they were looked for", async () => {
    const [warning, ...others] = await check([spreadsheet({ path: "pakage.json" })]);
    expect(others).toEqual([]);
    expect(warning).toContain(`There is no \`pakage.json\`: looked for ${process.cwd()}/pakage.json`);
    expect(warning).toContain("`package.json`");
    expect(warning).not.toMatch(/again/);
    expect(await check([{ id: "a", type: "file-system", parameters: { path: missing } }])).toHaveLength(1);
  });

  it("are none where the file is there, comes later, or is named by something else", async () => {
    expect(await check([spreadsheet({ path: "package.json" })])).toEqual([]);
    expect(await check([spreadsheet({ path: `$${"{{ input.file }}"}` })])).toEqual([]);
    expect(await check([{ id: "a", type: "file-system", parameters: { path: missing, operation: "write" } }])).toEqual(
      [],
    );
    const write = { id: "write", type: "file-system", parameters: { operation: "write", path: missing, content: "a" } };
    expect(await check([write, spreadsheet({ path: missing })], [{ source: "write", target: "read" }])).toEqual([]);
    const edges = [{ source: "name", target: "read", targetHandle: "filePath" }];
    expect(await check([{ ...READ, id: "name" }, spreadsheet({ path: missing })], edges)).toEqual([]);
  });
});

describe("a node that is told never to run", () => {
  /** A generator of numbers below a bound, the same for the same seed. */
  const random = (seed: number) => {
    let state = seed;
    return (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
  };

  it("does not, whichever ways the conditions go, and others may", async () => {
    const conductor = createConductor();
    let warned = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const next = random(seed);
      const count = 2 + next(6);
      const nodes = Array.from({ length: count }, (_, n) =>
        next(2) === 0
          ? { id: `n${n}`, type: "condition", parameters: { expression: "", enabled: next(6) > 0 } }
          : { ...READ, id: `n${n}` },
      );
      const edges = Array.from({ length: next(9) }, () => {
        const target = 1 + next(count - 1);
        const handles = [undefined, "true", "false", "yes", "error", "result"];
        return { source: `n${next(target)}`, target: `n${target}`, sourceHandle: handles[next(handles.length)] };
      });
      const never = new Set<string>();
      const ran = new Set<string>();
      for (let ways = 0; ways < 2 ** count; ways++) {
        const chosen = nodes.map((node, n) =>
          node.type === "condition"
            ? { ...node, parameters: { ...node.parameters, expression: String((ways >> n) % 2 === 1) } }
            : node,
        );
        if (ways > 0 && !nodes.some((node, n) => node.type === "condition" && (ways >> n) % 2 === 1)) continue;
        const run = await conductor.node.run(flow(chosen, edges as object[]));
        expect(run.success).toBe(true);
        for (const { rule, nodeId } of run.warnings ?? []) if (rule === "never-runs") never.add(nodeId);
        for (const id of run.executedNodes ?? []) ran.add(id);
        if (ways > 16) break;
      }
      warned += never.size;
      for (const id of never) expect(ran, `seed ${seed}`).not.toContain(id);
    }
    expect(warned).toBeGreaterThan(10);
  });
});

describe("values that stand in a flow as they are", () => {
  const of = (type: string, parameters: object) =>
    validateFlow(flow([{ id: "a", type, parameters }])).filter(({ severity }) => severity === "error");
  const url = "https://example.com";

  it.each([
    ["http-request", { url: "not a url" }, "url"],
    ["http-request", { url: "file:///etc/passwd" }, "url"],
    ["http-request", { url, headers: { accept: "a", "x/count": 5 } }, "headers/x~1count"],
    ["http-request", { url, headers: { accept: ["a"] } }, "headers/accept"],
    ["http-request", { url, headers: "accept: a" }, "headers"],
    ["file-system", { path: "a", operation: "write", content: 123 }, "content"],
    ["file-system", { path: "a", operation: "write", content: true }, "content"],
  ])("are refused where they are wrong: %s %j", async (type, parameters, path) => {
    expect(of(type, parameters)).toMatchObject([
      { code: "INVALID_PARAMETERS", rule: "invalid-parameter", path: `/nodes/0/parameters/${path}`, nodeId: "a" },
    ]);
    const { valid } = await createConductor().node.validate(flow([{ id: "a", type, parameters }]));
    expect(valid).toBe(false);
  });

  it.each([
    [
      "http-request",
      { url: `$${"{{ variables.base }}"}/users`, headers: { "x-count": `$${"{{ variables.count }}"}` } },
    ],
    ["http-request", { url: "{{base}}/users", method: "PATCH", headers: '{"accept": "{{type}}"}' }],
    ["http-request", { url, headers: `$${"{{ variables.headers }}"}` }],
    ["file-system", { path: "a", operation: "write", content: `$${"{{ variables.text }}"}` }],
    ["file-system", { path: "a", operation: "write", content: [{ a: 1 }] }],
  ])("may be expressions and templates: %s %j", (type, parameters) => {
    const variables = { base: "https://example.com", count: 1, headers: {}, text: "a" };
    const checked = { ...flow([{ id: "a", type, parameters }]), variables };
    expect(validateFlow(checked).filter(({ severity }) => severity === "error")).toEqual([]);
  });
});

describe("a required parameter that an edge brings", () => {
  const read = { id: "read", type: "file-system", parameters: { operation: "read" } };
  const path = { id: "path", type: "edit-fields", parameters: { values: { path: "a.txt" } } };
  const flowWith = (targetHandle?: string) => ({
    id: "f",
    type: "group",
    nodes: [path, read],
    edges: [{ id: "e", source: "path", target: "read", ...(targetHandle !== undefined && { targetHandle }) }],
  });
  const missing = (flow: object) =>
    validateFlow(flow as never)
      .filter(({ rule }) => rule === "missing-parameter")
      .map(({ path }) => path);

  it("is not missing at its own port, and is at any other", () => {
    expect(missing(flowWith("path"))).toEqual([]);
    expect(missing(flowWith("content"))).toEqual(["/nodes/1/parameters/path"]);
    expect(missing(flowWith())).toEqual(["/nodes/1/parameters/path"]);
    expect(missing(read)).toEqual(["/parameters/path"]);
  });
});
