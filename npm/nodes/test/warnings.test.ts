import { describe, expect, it } from "vitest";
import { getNodeExecutable as executableOfPage } from "../src/browser.js";
import { getNodeExecutable } from "../src/index.js";
import { places } from "./run.js";

type Warning = [rule: string, message: string];

/** What a node warns of, called as a conductor does: with `warn` on the prototype. */
async function warned(
  type: string,
  input: unknown,
  parameters: Record<string, unknown>,
  find: typeof getNodeExecutable = getNodeExecutable,
): Promise<{ warnings: Warning[]; output: { result: unknown } }> {
  const warnings: Warning[] = [];
  const params = Object.assign(Object.create({ warn: (...said: Warning) => void warnings.push(said) }), {
    nodeId: "n",
    executionId: "e",
    variables: { title: "T" },
    input,
    ...parameters,
  });
  const output = (await find(type)?.execute(params)) as { result: unknown };
  return { warnings, output };
}

const orders = [
  { price: 5, name: "a" },
  { price: 250, name: "b" },
  { price: null, name: "" },
];
const where = (field: string, operator: string, value?: unknown) => ({
  operation: "filter",
  where: [{ field, operator, ...(value !== undefined && { value }) }],
});

describe("a transform", () => {
  const said = async (data: unknown, parameters: Record<string, unknown>) =>
    (await warned("transform", { data }, parameters)).warnings;

  it("says that a number and the text that spells it are different to `unique`", async () => {
    expect(await said([{ id: 7 }, { id: "8" }, { id: "7" }], { operation: "unique", uniqueKey: "id" })).toEqual([
      [
        "types-differ",
        '`id` is 7 and "7", which count as different; make both the same first, such as by `String(row.id)` in a `transform`',
      ],
    ]);
    const deep = [{ a: { id: 7 } }, { a: { id: "7" } }];
    expect((await said(deep, { operation: "unique", uniqueKey: "a.id" }))[0]?.[1]).toContain("`String(row.a.id)`");
    const flat = [{ "a.id": 7 }, { "a.id": "7" }];
    expect((await said(flat, { operation: "unique", uniqueKey: "a.id" }))[0]?.[1]).toContain('`String(row["a.id"])`');
    expect(await said(["1", 1], { operation: "unique" })).toEqual([
      ["types-differ", expect.stringMatching(/^An item is 1 and "1", .*`String\(item\)`/)],
    ]);
    expect(await said([1, 2, "3", "1.0", null, "", true], { operation: "unique" })).toEqual([]);
  });

  it("says that a filter with conditions runs no code", async () => {
    const parameters = { ...where("price", "gt", 100), transformFunction: "row => row.name !== 'b'" };
    expect(await said(orders, parameters)).toEqual([
      ["ignored-parameter", "`transformFunction` is ignored: a `filter` with `where` goes by that alone"],
    ]);
    // As editors write it.
    expect(await said(orders, { ...parameters, transformFunction: "item => item" })).toEqual([]);
  });
});

