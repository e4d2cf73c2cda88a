/** Own node types: what is checked before they are called, and what they are given. */
import { describe, expect, test } from "vitest";
import { z } from "zod";

import { codeOf, defineNode, getNodeExecutable, type JsonSchema } from "../src/index.js";

const failureOf = async (work: unknown): Promise<{ code: string; message: string }> => {
  try {
    await work;
  } catch (error) {
    return { code: codeOf(error), message: (error as Error).message };
  }
  throw new Error("it did not fail");
};

const shout = defineNode({
  type: "shout",
  parameters: z.object({ times: z.int().min(1).max(5).default(2), mark: z.enum(["!", "?"]) }),
  inputs: { text: z.string() },
  execute: ({ parameters, inputs }) => inputs.text.toUpperCase() + parameters.mark.repeat(parameters.times),
});

const wait = defineNode({
  type: "wait",
  parameters: {
    type: "object",
    required: ["for"],
    properties: { for: { type: "number", "x-duration": true, minimum: 1 }, unit: { type: "string", default: "ms" } },
  },
  execute: ({ parameters }) => [parameters.for, parameters.unit],
});

describe("parameters", () => {
  test("arrive parsed, with defaults, without what every type has", async () => {
    const seen = defineNode({
      type: "seen",
      parameters: z.strictObject({ a: z.coerce.number() }),
      execute: (c) => c.parameters,
    });
    expect(
      await seen.execute({ a: "7", enabled: true, retries: 1, timeout: 30000, nodeId: "n", variables: {} }),
    ).toEqual({ a: 7 });
    expect(await shout.execute({ mark: "!", input: { text: "hi" } })).toBe("HI!!");
    expect(await wait.execute({ for: "1.5s" })).toEqual([1500, "ms"]);
  });

  test("that do not fit keep the node from being called, with a sentence and path for each", async () => {
    let calls = 0;
    const deep = defineNode({
      type: "deep",
      parameters: z.object({ rules: z.array(z.object({ above: z.number() })), name: z.string() }),
      execute: () => ++calls,
    });
    const failure = await failureOf(deep.execute({ rules: [{ above: 1 }, { above: "x" }] }));
    expect(failure.code).toBe("INVALID_PARAMETERS");
    expect(failure.message).toBe(
      'Invalid deep parameters: `rules[1].above` must be a number, found "x"; `name` is missing; it must be text',
    );
    expect(await failureOf(wait.execute({ for: "soon" }))).toMatchObject({ code: "INVALID_PARAMETERS" });
    expect(await failureOf(wait.execute({}))).toMatchObject({ message: expect.stringContaining("`for` is missing") });
    expect(calls).toBe(0);
  });

  test("of another library's schema are checked through its interface, also where that takes its time", async () => {
    const even = defineNode({
      type: "even",
      parameters: {
        "~standard": {
          version: 1,
          vendor: "own",
          validate: async (value: unknown) => {
            const { n } = value as { n: number };
            return n % 2 === 0 ? { value: { n } } : { issues: [{ message: "must be even", path: [{ key: "n" }] }] };
          },
        },
      },
      execute: ({ parameters }) => parameters,
    });
    expect(await even.execute({ n: 2 })).toEqual({ n: 2 });
    expect((await failureOf(even.execute({ n: 3 }))).message).toBe(
      "Invalid even parameters: `n`: must be even, found 3",
    );
  });

  test("with names that are given by the conductor do not hide what it gives", async () => {
    const node = defineNode({
      type: "own-names",
      parameters: z.object({ attempt: z.string(), signal: z.string() }),
      execute: ({ parameters, attempt, signal }) => [parameters, attempt, signal instanceof AbortSignal],
    });
    const given = Object.create({ attempt: 3, signal: new AbortController().signal });
    Object.assign(given, Object.defineProperties({}, {}));
    for (const name of ["attempt", "signal"]) Object.defineProperty(given, name, { value: "mine", enumerable: true });
    expect(await node.execute(given)).toEqual([{ attempt: "mine", signal: "mine" }, 3, true]);
  });
});

describe("hostile values", () => {
  test("a parameter named __proto__ changes no prototype", async () => {
    const node = defineNode({ type: "open", execute: ({ parameters }) => parameters });
    const parameters = await node.execute(JSON.parse('{"__proto__": {"admin": true}, "a": 1}'));
    expect(Object.getPrototypeOf(parameters)).toBe(Object.prototype);
    expect(parameters["admin"]).toBeUndefined();
  });

  test("of 100,000 wrong items twenty are told", async () => {
    const node = defineNode({ type: "list", inputs: { n: z.array(z.number()) }, execute: () => 1 });
    const { message } = await failureOf(node.execute({ input: { n: Array(100_000).fill("x") } }));
    expect(message).toContain("and 99980 more");
    expect(message.length).toBeLessThan(2_000);
  });

  test("a schema that contains itself is none that can be defined in JSON Schema, and one of zod is", async () => {
    const loop: { type: "object"; properties: Record<string, unknown> } = { type: "object", properties: {} };
    loop.properties["again"] = loop;
    expect(() => defineNode({ type: "loop", parameters: loop as JsonSchema, execute: () => 1 })).toThrow(
      "contains itself",
    );
    const Tree = z.object({
      name: z.string(),
      get children() {
        return z.array(Tree);
      },
    });
    const node = defineNode({
      type: "tree",
      parameters: Tree,
      execute: ({ parameters }) => parameters.children.length,
    });
    expect(await node.execute({ name: "a", children: [{ name: "b", children: [] }] })).toBe(1);
  });
});

