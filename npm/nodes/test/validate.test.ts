import { describe, expect, it } from "vitest";

import { nodeTypes, routesOf } from "../src/index.js";
import { run as onMachine, places } from "./run.js";
import { warned } from "./warned.js";

const schema = {
  type: "object",
  required: ["id", "name"],
  properties: { id: { type: "integer", minimum: 1 }, tags: { type: "array", items: { type: "string" } } },
};

it("a flow is told of a schema that would not be checked, but not of expressions in one", () => {
  const problems = (schema: unknown) => nodeTypes.get("validate")?.problems?.({ schema }, {});
  expect(problems({ type: "object", properties: { "a/b": { minimum: 1 } } })).toMatchObject([
    { rule: "unchecked-schema", path: "/schema/properties/a~1b/minimum" },
  ]);
  expect(problems("${{ variables.schema }}")).toEqual([]);
  expect(problems({ type: "number", minimum: "${{ variables.least }}" })).toEqual([]);
  expect(problems(undefined)).toEqual([]);
});

describe.each(places)("validate in $name", ({ run, failure }) => {
  const fits = async (schema: object, row: unknown) =>
    (await run("validate", { data: [row] }, { schema })).validCount === 1;

  it("tells good rows from bad ones, and what is wrong with these", async () => {
    const data = [{ id: 1, name: "a" }, { id: 0, tags: ["x", 5] }, 7, { id: 2, name: null, more: true }];
    const output = await run("validate", { data }, { schema });
    expect(output).toEqual({
      result: [data[0], data[3]],
      valid: [data[0], data[3]],
      invalid: [
        {
          row: data[1],
          index: 1,
          problems: [
            { path: "id", message: "`id` must be at least 1, found 0" },
            { path: "tags[1]", message: "`tags[1]` must be text, found 5" },
            { path: "name", message: "`name` is missing" },
          ],
        },
        { row: 7, index: 2, problems: [{ path: "", message: "the row must be an object, found 7" }] },
      ],
      validCount: 2,
      invalidCount: 2,
    });
    expect(output.valid[0]).toBe(data[0]);
    expect(routesOf(output)).toEqual(["valid", "invalid"]);
  });

  it("goes only where there are rows; none at all are valid", async () => {
    const routes = async (data: unknown[]) => routesOf(await run("validate", { data }, { schema: { type: "number" } }));
    expect(await routes([1])).toEqual(["valid"]);
    expect(await routes(["x"])).toEqual(["invalid"]);
    expect(await routes([])).toEqual(["valid"]);
  });

  it("fails with what is wrong where it is asked to", async () => {
    const data = Array.from({ length: 8 }, (_, n) => (n === 0 ? 0 : "x"));
    const parameters = { schema: { type: "number" }, onInvalid: "fail" };
    expect(await failure("validate", { data }, parameters)).toMatchObject({
      code: "TYPE_MISMATCH",
      message:
        '[validate] 7 of 8 rows do not fit the schema: row 1: the row must be a number, found "x"; row 2: the row must be a number, found "x"; ' +
        'row 3: the row must be a number, found "x"; row 4: the row must be a number, found "x"; row 5: the row must be a number, found "x"; and 2 more',
    });
    expect((await run("validate", { data: [1] }, parameters)).validCount).toBe(1);
  });

  it("checks every keyword that it takes", async () => {
    const rejected: [object, unknown][] = [
      [{ type: "object", required: ["undescribed"] }, {}],
      [{ type: "object", required: ["a"], properties: { a: { type: "number", default: 1 } } }, {}],
      [{ type: "object", properties: { a: { type: "string" } }, additionalProperties: false }, { b: 1 }],
      [{ type: "object", additionalProperties: { type: "object", required: ["x"] } }, { b: {} }],
      [{ type: "object", patternProperties: { "^a": { type: "number" } } }, { ab: "x" }],
      [
        { type: "object", patternProperties: { "^a": {} }, additionalProperties: false },
        { ab: 1, b: 1 },
      ],
      [
        { type: "object", patternProperties: { "^a": {} }, additionalProperties: { type: "string" } },
        { ab: 1, b: 1 },
      ],
      [{ type: "array", items: { type: "string", pattern: "a/b" } }, ["ab"]],
      [
        {
          anyOf: [
            { type: "string", pattern: "x" },
            { type: ["string", "null"], pattern: "^y" },
          ],
        },
        "ay",
      ],
      [
        {
          allOf: [
            { type: "string", pattern: "x" },
            { type: "string", pattern: "y" },
          ],
        },
        "x",
      ],
      [
        {
          oneOf: [
            { type: "string", pattern: "x" },
            { type: "string", pattern: "y" },
          ],
        },
        "xy",
      ],
      [{ type: "array", items: { type: "object", required: ["x"] } }, [{}]],
      [{ type: "array", minItems: 1 }, []],
      [{ type: "array", maxItems: 1 }, [1, 2]],
      [{ type: "array", uniqueItems: true }, [1, 1]],
      [{ type: "string", minLength: 1 }, ""],
      [{ type: "string", maxLength: 1 }, "ab"],
      [{ type: "string", pattern: "^a+$" }, "b"],
      [{ type: "number", maximum: 1 }, 2],
      [{ type: "number", exclusiveMinimum: 1 }, 1],
      [{ type: "number", exclusiveMaximum: 1 }, 1],
      [{ type: "number", multipleOf: 0.1 }, 0.35],
      [{ type: ["string", "null"], minLength: 2 }, "a"],
      [{ enum: ["a", 1, null] }, "b"],
      [{ const: 5 }, "5"],
      [
        {
          anyOf: [
            { type: "object", required: ["a"] },
            { type: "object", required: ["b"] },
          ],
        },
        { c: 1 },
      ],
      [{ oneOf: [{ type: "number" }, { type: "integer" }] }, 1],
      [
        {
          allOf: [
            { type: "object", required: ["a"] },
            { type: "object", required: ["b"] },
          ],
        },
        { a: 1 },
      ],
      ...["date", "date-time", "time", "duration", "email", "uri", "uuid", "ipv4", "ipv6", "hostname"].map(
        (format): [object, unknown] => [{ type: "string", format }, "%%%"],
      ),
    ];
    for (const [schema, row] of rejected) expect(await fits(schema, row), JSON.stringify(schema)).toBe(false);
    expect(await fits({ type: "object", required: ["a"] }, { a: null })).toBe(true);
    expect(await fits({}, { anything: 1 })).toBe(true);
    const others = { type: "object", properties: { b: {} }, patternProperties: { "^a": { type: "number" } } };
    expect(await fits({ ...others, additionalProperties: false }, { ab: 1, b: "x" })).toBe(true);
    expect(await fits({ ...others, additionalProperties: { type: "string" } }, { ab: 1, b: 1, c: "x" })).toBe(true);
    expect(await fits({ ...others, required: ["b"] }, { c: 1, b: 1 })).toBe(true);
    expect(await fits({ type: "array", items: { type: "string", pattern: "a/b\\d" } }, ["xa/b1"])).toBe(true);
    expect(await fits({ type: "string", format: "date", title: "When", "x-note": 1 }, "2024-02-29")).toBe(true);
  });

  it("takes patterns that try without end on hostile text", async () => {
    const hostile = `${"a".repeat(5000)}!`;
    const pattern = "^(a+)+$";
    const problems = async (schema: object, row: unknown) =>
      (await run("validate", { data: [row] }, { schema })).invalid[0]?.problems;
    expect(await problems({ type: "string", pattern }, hostile)).toHaveLength(1);
    const { message } = (await problems({ type: "string", pattern }, "b"))[0];
    expect(message).toContain(`must match pattern /${pattern}/`);
    const keyed = { type: "object", patternProperties: { [pattern]: {} }, additionalProperties: false };
    expect(await problems(keyed, { [hostile]: 1, aa: 1 })).toHaveLength(1);
    expect(await problems(keyed, { b: 1 })).toEqual([{ path: "b", message: "`b` must be left out, found 1" }]);
    const long = await failure("validate", { data: ["a".repeat(200_000)] }, { schema: { type: "string", pattern } });
    expect(long).toMatchObject({ code: "EXECUTION_FAILED", message: expect.stringContaining("200000") });
  });

  it("refuses schemas of which a part would not be checked", async () => {
    const refusal = async (schema: unknown) => (await failure("validate", [], { schema })).message;
    expect(await refusal({ type: "object", requird: ["a"] })).toBe(
      "[validate] The keyword `requird` is not checked. Did you mean `required`? (at `schema.requird`)",
    );
    expect(await refusal({ properties: { a: {} } })).toBe(
      "[validate] `properties` is only checked beside `type: object`; write it there (at `schema.properties`)",
    );
    expect(await refusal({ type: "object", properties: { a: { minimum: 1 } } })).toContain(
      "schema.properties.a.minimum",
    );
    for (const schema of [
      { type: "text" },
      { type: 5 },
      { type: ["string", "text"] },
      { type: "object", properties: [] },
      { type: "object", properties: { a: true } },
      { type: "object", required: "a" },
      { type: "object", required: ["__proto__"] },
      JSON.parse('{"type":"object","properties":{"__proto__":{}}}'),
      { type: "string", format: "postcode" },
      { type: "string", pattern: "(" },
      { type: "string", pattern: "(a)\\1" },
      { type: "string", pattern: "(?=a)" },
      { type: "object", patternProperties: { "a(?!b)": {} } },
      { type: "object", patternProperties: { "(": {} } },
      { type: "string", minLength: "1" },
      { enum: [] },
      { enum: [{ a: 1 }] },
      { const: [1] },
      { type: "number", enum: ["a"] },
      { type: "string", enum: ["a"], minLength: 1 },
      { anyOf: [] },
      { $ref: "#" },
      { not: {} },
      { type: "array", items: false },
      { type: "array", uniqueItems: "yes" },
      { type: "object", additionalProperties: 1 },
    ])
      expect((await failure("validate", [], { schema })).code, JSON.stringify(schema)).toBe("INVALID_PARAMETERS");
    const endless: Record<string, unknown> = { type: "array" };
    endless["items"] = endless;
    expect(await refusal(endless)).toContain("More than 32 schemas lie inside each other");
    expect(await refusal(undefined)).toContain("`schema` is missing");
    expect((await failure("validate", { data: 5 }, { schema })).code).toBe("TYPE_MISMATCH");
  });

  it("warns where numbers are text, as in CSV files", async () => {
    const table = await onMachine("spreadsheet", {}, { data: "id,name\n1,a\n2,b\n" });
    expect(await warned(run, "validate", table, { schema })).toEqual([
      [
        "types-differ",
        "`id` is text that spells a number 2 times, as cells of CSV files are, and the schema wants a number; make numbers of them first, or describe it as text",
      ],
    ]);
  });

  it("tells no more than twenty problems of a row, and leaves rows as they are", async () => {
    const row = Object.freeze({ list: Array.from({ length: 30 }, () => 1) });
    const strings = { type: "object", properties: { list: { type: "array", items: { type: "string" } } } };
    const { invalid } = await run("validate", [row], { schema: strings });
    expect(invalid[0].problems).toHaveLength(21);
    expect(invalid[0].problems[20]).toEqual({ path: "", message: "and 10 more" });
    const hostile = JSON.parse('{"id":1,"name":"x","__proto__":{"polluted":true}}');
    const { valid } = await run("validate", [hostile], { schema });
    expect(JSON.stringify(valid)).toBe('[{"id":1,"name":"x","__proto__":{"polluted":true}}]');
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("is seen through by the next node, and stops when it is cancelled", async () => {
    const output = await run("validate", [3, "x", 1], { schema: { type: "number" } });
    expect((await run("transform", { default: output }, { operation: "reverse" })).result).toEqual([1, 3]);
    const controller = new AbortController();
    const data = Array.from({ length: 50_000 }, (_, n) => n);
    const running = run("validate", { data }, { schema: { type: "number" }, signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
  });

  it("tells what is wrong by the alternative that was probably meant", async () => {
    const schema = {
      anyOf: [
        { type: "object", required: ["version", "id"], properties: { version: { const: 1 }, id: { type: "integer" } } },
        {
          type: "object",
          required: ["version", "order"],
          properties: { version: { const: 2 }, order: { type: "object" } },
        },
        { type: "string" },
      ],
    };
    const message = async (row: unknown) =>
      (await failure("validate", { data: [row] }, { schema, onInvalid: "fail" })).message;
    const closest = "row 0: the row fits none of 3 alternatives; for the closest,";
    expect(await message({ version: 1, id: "x" })).toContain(`${closest} \`id\` must be a number, found "x"`);
    expect(await message({ version: 2 })).toContain(`${closest} \`order\` is missing; it must be an object`);
    expect(await message({ version: 3, id: 1 })).toContain(`${closest} \`version\` must be 1, found 3`);
    expect(await message(5)).toContain("row 0: the row must be an object or text, found 5");
  });

  it("warns where no row has anything that the schema describes", async () => {
    const schema = { type: "object", properties: { total: { type: "number" } } };
    const told = (data: unknown[], of: object = schema) => warned(run, "validate", { data }, { schema: of });
    expect(await told([{ result: { total: "x" } }, { result: { total: 1 } }])).toEqual([
      [
        "missing-field",
        "No row has a field that the schema describes, so that nothing of them was checked: it describes `total`, and they have `result`. They come from a loop: put a `transform` with `transformFunction: result` before this node",
      ],
    ]);
    expect(await told([{ totl: 1 }])).toEqual([["missing-field", expect.stringContaining("Did you mean `totl`?")]]);
    expect(await told([{ total: 1 }, { other: 1 }])).toEqual([]);
    expect(await told([{ other: 1 }], { type: "object", required: ["other"] })).toEqual([]);
    expect(await told([])).toEqual([]);
  });
});