describe("a filter that compares a number with text", () => {
  const said = async (data: unknown, parameters: Record<string, unknown>) =>
    (await warned("transform", { data }, parameters)).warnings;

  it("says so, with the field, both sides and what to do", async () => {
    expect(await said(orders, where("price", "gt", "a hundred"))).toEqual([
      [
        "types-differ",
        '`price gt "a hundred"` compares text with a number: `price` is a number in every item, such as 5. ' +
          "Write a number as it is, without words or units",
      ],
    ]);
    expect(await said(orders, where("name", "lt", 10))).toEqual([
      [
        "types-differ",
        '`name lt 10` compares a number with text: `name` is text in every item, such as "a". ' +
          "Make it a number first, or compare it with text",
      ],
    ]);
    expect((await said(orders, where("price", "eq", "5 €")))[0]?.[0]).toBe("types-differ");
    expect((await said(orders, where("name", "in", [1, 2])))[0]?.[0]).toBe("types-differ");
  });

  it("says so of an order of words that all numbers are before", async () => {
    const { warnings, output } = await warned("transform", { data: orders }, where("price", "lt", "a hundred"));
    expect(output.result).toHaveLength(2);
    expect(warnings[0]?.[0]).toBe("types-differ");
  });

  it("says it of a native table as well", async () => {
    const table = await getNodeExecutable("spreadsheet")?.execute({ data: "price,name\n5,a\n250,b\n,\n" });
    for (const parameters of [
      where("price", "gt", "a hundred"),
      where("price", "lt", "a hundred"),
      where("name", "gt", 1),
    ]) {
      const { warnings } = await warned("transform", { data: table }, parameters);
      expect(warnings.map(([rule]) => rule)).toEqual(["types-differ"]);
    }
    expect((await warned("transform", { data: table }, where("price", "gt", 300))).warnings).toEqual([]);
  });

  it("says nothing where the comparison makes sense", async () => {
    const quiet: [string, string, unknown?][] = [
      ["price", "gt", 1000],
      ["price", "gt", "1000"],
      ["name", "eq", "zzz"],
      ["name", "eq", "5"],
      ["name", "gt", "zzz"],
      ["name", "contains", 5],
      ["price", "isEmpty"],
      ["price", "ne", "x"],
      ["price", "in", []],
      ["price", "in", [1, "x"]],
    ];
    for (const [field, operator, value] of quiet) {
      expect(await said(orders, where(field, operator, value)), `${field} ${operator} ${value}`).toEqual([]);
    }
    expect(await said([{ v: 1 }, { v: "n/a" }], where("v", "gt", "m"))).toEqual([]);
    expect(await said([], where("price", "gt", "a hundred"))).toEqual([]);
  });

  it("says that no item has the field, with those that are like it", async () => {
    expect(await said(orders, where("pirce", "gt", 1))).toEqual([
      ["missing-field", "No item has a field `pirce`, so that `pirce gt` never holds. Did you mean `price`?"],
    ]);
    expect(await said(orders, where("discount", "isNotEmpty"))).toEqual([]);
  });

  it("says so of a field that is probably misspelt whatever is left, and nothing of one that may be missing", async () => {
    const messages = async (parameters: Record<string, unknown>, data: unknown = orders) =>
      (await said(data, parameters)).map(([, message]) => message);
    const told = (operator: string, holds: string) =>
      `No item has a field \`pirce\`, so that \`pirce ${operator}\` ${holds} holds. Did you mean \`price\`?`;
    expect(await messages(where("pirce", "ne", 5))).toEqual([told("ne", "always")]);
    expect(await messages(where("pirce", "isEmpty"))).toEqual([told("isEmpty", "always")]);
    expect(await messages(where("pirce", "isNotEmpty"))).toEqual([told("isNotEmpty", "never")]);
    const beside = [
      { field: "name", operator: "eq", value: "a" },
      { field: "pirce", operator: "gt", value: 5 },
    ];
    expect(await messages({ operation: "filter", match: "any", where: beside })).toEqual([told("gt", "never")]);
    const open = [{ startedAt: "2026-01-01" }];
    for (const operator of ["ne", "isEmpty", "isNotEmpty"]) {
      expect(await messages(where("stoppedAt", operator, "x"), open)).toEqual([]);
      expect(await messages(where("discount", operator, 1))).toEqual([]);
      expect(await messages(where("pirce", operator, 1), [...orders, { pirce: 1 }])).toEqual([]);
    }
    const one = { where: [{ field: "pirce", operator: "isEmpty" }] };
    expect((await warned("condition", { data: orders[1] }, one)).warnings).toEqual([]);
    const differs = { where: [{ field: "pirce", operator: "ne", value: 5 }] };
    expect((await warned("condition", { data: orders[1] }, differs)).warnings).toEqual([
      ["missing-field", expect.stringContaining("`pirce ne` always holds. Did you mean `price`?")],
    ]);
  });

  it("looks at no more than it needs of a large list", async () => {
    const many = Array.from({ length: 200_000 }, (_, price) => ({ price: `#${price}` }));
    expect((await said(many, where("price", "gt", 1)))[0]?.[1].length).toBeLessThan(300);
  });
});

describe("text among numbers", () => {
  const csv = 'price,kind\n9,a\n"n/a",b\n120,a\n 7 ,a\n,a\n1e3,b\n';
  const rows = [
    { price: "9", kind: "a" },
    { price: "n/a", kind: "b" },
    { price: 120, kind: "a" },
    { price: " 7 ", kind: "a" },
    { price: "", kind: "a" },
    { price: "1e3", kind: "b" },
  ];
  const table = () => getNodeExecutable("spreadsheet")?.execute({ data: csv });
  const prices = (output: { result: unknown }) => (output.result as { price: unknown }[]).map(({ price }) => price);

  it.each([
    ["a list", () => rows],
    ["a table", table],
  ])("is warned of where an order of numbers leaves it out: %s", async (_name, data) => {
    const said = async (parameters: Record<string, unknown>) => {
      const { warnings, output } = await warned("transform", { data: await data() }, parameters);
      return { warnings: warnings.map(([, message]) => message), kept: prices(output).map(Number) };
    };
    const clean = "Clean the field first, or keep such items out with a condition of their own";
    expect(await said(where("price", "gt", 8))).toEqual({
      kept: [9, 120, 1000],
      warnings: [`\`price gt 8\` left out 1 item whose \`price\` is text that is no number, such as "n/a". ${clean}`],
    });
    expect(await said(where("price", "lt", "100"))).toEqual({
      kept: [9, 7],
      warnings: [
        `\`price lt "100"\` compared 1 item as text, because \`price\` is no number there, such as "n/a". ${clean}`,
      ],
    });
    const others = (operator: string, match: string) => ({
      operation: "filter",
      match,
      where: [
        { field: "price", operator: "gt", value: 8 },
        { field: "kind", operator, value: "b" },
      ],
    });
    expect((await said(others("ne", "all"))).warnings).toEqual([]);
    expect((await said(others("eq", "all"))).warnings).toHaveLength(1);
    expect((await said(others("eq", "any"))).warnings).toEqual([]);
    expect((await said(others("ne", "any"))).warnings).toHaveLength(1);
  });

  it.each([
    ["a list", () => rows],
    ["a table", table],
  ])("is warned of where it makes a sort one of text: %s", async (_name, data) => {
    const sort = { operation: "sort", sortKey: "price" };
    const { warnings, output } = await warned("transform", { data: await data() }, sort);
    expect(prices(output).map(String)).toEqual(["", " 7 ", "120", "1e3", "9", "n/a"]);
    expect(warnings).toEqual([
      [
        "mixed-kinds",
        '`price` holds numbers and text ("9", "n/a"), so that all are compared as text, "10" before "9". ' +
          "Clean the field first, or take the node `sort`, which has numbers before text",
      ],
    ]);
    expect((await warned("transform", { data: await data() }, { ...sort, sortKey: "kind" })).warnings).toEqual([]);
  });

  it("is no matter where all are numbers, whichever way they are written", async () => {
    const numbers = rows.filter(({ price }) => price !== "n/a");
    const { warnings, output } = await warned("transform", { data: numbers }, { operation: "sort", sortKey: "price" });
    expect(prices(output)).toEqual(["", " 7 ", "9", 120, "1e3"]);
    expect(warnings).toEqual([]);
  });
});