describe("inputs", () => {
  test("are taken from their handle, or from the default where there is one only", async () => {
    expect(await shout.execute({ mark: "?", input: { default: "so" } })).toBe("SO??");
    expect(await failureOf(shout.execute({ mark: "?", input: { other: "so" } }))).toEqual({
      code: "TYPE_MISMATCH",
      message:
        "The input `text` of shout is missing; what came in is on `other`. Lead an edge to it with `targetHandle: text`; where there is one, the node that it leads from was skipped, or gave nothing",
    });
    expect((await failureOf(shout.execute({ mark: "?", input: { text: 5 } }))).code).toBe("TYPE_MISMATCH");
  });

  test("may be outputs of the library, of which the data is taken", async () => {
    const sum = defineNode({
      type: "sum",
      inputs: { rows: z.array(z.object({ n: z.coerce.number() })) },
      execute: ({ inputs }) => inputs.rows.reduce((total, { n }) => total + n, 0),
    });
    const table = await getNodeExecutable("spreadsheet")?.execute({
      input: { data: "n\n1\n2\n39\n" },
    });
    expect(await sum.execute({ input: { rows: table } })).toBe(42);
    expect(await sum.execute({ input: { rows: { result: [{ n: 1 }] } } })).toBe(1);
  });

  test("are whatever comes where none are declared", async () => {
    const all = defineNode({ type: "all", execute: ({ inputs, input }) => [inputs, input] });
    expect(await all.execute({ input: { a: 1 } })).toEqual([{ a: 1 }, { a: 1 }]);
    expect(await all.execute({ input: [1] })).toEqual([{ default: [1] }, [1]]);
    expect(await all.execute({})).toEqual([{}, undefined]);
  });
});

describe("an answer", () => {
  test("is a promise for those who call by hand, and there at once for a conductor where nothing waits", async () => {
    await wait.execute({ for: 1 });
    const byConductor = (own: object) => Object.assign(Object.create({ attempt: 1 }), own);
    expect(wait.execute(byConductor({ for: 1 }))).toEqual([1, "ms"]);
    expect(shout.execute(byConductor({ mark: "!", input: { text: "hi" } }))).toBe("HI!!");
    expect(wait.execute({ for: 1 })).toBeInstanceOf(Promise);
    for (const given of [{ mark: "." }, byConductor({ mark: "." })]) {
      const thrown = shout.execute(given);
      expect(thrown).toBeInstanceOf(Promise);
      expect((await failureOf(thrown)).code).toBe("INVALID_PARAMETERS");
    }
  });

  test("waits for schemas that check in their own time, one after the other", async () => {
    const slow = z.number().refine(async (value) => value > 0, "must be above 0");
    const node = defineNode({
      type: "slow",
      parameters: z.object({ from: slow }),
      inputs: { a: slow, b: z.number(), c: slow },
      execute: async ({ parameters, inputs }) => [parameters.from, ...Object.entries(inputs)],
    });
    const given = { from: 1, input: { a: 2, b: 3, c: 4 } };
    expect(await node.execute(given)).toEqual([1, ["a", 2], ["b", 3], ["c", 4]]);
    const wrong = { ...given, input: { a: -1, b: "3", c: 4 } };
    expect((await failureOf(node.execute(wrong))).message).toContain("`a`");
    expect((await failureOf(node.execute({ ...wrong, from: 0 }))).code).toBe("INVALID_PARAMETERS");
  });
});

describe("a definition", () => {
  test("says of the type what flows and editors need", () => {
    expect(shout.parameterSchema.properties).toMatchObject({ times: { type: "integer", minimum: 1 }, retries: {} });
    expect(shout.parameterSchema.required).toEqual(["mark"]);
    expect(shout.inputPorts).toMatchObject([{ id: "text", dataType: "string", required: true }]);
    expect(shout.hasOpenInputs).toBe(false);
    const routes = defineNode({ type: "routes", outputs: { big: "Above 100" }, execute: () => 1 });
    expect(routes.outputPorts).toMatchObject([{ id: "big", description: "Above 100" }]);
  });

  test("gives no generator, since nothing would ask it for what it gives", async () => {
    const rows = defineNode({
      type: "rows",
      async *execute() {
        yield { i: 1 };
      },
    });
    expect(await failureOf(rows.execute({}))).toEqual({
      code: "TYPE_MISMATCH",
      message: "[rows] `execute` is a generator: collect what it gives, and return a list",
    });
  });

  test.each([
    [
      "a keyword that would not be checked",
      { type: "object", properties: { a: { minimun: 1 } } },
      "did you mean `minimum`",
    ],
    [
      "a parameter named as a key of the context",
      { type: "object", properties: { input: {} } },
      "cannot be named `input`",
    ],
    ["a schema that is none", 5, "must be a schema"],
    ["a null", null, "must be a schema"],
  ])("is refused for %s", (_, parameters, message) => {
    expect(() => defineNode({ type: "x", parameters: parameters as JsonSchema, execute: () => 1 })).toThrow(message);
  });

  test("is refused without a type or something to execute", () => {
    expect(() => defineNode({ type: "", execute: () => 1 })).toThrow("`type` must be text");
    expect(() => defineNode({ type: "x" } as never)).toThrow("`execute` must be a function");
  });
});
