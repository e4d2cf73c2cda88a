import { describe, expect, it } from "vitest";

import { carriedBy } from "../../conductor/src/engine/executables.js";
import { type NodeType, nodeTypes, routesOf } from "../src/index.js";
import { run as onMachine, places } from "./run.js";
import { outcome } from "./warned.js";

const sizes = [
  { handle: "large", gte: 100 },
  { handle: "medium", gte: 10, lt: 100 },
  { handle: "odd", in: [1, 3, 5] },
];

describe.each(places)("switch in $name", ({ name, run, failure }) => {
  const routes = async (input: unknown, parameters: Record<string, unknown>) =>
    routesOf(await run("switch", input, parameters));

  it("goes the way of the first case that fits, else by default", async () => {
    const parameters = { field: "total", cases: sizes };
    const data = { total: "250" };
    const output = await run("switch", { default: { result: data } }, parameters);
    expect(output).toEqual({ handles: ["large"], value: data });
    expect(output.value).toBe(data);
    expect(routesOf(output)).toEqual(["large"]);
    expect(await routes({ data: { total: 99.5 } }, parameters)).toEqual(["medium"]);
    expect(await routes({ data: { total: "3" } }, parameters)).toEqual(["odd"]);
    expect(await routes({ data: { total: 4 } }, parameters)).toEqual(["default"]);
    expect(await routes({ data: {} }, parameters)).toEqual(["default"]);
  });

  it("compares a value of the flow, or the data itself", async () => {
    const cases = [{ handle: "uk", equals: "GB" }];
    expect(await routes({ data: [1] }, { value: "GB", cases })).toEqual(["uk"]);
    expect(await routes({ data: [1] }, { value: undefined, cases })).toEqual(["default"]);
    expect(await routes({ default: { result: "GB" } }, { cases })).toEqual(["uk"]);
  });

  it("fires all cases that fit where it is told to, each handle once", async () => {
    const cases = [...sizes, { handle: "large", gte: 200 }, { handle: "even", matches: "[02468]$" }];
    expect(await routes({ data: 250 }, { cases, all: true })).toEqual(["large", "even"]);
    expect(await routes({ data: 250 }, { cases })).toEqual(["large"]);
  });

  it("asks everything that a case has", async () => {
    const cases = [
      { handle: "rush", gte: 10, where: [{ field: "paid", operator: "eq", value: true }] },
      { handle: "bug", matches: "^\\[bug\\]", ignoreCase: true },
    ];
    expect(await routes({ data: { total: 12, paid: true } }, { field: "total", cases })).toEqual(["rush"]);
    expect(await routes({ data: { total: 12, paid: false } }, { field: "total", cases })).toEqual(["default"]);
    expect(await routes({ data: { total: "[BUG] x" } }, { field: "total", cases })).toEqual(["bug"]);
    expect(await routes({ data: { total: { toString: () => "[bug]" } } }, { field: "total", cases })).toEqual([
      "default",
    ]);
  });

  it("splits a list, each handle with its items", async () => {
    const data = [{ total: 120 }, { total: 2 }, { total: 20 }, { total: 1 }, { total: "300" }];
    const output = await run("switch", { data }, { perItem: true, field: "total", cases: sizes });
    expect(output).toEqual({
      handles: ["large", "medium", "odd", "default"],
      value: { large: [data[0], data[4]], medium: [data[2]], odd: [data[3]], default: [data[1]] },
    });
    expect(routesOf(output)).toEqual(["large", "medium", "odd", "default"]);
    expect(carriedBy(output, "large")).toEqual([data[0], data[4]]);
    expect(carriedBy(output, "nowhere")).toBe(output);
    expect(await routes({ data: [150] }, { perItem: true, cases: sizes })).toEqual(["large"]);
    expect(await routes({ data: [] }, { perItem: true, cases: sizes })).toEqual([]);
  });

  it("splits the rows of a table, and leaves the table as it is", async () => {
    if (name !== "a machine") return;
    const table = await onMachine("spreadsheet", {}, { data: "total,who\n120,a\n9,b\n" });
    const output = await run("switch", { default: table }, { perItem: true, field: "total", cases: sizes });
    // Each handle has its list, so that expressions can read those that got nothing.
    expect(output.value).toEqual({
      large: [{ total: "120", who: "a" }],
      medium: [],
      odd: [],
      default: [{ total: "9", who: "b" }],
    });
    expect((await run("switch", { default: table }, { field: "rowCount", cases: sizes })).value).toBe(table);
  });

  it("can leave out what fits no case", async () => {
    const parameters = { field: "total", cases: sizes, fallback: "ignore" };
    expect(await routes({ data: { total: 4 } }, parameters)).toEqual([]);
    const data = [{ total: 120 }, { total: 2 }];
    const output = await run("switch", { data }, { ...parameters, perItem: true });
    expect(output).toEqual({ handles: ["large"], value: { large: [data[0]], medium: [], odd: [], default: [] } });
    expect(routesOf(output)).toEqual(["large"]);
    const { handles } = nodeTypes.get("switch") as NodeType;
    expect(handles?.(parameters)).toEqual(["large", "medium", "odd"]);
    expect(handles?.({ cases: sizes })).toContain("default");
    // A case may have the handle `default` as well, which brings what fits it alone.
    const cases = [{ handle: "default", equals: 2 }];
    const items = await run("switch", { data: [1, 2] }, { cases, perItem: true, fallback: "ignore" });
    expect(items).toEqual({ handles: ["default"], value: { default: [2] } });
  });

  it("can fail where no case fits, saying what was found", async () => {
    const parameters = { field: "total", cases: sizes, fallback: "fail" };
    expect(await failure("switch", { data: { total: "4" } }, parameters)).toMatchObject({
      code: "EXECUTION_FAILED",
      message:
        '[switch] No case fits the value "4" and `fallback` is "fail"; the cases lead to `large`, `medium` or `odd`',
    });
    expect(
      (await failure("switch", { data: [{ total: 1 }, { total: 2 }] }, { ...parameters, perItem: true })).message,
    ).toContain("No case fits item 1, whose value is 2,");
  });

  it.each([
    [{ cases: [] }, "`cases` is empty"],
    [{ cases: [{ handle: "a" }] }, "`cases[0]`: it asks nothing"],
    [{ cases: [{ handle: "error", equals: 1 }] }, "`cases[0]`: the handle `error` carries the failure"],
    [{ cases: [{ handle: "a", matches: "(a)\\1" }] }, "refers back to a group"],
    [{ cases: [{ handle: "a", matches: "[" }] }, "cannot be read"],
    [{ cases: [{ equals: 1 }] }, "`cases[0].handle` is missing"],
    [{ cases: sizes, value: 1, field: "a" }, "`value` and `field` cannot be given together"],
    [{ cases: sizes, value: 1, perItem: true }, "`value` and `perItem` cannot be given together"],
  ])("refuses %j", async (parameters, words) => {
    const error = await failure("switch", { data: {} }, parameters);
    expect(error.code).toBe("INVALID_PARAMETERS");
    expect(error.message).toContain(words);
  });

  it("refuses fields of what has none, and what is no list", async () => {
    expect((await failure("switch", { data: [1] }, { field: "a", cases: sizes })).message).toBe(
      "[switch] Cases on fields need one object, not an array; to send each item its way set `perItem: true`",
    );
    expect(await failure("switch", { data: 5 }, { perItem: true, cases: sizes })).toMatchObject({
      code: "TYPE_MISMATCH",
      message: "[switch] With `perItem` the data must be a list, not a number",
    });
  });

  it("keeps the names of handles to themselves, and sees own fields only", async () => {
    const cases = [{ handle: "__proto__", equals: "x" }];
    const output = await run("switch", { data: ["x"] }, { perItem: true, cases });
    expect(Object.keys(output.value)).toEqual(["__proto__", "default"]);
    expect(Object.getPrototypeOf(output.value)).toBe(Object.prototype);
    expect(
      await routes({ data: {} }, { field: "constructor.name", cases: [{ handle: "a", equals: "Object" }] }),
    ).toEqual(["default"]);
  });

  it("is not held up by patterns and text that take others forever", async () => {
    const cases = [{ handle: "a", matches: "^(a+)+$" }];
    expect(await routes({ data: `${"a".repeat(50_000)}!` }, { cases })).toEqual(["default"]);
    expect((await failure("switch", { data: "a".repeat(100_001) }, { cases })).message).toContain("100000 characters");
  });

  it("splits a million items, and stops when it is cancelled", async () => {
    const data = Array.from({ length: 1_000_000 }, (_, i) => ({ total: i % 150 }));
    const parameters = { perItem: true, field: "total", cases: sizes };
    const output = await run("switch", { data }, parameters);
    expect(output.value.large).toHaveLength(333_300);
    const controller = new AbortController();
    const running = run("switch", { data }, { ...parameters, signal: controller.signal });
    setTimeout(() => controller.abort(), 1);
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

describe("a switch that was hardly meant so", () => {
  const said = async (input: unknown, parameters: Record<string, unknown>) =>
    (await outcome("switch", input, parameters)).warnings;

  it("is told", async () => {
    expect(await said({ data: { totl: 5 } }, { field: "total", cases: sizes })).toEqual([
      ["missing-field", "The object has no field `total`, which is the `field`. Did you mean `totl`?"],
    ]);
    expect(await said({ data: [{ totl: 5 }] }, { field: "total", perItem: true, cases: sizes })).toContainEqual([
      "missing-field",
      "No item has a field `total`, which is the `field`. Did you mean `totl`?",
    ]);
    expect((await said({ data: { total: "much" } }, { field: "total", cases: sizes }))[0]?.[0]).toBe("types-differ");
    expect(await said({ data: [] }, { perItem: true, cases: sizes })).toEqual([
      ["no-items", "The list to split is empty, so that no handle fires"],
    ]);
    expect(await said({ data: { total: 5 } }, { field: "total", cases: sizes })).toEqual([]);
  });

  it("is told of text and NaN among numbers that no case took", async () => {
    const data = [{ n: "1,000" }, { n: "9 EUR" }, { n: Number.NaN }, { n: 70 }, {}];
    const big = { handle: "big", gt: 50 };
    const message = (field: string) =>
      `\`${field} gt 50\` left out 3 items whose \`${field}\` is text that is no number, such as "1,000". Clean the field first, or keep such items out with a condition of their own`;
    const split = (cases: object[], more: object = { field: "n" }, list: unknown[] = data) =>
      said({ data: list }, { perItem: true, cases, ...more });
    expect(await split([big])).toEqual([["types-differ", message("n")]]);
    expect(await split([{ handle: "big", where: [{ field: "n", operator: "gt", value: 50 }] }], {})).toEqual([
      ["types-differ", message("n")],
    ]);
    const plain = data.flatMap(({ n }) => n ?? []);
    expect(await split([big], {}, plain)).toEqual([["types-differ", message("data")]]);
  });

  it("is not told of such items where a case takes them, or another condition keeps them out", async () => {
    const data = [{ n: "n/a" }, { n: 70 }];
    const split = (cases: object[]) => said({ data }, { perItem: true, field: "n", cases });
    expect(
      await split([
        { handle: "big", gt: 50 },
        { handle: "unknown", equals: "n/a" },
      ]),
    ).toEqual([]);
    expect(await split([{ handle: "big", gt: 50, where: [{ field: "n", operator: "ne", value: "n/a" }] }])).toEqual([]);
  });
});