describe("an operation by a field that no item has", () => {
  it("is warned of, with the fields that are like it", async () => {
    const said = async (parameters: Record<string, unknown>, data: unknown = orders) =>
      (await warned("transform", { data }, parameters)).warnings.map(([, message]) => message);
    expect(await said({ operation: "sort", sortKey: "prise" })).toEqual([
      "No item has a field `prise`, which is the `sortKey`. Did you mean `price`?",
    ]);
    expect(await said({ operation: "unique", uniqueKey: "nome" })).toEqual([
      "No item has a field `nome`, which is the `uniqueKey`. Did you mean `name`?",
    ]);
    expect(await said({ operation: "group", groupKey: "region" })).toEqual([
      "No item has a field `region`, which is the `groupKey`",
    ]);
    const aggregates = [{ operation: "sum", field: "pric" }, { operation: "count" }];
    expect(await said({ operation: "aggregate", groupBy: ["name", "regon"], aggregates })).toEqual([
      "No item has a field `regon`, which is the `groupBy`",
      "No item has a field `pric`, which is the `field`. Did you mean `price`?",
    ]);
    expect(await said({ operation: "sort", sortKey: "price" })).toEqual([]);
    expect(await said({ operation: "sort", sortKey: "prise" }, [])).toEqual([]);
    expect(await said({ operation: "sort" }, [2, 1])).toEqual([]);
  });
});

describe("a condition", () => {
  const said = async (where: object) => (await warned("condition", { data: orders[1] }, { where: [where] })).warnings;

  it("warns of an order of a number and words, not of one that is just false", async () => {
    expect((await said({ field: "price", operator: "gt", value: "a hundred" }))[0]?.[1]).toBe(
      '`price gt "a hundred"` compares text with a number: `price` is a number, such as 250. ' +
        "Write a number as it is, without words or units",
    );
    expect(await said({ field: "price", operator: "eq", value: "none" })).toEqual([]);
    expect(await said({ field: "discount", operator: "gt", value: 5 })).toEqual([]);
    expect((await said({ field: "prise", operator: "gt", value: 5 }))[0]?.[1]).toBe(
      "The object has no field `prise`, so that `prise gt` never holds. Did you mean `price`?",
    );
  });
});

describe("a template name that was empty", () => {
  const said = async (values: Record<string, unknown>, data: unknown = { name: "Ada", city: null, tags: [] }) =>
    (await warned("edit-fields", { data }, { values })).warnings.map(([rule, message]) => {
      expect(rule).toBe("empty-template-name");
      return message;
    });

  it("is told with the names that are like it", async () => {
    expect(await said({ greeting: "Hello {{nmae}}, {{{nmae}}}" })).toEqual([
      "`{{nmae}}` in the template of `greeting` was empty: there is no such name. Did you mean `name`?",
    ]);
    expect(await said({ a: "{{variables.titel}}" })).toEqual([
      "`{{variables.titel}}` in the template of `a` was empty: there is no such name. Did you mean `variables.title`?",
    ]);
    expect(await said({ a: "{{qqqqqq}}" })).toEqual([
      "`{{qqqqqq}}` in the template of `a` was empty: there is no such name; there are `name`, `city`, `tags`, `data`, `$now`, `variables`",
    ]);
    expect(await said({ a: "{{city}}" })).toEqual(["`{{city}}` in the template of `a` was empty: its value is null"]);
  });

  it("is told once for all rows of a list", async () => {
    const rows = Array.from({ length: 50_000 }, () => ({ a: 1 }));
    expect(await said({ text: "{{#rows}}{{b}}{{/rows}}" }, { rows })).toHaveLength(1);
  });

  it("is none where a section asks whether there is something, or the value is there", async () => {
    expect(
      await said({ a: "{{#nothing}}x{{/nothing}}{{^nothing}}y{{/nothing}}{{name}}{{tags.length}}{{$now}}" }),
    ).toEqual([]);
    expect(await said({ a: "{{empty}}{{zero}}{{no}}" }, { empty: "", zero: 0, no: false })).toEqual([]);
  });

  it("changes nothing of what is rendered", async () => {
    const { output } = await warned(
      "edit-fields",
      { data: { name: "<A>" } },
      { values: { a: "{{name}}|{{x}}|{{{name}}}" } },
    );
    expect(output.result).toMatchObject({ a: "&lt;A&gt;||<A>" });
  });

  it("is told in a page too", async () => {
    expect(places.length).toBe(2);
    const { warnings } = await warned("edit-fields", { data: {} }, { values: { a: "{{x}}" } }, executableOfPage);
    expect(warnings[0]?.[0]).toBe("empty-template-name");
    const filter = await warned("transform", { data: orders }, where("price", "gt", "much"), executableOfPage);
    expect(filter.warnings[0]?.[0]).toBe("types-differ");
  });
});

describe("an operation that has nothing to go by", () => {
  const said = async (data: unknown, parameters: Record<string, unknown>) =>
    (await warned("transform", { data }, parameters)).warnings;

  it("says so, and of what", async () => {
    expect(await said([1, 2], { operation: "filter" })).toEqual([
      ["nothing-to-go-by", expect.stringContaining("neither `where` nor `transformFunction`")],
    ]);
    expect(await said(orders, { operation: "sort" })).toEqual([
      ["nothing-to-go-by", expect.stringContaining("`sort` has no `sortKey`")],
    ]);
  });

  it.each([
    [[1, 2], { operation: "filter", transformFunction: "x => x > 1" }],
    [[1, null, 2], { operation: "filter" }],
    [orders, where("price", "gt", 5)],
    [[2, 1], { operation: "sort" }],
    [orders, { operation: "sort", sortKey: "name" }],
    [[], { operation: "sort" }],
    [[1], {}],
  ])("says nothing of %j by %j", async (data, parameters) => {
    expect(await said(data, parameters)).toEqual([]);
  });
});

describe("a value that a template escapes for HTML", () => {
  const said = async (values: object, parameters: object = {}) =>
    (await warned("edit-fields", { data: { name: "Tom & Jerry" } }, { values, ...parameters })).warnings;

  it("is told of where neither `escape` nor the template says so", async () => {
    expect(await said({ text: "Hello {{name}}" })).toEqual([
      ["escaped-value", expect.stringContaining("in the template of `text` are escaped for HTML")],
    ]);
  });

  it.each([
    [{ text: "<p>{{name}}</p>" }, {}],
    [{ text: "{{name}}" }, { escape: true }],
    [{ text: "{{name}}" }, { escape: false }],
    [{ text: "{{{name}}}" }, {}],
    [{ text: "{{name | e}}" }, {}],
    [{ text: "{{name.length}} & more" }, {}],
  ])("is not told of by %j with %j", async (values, parameters) => {
    expect((await said(values, parameters)).map(([rule]) => rule)).not.toContain("escaped-value");
  });
});

describe("flatten", () => {
  it("says that there was nothing to flatten", async () => {
    const rules = async (data: unknown[]) =>
      (await warned("transform", { data }, { operation: "flatten" })).warnings.map(([rule]) => rule);
    expect(await rules([{ records: [1] }])).toEqual(["nothing-to-flatten"]);
    expect(await rules([[1], 2])).toEqual([]);
    expect(await rules([])).toEqual([]);
  });
});

describe("code that reads a field that no item has", () => {
  const fieldsOf = async (type: string, input: unknown, parameters: Record<string, unknown>) =>
    (await warned(type, input, parameters)).warnings.map(([rule, message]) => {
      expect(rule).toBe("missing-field");
      return message;
    });
  const map = (transformFunction: string, more = {}) =>
    fieldsOf("transform", { data: orders }, { transformFunction, ...more });

  it("is told with where it is one level below, as in what a loop gathered", async () => {
    const gathered = [{ result: { amount: 2 } }, { result: { amount: 10 } }];
    const told = async (type: string, parameters: Record<string, unknown>) =>
      (await fieldsOf(type, { data: gathered }, parameters)).map((message) => /Did you mean .*/.exec(message)?.[0]);
    const meant = ["Did you mean `result.amount`?"];
    expect(await told("transform", { transformFunction: "row => row.amount + 1" })).toEqual(meant);
    expect(await told("transform", { operation: "filter", transformFunction: "row => row.amount > 3" })).toEqual(meant);
    expect(await told("transform", where("amount", "gt", 3))).toEqual(meant);
    expect(await told("sort", { by: [{ field: "amount" }] })).toEqual(meant);
    expect(await told("transform", { transformFunction: "row => row.result.amount + 1" })).toEqual([]);
    expect(await told("transform", { transformFunction: "row => row.amount ?? row.result.amount" })).toEqual([]);
    const some = [...gathered, { amount: 3 }];
    expect(await fieldsOf("transform", { data: some }, { transformFunction: "row => row.amount" })).toEqual([]);
  });

  it("is told with the field that was meant", async () => {
    expect(await map("row => row.prize * 2")).toEqual([
      "`row.prize` in `transformFunction` is not there: there is no `prize`. Did you mean `price`?",
    ]);
    expect(await map("(row) => ({ a: row.prize, b: row.nmae, c: row.name })")).toHaveLength(2);
    expect(await map("function (row, i) { return row.Name }", { operation: "filter" })).toHaveLength(1);
    expect(await map("row => row.prize > 2 ? 1 : 0")).toHaveLength(1);
    expect(await map("row => Number(row.prize)")).toHaveLength(1);
    expect(await map("row => { if (row.price) return Math.round(row.prize); return 0 }")).toHaveLength(1);
    expect(await map("row => row.nmae && row.prize")).toHaveLength(1);
    expect(await map("(sum, row) => sum + row.prise", { operation: "reduce", reduceInitial: 0 })).toHaveLength(1);
    expect(await map("nmae")).toEqual([
      "No item has a field `nmae`, which is the `transformFunction`. Did you mean `name`?",
    ]);
    expect(await fieldsOf("condition", { data: { total: 5 } }, { expression: "item.totl > 3" })).toEqual([
      "`item.totl` in `expression` is not there: there is no `totl`. Did you mean `total`?",
    ]);
    expect(
      await fieldsOf("condition", { default: { a: { total: 5 } } }, { expression: "input.default.a.totl > 3" }),
    ).toHaveLength(1);
    expect(await fieldsOf("condition", { data: [{ price: 5 }] }, { expression: "item[0].prise > 3" })).toEqual([
      "`item[0].prise` in `expression` is not there: there is no `prise`. Did you mean `price`?",
    ]);
    expect(await fieldsOf("condition", { default: { total: 5 } }, { expression: "input.defualt > 3" })).toHaveLength(1);
  });

  it("is told of tables, whose rows are not made for it", async () => {
    const read = await warned("spreadsheet", undefined, { data: "price,name\n1,a\n" });
    const { warnings } = await warned("transform", { data: read.output }, { transformFunction: "row => row.prize" });
    expect(warnings.map(([, message]) => message)).toEqual([
      "`row.prize` in `transformFunction` is not there: there is no `prize`. Did you mean `price`?",
    ]);
  });

  it.each([
    ["what some item has", "row => row.other", [{ othr: 1 }, { other: 2 }]],
    ["what nothing is called like", "row => row.discount ? 1 : 0", orders],
    ["what may be missing", "row => row?.prize", orders],
    ["what has an answer ready", "row => row.prize ?? 0", orders],
    ["what has a default", "row => row.prize || 0", orders],
    ["what gets a default", "row => { row.prize ||= 0; row.prise ??= 1; return row.prize + row.prise }", orders],
    ["what chooses a branch", "row => row.prize ? row.prize * 2 : row.prise && 1", orders],
    [
      "what is asked for first",
      "row => { if (!row.id || (row.prize)) { return row.prize.toFixed(2) } return 0 }",
      orders,
    ],
    [
      "what is compared with nothing",
      "row => row.prize !== undefined && null == row.prise && row.prize > row.prise",
      orders,
    ],
    ["what typeof is asked of", "row => typeof row.prize === 'number' ? row.prize : 0", orders],
    ["what is taken away", "row => { delete row.prize; return row }", orders],
    ["what is looked for with in", "row => 'prize' in row ? row.prize : 0", orders],
    ["what is looked for with hasOwn", "row => Object.hasOwn(row, 'prize') ? row.prize : row.prise ?? 1", orders],
    ["what is called where it is there", "row => row.prize?.toFixed(2)", orders],
    ["what it makes", "row => { row.prise = 2; return row }", orders],
    ["methods", "row => row.name.trimm()", orders],
    ["text and comments", "row => 'row.prize' + \"row.prize\" + `row.prize` /* row.prize */ // row.prize", orders],
    ["members of others", "row => row.name.row?.prize + other.row.prize", orders],
    ["destructured parameters", "({ prize }) => prize", orders],
    ["no items", "row => row.prize", []],
    ["items that are no objects", "row => row.length", [[1], "text", 5, null]],
    ["inherited members", "row => row.constructor.name + row.toString", orders],
  ])("leaves alone %s", async (_, transformFunction, data) => {
    const { warnings } = await warned("transform", { data }, { transformFunction }).catch(() => ({ warnings: [] }));
    expect(warnings).toEqual([]);
  });

  it("asks no getters", async () => {
    const item = Object.defineProperty({ total: 1 }, "rows", {
      enumerable: false,
      get: () => {
        throw new Error("asked");
      },
    });
    const { doubtsOfCode } = await import("../src/data/doubtful-code.js");
    expect(doubtsOfCode("item.rows.length", "item", [item], "code")).toEqual([]);
  });
});

describe("NaN", () => {
  const amounts = [
    { country: "NO", amount: 120 },
    { country: "NO", amount: "1 200" },
    { country: "SE", amount: "9 EUR" },
  ];
  const said = async (type: string, data: unknown, parameters: Record<string, unknown>) =>
    (await warned(type, { data }, parameters)).warnings;

  it("is told where a function makes it of items that have none, with the first of them", async () => {
    const clean = "Something there is no number: clean it first, or give such items a value of their own";
    const double = { transformFunction: "row => ({ ...row, eur: row.amount * 2 })" };
    const first = '{ country: "NO", amount: "1 200" }';
    const message = `2 results have NaN in \`eur\`, first of item 1: ${first}. ${clean}`;
    expect(await said("transform", amounts, double)).toEqual([["not-a-number", message]]);
    const table = await getNodeExecutable("spreadsheet")?.execute({
      data: "country,amount\nNO,120\nNO,1 200\nSE,9 EUR\n",
    });
    expect(await said("transform", table, double)).toEqual([["not-a-number", message]]);
    expect(await said("transform", ["7", "x"], { transformFunction: "text => Number(text)" })).toEqual([
      ["not-a-number", `1 result is NaN, of item 1: "x". ${clean}`],
    ]);
  });

  it("is not told where the items have it already, or the results are numbers", async () => {
    const known = [{ a: Number.NaN }, { a: 1 }];
    expect(await said("transform", known, { transformFunction: "row => ({ ...row, b: 1 })" })).toEqual([]);
    expect(await said("transform", [Number.NaN], { transformFunction: "n => n * 2" })).toEqual([]);
    expect(await said("transform", amounts, { transformFunction: "row => ({ b: null, c: 1 / 0 })" })).toEqual([]);
  });

  const results = [
    { k: "a", eur: 132 },
    { k: "a", eur: Number.NaN },
    { k: "b", eur: 72 },
  ];

  it("is told where an order of numbers leaves it out", async () => {
    const order = { operation: "filter", where: [{ field: "eur", operator: "gt", value: 20 }] };
    expect(await said("transform", results, order)).toEqual([
      [
        "types-differ",
        "`eur gt 20` left out 1 item whose `eur` is no number, such as NaN. Clean the field first, or keep such items out with a condition of their own",
      ],
    ]);
    const beside = { field: "k", operator: "eq", value: "b" };
    expect(await said("transform", results, { ...order, where: [...order.where, beside] })).toEqual([]);
  });

  it("is told where a least or greatest value passes it over or makes text of the numbers", async () => {
    const passed = "`eur` is NaN in 1 row, which counts as empty. Look at how it is made, or filter such rows out";
    const pivot = { column: "k", value: "eur", aggregate: "max" };
    expect(await said("pivot", results, pivot)).toEqual([["not-a-number", passed]]);
    const functions = [{ function: "runningMax", field: "eur", as: "most" }];
    expect(await said("window", results, { functions })).toEqual([["not-a-number", passed]]);
    const aggregates = [{ operation: "max", field: "eur" }];
    expect(await said("transform", results, { operation: "aggregate", groupBy: "k", aggregates })).toEqual([
      [
        "not-a-number",
        '`max` of `eur` met 132 and NaN, so that all are compared as text, "10" before "9". Clean the field first, or filter such items out',
      ],
    ]);
  });
});

describe("the least or greatest of numbers and text", () => {
  const csv = "c,a\nA,99\nA,1000\nA,n/a\nB,9\nB,\n";
  const rows = [
    { c: "A", a: 99 },
    { c: "A", a: 1000 },
    { c: "A", a: "n/a" },
    { c: "B", a: 9 },
    { c: "B", a: "" },
  ];
  const aggregates = [
    { operation: "max", field: "a" },
    { operation: "count", field: "a" },
  ];

  it.each([
    ["a list", () => rows, "1000"],
    ["a table", () => getNodeExecutable("spreadsheet")?.execute({ data: csv }), '"1000"'],
  ])("is warned of within a group: %s", async (_name, data, number) => {
    const aggregate = { operation: "aggregate", groupBy: "c", aggregates };
    const { warnings, output } = await warned("transform", { data: await data() }, aggregate);
    expect(output.result).toMatchObject([{ max_a: "n/a" }, { max_a: 9 }]);
    expect(warnings).toEqual([
      [
        "mixed-kinds",
        `\`max\` of \`a\` met ${number} and "n/a", so that all are compared as text, "10" before "9". Clean the field first, or filter such items out`,
      ],
    ]);
  });

  it("is not where each group has values of one kind", async () => {
    const values = rows.map((row) => ({ ...row, c: typeof row.a }));
    const aggregate = { operation: "aggregate", groupBy: "c", aggregates };
    expect((await warned("transform", { data: values }, aggregate)).warnings).toEqual([]);
  });

  it("names no parameter in a pivot that it has not", async () => {
    const { warnings } = await warned("pivot", { data: rows }, { column: "c", value: "a", aggregate: "max" });
    expect(warnings).toEqual([
      [
        "mixed-kinds",
        '`a` holds numbers and text (99 in row 0, "n/a" in row 2): numbers come before text. Clean the field first, or filter such rows out',
      ],
    ]);
  });
});

describe("a function that answers nothing", () => {
  const rows = [{ n: 1 }, { n: 2 }, { n: 3 }];
  const table = () => getNodeExecutable("spreadsheet")?.execute({ data: "n\n1\n2\n3\n" });
  const said = async (data: unknown, parameters: Record<string, unknown>) =>
    (await warned("transform", { data }, parameters)).warnings;
  const message =
    "`transformFunction` gave nothing for any item: what stands in `{ }` needs `return` before the value. " +
    "Write `x => value` without them, and `x => ({ … })` for an object";

  it.each([
    ["filter", "x => { x.n > 2 }"],
    ["filter", "function (x) {\n  return\n    x.n > 2\n}"],
    ["map", "x => { n: x.n }"],
    ["map", "({ n }) => { n * 2 }"],
    ["reduce", "(acc, x) => { acc * x.n }"],
  ])("is told of: %s %s", async (operation, transformFunction) => {
    const parameters = { operation, transformFunction, reduceInitial: 0 };
    for (const data of [rows, await table()]) expect(await said(data, parameters)).toEqual([["empty-result", message]]);
  });

  it.each([
    ["filter", "x => x.isUrgent"],
    ["map", "x => x.note"],
    ["map", "x => { if (x.n > 5) return x }"],
    ["filter", "x => { return false }"],
    ["filter", "x => { return x.n > 5 }"],
  ])("is not told of where it may be so with other items: %s %s", async (operation, transformFunction) => {
    for (const data of [rows, await table(), []])
      expect(await said(data, { operation, transformFunction })).toEqual([]);
  });

  it("is not warned of where code names NaN itself", async () => {
    expect(await said(rows, { transformFunction: "x => ({ v: x.n > 1 ? x.n : NaN })" })).toEqual([]);
  });

  it("of which the first item was the accumulator, an object, is told to have one", async () => {
    const sum = { operation: "reduce", transformFunction: "(acc, x) => acc + x.n" };
    expect(await said(rows, sum)).toEqual([
      [
        "no-initial",
        'Without `reduceInitial` the first item was the first accumulator, an object, and `+` made text of it: "[object Object]23". Give `reduceInitial`, such as 0',
      ],
    ]);
    expect(await said(rows, { ...sum, reduceInitial: 0 })).toEqual([]);
    expect(await said([1, 2], { ...sum, transformFunction: "(acc, x) => acc + x" })).toEqual([]);
  });
});

describe("a promise", () => {
  const failure = async (parameters: Record<string, unknown>) => {
    const run = warned("transform", { data: [{ n: 1 }, { n: 3 }] }, parameters);
    const { code, message } = await run.then(
      () => expect.fail("It did not fail"),
      (error: { code: string; message: string }) => error,
    );
    return [code, message];
  };
  const words =
    "returned a Promise, which cannot leave the sandbox; take `async` and `await` away: nothing is awaited in user code";

  it("is refused by a filter, which it would pass, as by all others", async () => {
    const of = (operation: string, transformFunction: string) => failure({ operation, transformFunction });
    const message = `[transform] transformFunction failed at item 0: ${words}`;
    expect(await of("filter", "async x => x.n > 2")).toEqual(["TYPE_MISMATCH", message]);
    expect(await of("filter", "x => Promise.resolve(x.n > 2)")).toEqual(["TYPE_MISMATCH", message]);
    expect(await of("map", "async x => x.n > 2")).toEqual(["TYPE_MISMATCH", message]);
  });

  it("is what code of a node has that imports or awaits, which is told to take that away", async () => {
    const of = async (code: string) =>
      (await warned("code", { data: 1 }, { code }).catch((error: Error) => error.message)) as string;
    expect(await of("async ({ data }) => 5")).toBe(`[code] code failed: ${words}`);
    expect(await of("const a = await data; return a")).toMatch(/SyntaxError: .*; take `async` and `await` away/);
    const modules = /; user code cannot `import`: it has the language alone, without modules\. /;
    expect(await of("import fs from 'fs'; return 1")).toMatch(modules);
    expect(await of("import 'fs'; return 1")).toMatch(modules);
    expect(await of("return import('fs')")).toMatch(modules);
    expect(await of("return 'import x' + ;")).toMatch(/SyntaxError: [^;]*(?:';')?[^;]*$/);
  });

  it("is refused whatever the code did to the prototypes", async () => {
    const spoil = "Object.prototype.isPrototypeOf = () => false; Function.prototype.call = () => false;";
    const transformFunction = `x => { ${spoil} Promise = class {}; return (async () => false)() }`;
    expect((await failure({ operation: "filter", transformFunction }))[0]).toBe("TYPE_MISMATCH");
  });
});

describe("code that adds numbers written as text", () => {
  const rows = [
    { c: "A", net: "100", tax: "20", zip: "01067", n: 1 },
    { c: "B", net: "50", tax: "10", zip: "20095", n: 2 },
  ];
  const table = () =>
    getNodeExecutable("spreadsheet")?.execute({ data: "c,net,tax,zip,n\nA,100,20,01067,1\nB,50,10,20095,2\n" });
  const said = async (type: string, data: unknown, parameters: Record<string, unknown>) =>
    (await warned(type, { data }, parameters)).warnings;
  const words = (fields: string, first: string) =>
    `${fields} text in every item, such as "${first.endsWith("tax") ? 20 : 100}": \`+\` joins texts. Read the file with \`types: auto\`, or write \`Number(${first})\``;
  const two = words("`r.net` and `r.tax` are", "r.net");
  const one = words("`r.net` is", "r.net");

  it.each([
    ["map", "r => ({ ...r, gross: r.net + r.tax })", two],
    ["map", "function (r) { return r.net + r.tax }", two],
    ["map", "r => r.net + 1", one],
    ["filter", "r => r.net + r.tax > 100", two],
    ["reduce", "(s, r) => s + r.net", one],
    ["reduce", "(s, r) => { s += r.net; return s }", one],
  ])("is told so in a transform: %s %s", async (operation, transformFunction, message) => {
    for (const data of [rows, await table()]) {
      const parameters = { operation, transformFunction, reduceInitial: 0 };
      expect(await said("transform", data, parameters)).toEqual([["text-added", message]]);
    }
  });

  it.each([
    ["return data.reduce((s, r) => s + r.net, 0)", one],
    ["return data.map(r => r.net + r.tax)", two],
    ["let s = 0; for (const r of data) s += r.net; return s", one],
  ])("is told so in a node of code: %s", async (code, message) => {
    for (const data of [rows, await table()]) {
      expect(await said("code", data, { code })).toEqual([["text-added", message]]);
    }
  });

  it.each([
    ["r => r.c + ' ' + r.net"],
    ["r => r.net + '-' + r.tax"],
    ["r => `${r.net + r.tax}`"],
    ["r => r.net + r.c"],
    ["r => r.zip + r.net"],
    ["r => Number(r.net) + Number(r.tax)"],
    ["r => r.net * 1 + r.tax * 1"],
    ["r => +r.net + +r.tax"],
    ["r => r.net - r.tax"],
    ["r => r.net + r.tax.length"],
    ["r => r.net.padStart(5) + r.tax.padStart(5)"],
    ["r => [r.net].length + other(r.tax)\nfunction other() { return 1 }"],
  ])("is left alone where it is meant: %s", async (transformFunction) => {
    const { warnings } = await warned("transform", { data: rows }, { transformFunction }).catch(() => ({
      warnings: [],
    }));
    expect(warnings).toEqual([]);
  });

  it("is left alone where the fields are numbers, or it joins texts on purpose", async () => {
    const numbers = rows.map(({ n }) => ({ net: n, tax: n }));
    expect(await said("transform", numbers, { transformFunction: "r => r.net + r.tax" })).toEqual([]);
    const some = [...rows, { net: 5, tax: 5 }];
    expect(await said("transform", some, { transformFunction: "r => r.net + r.tax" })).toEqual([]);
    const joined = { operation: "reduce", reduceInitial: '""', transformFunction: "(s, r) => s + r.net" };
    expect(await said("transform", rows, joined)).toEqual([]);
    for (const code of [
      "return data.reduce((s, r) => s + r.net, '')",
      "let s = ''; for (const r of data) s += r.net; return s",
      "return data.reduce((s, r) => s + Number(r.net), 0)",
      "return data.map((r) => r.n + 1)",
    ]) {
      expect(await said("code", rows, { code }), code).toEqual([]);
    }
  });
});

describe("groups by numbers and by the text that spells them", () => {
  it("are told, as each is a group of its own", async () => {
    const parameters = { operation: "aggregate", groupBy: "id", aggregates: [{ operation: "count" }] };
    const told = async (...ids: unknown[]) => {
      const data = ids.map((id) => ({ id }));
      return (await warned("transform", data, parameters)).warnings;
    };
    expect(await told(7, "7", 8)).toEqual([
      ["types-differ", expect.stringMatching(/^`id` is 7 and "7", which are groups of their own/)],
    ]);
    expect(await told(7, 8, null, "")).toEqual([]);
  });
});
