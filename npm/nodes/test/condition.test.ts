import { describe, expect, it } from "vitest";

import { isRouted, routesOf } from "../src/index.js";
import { isUnread, run as onMachine, places } from "./run.js";
import { warned } from "./warned.js";

describe.each(places)("condition in $name", ({ name, run, failure }) => {
  it("routes its data by an expression", async () => {
    const data = { total: 5 };
    const output = await run(
      "condition",
      { default: { result: data } },
      { expression: "item.total > variables.least", variables: { least: 4 } },
    );
    expect(output).toEqual({ result: true, value: data });
    expect(output.value).toBe(data);
    expect(routesOf(output)).toEqual(["true"]);
    expect(Object.keys(output)).toEqual(["result", "value"]);
    expect(routesOf(await run("condition", { default: data }, { expression: "input.default.total > 9;" }))).toEqual([
      "false",
    ]);
    expect((await run("condition", { count: 3 }, { expression: "input.count === 3" })).result).toBe(true);
    expect((await run("condition", undefined, { expression: "input === undefined" })).result).toBe(true);
  });

  it.each([
    [
      "item.ok",
      'gave the text "false", which counts as true, as all text does; compare it, as in `item.ok !== "false"`',
    ],
    [
      "item.none ?? item.ok",
      'gave the text "false", which counts as true, as all text does; compare it, as in `(item.none ?? item.ok) !== "false"`',
    ],
    ["item.state = 'paid'", "assigns with `=`, so that its answer is what it assigned; compare with `===`"],
    ["'item.n > 100'", "is text in quotes, which counts as true; take the quotes away"],
  ])("warns of %s, which counts as true", async (expression, words) => {
    const data = { ok: "false", state: "open", n: 5, none: null };
    expect(await warned(run, "condition", { data }, { expression })).toEqual([
      ["not-a-truth-value", `\`expression\` ${words}`],
    ]);
  });

  it.each(["item.name", "item.n", "item.ok === 'false'", "[1].some((x) => x >= item.n)", "item.none ?? ''", "''"])(
    "warns of nothing for %s",
    async (expression) => {
      const data = { ok: "false", name: "Ada", n: 5, none: null };
      expect(await warned(run, "condition", { data }, { expression })).toEqual([]);
    },
  );

  it("routes by conditions on fields", async () => {
    const where = [{ field: "a.b", operator: "in", value: [1, 2] }];
    expect(routesOf(await run("condition", { data: { a: { b: 2 } } }, { where }))).toEqual(["true"]);
    expect(routesOf(await run("condition", { data: { a: { b: 3 } } }, { where }))).toEqual(["false"]);
    expect((await failure("condition", { data: [1] }, { where })).code).toBe("TYPE_MISMATCH");
    expect((await failure("condition", {}, {})).code).toBe("INVALID_PARAMETERS");
  });

  it("decides over a table without making its records", async () => {
    const read = await onMachine("spreadsheet", {}, { data: "a\n1\n2\n" });
    const output = await run(
      "condition",
      { default: read },
      { expression: "item.rowCount === 2 && input.default.headers[0] === 'a'" },
    );
    expect(output.result).toBe(true);
    expect((await run("condition", { default: read }, { expression: "item.records[1].a === '2'" })).result).toBe(true);
    expect(
      (await run("condition", { default: read }, { where: [{ field: "rowCount", operator: "gt", value: 1 }] })).result,
    ).toBe(true);
    expect(output.value).toBe(read);
    // A page has no engine that could fetch them later.
    if (name === "a machine") expect(isUnread(read, "records")).toBe(true);
  });

  it("is seen through by the next node", async () => {
    const output = await run("condition", { default: [3, 4] }, { expression: "item.length > 1" });
    expect(isRouted(output)).toBe(true);
    expect((await run("transform", { default: output }, { operation: "reverse" })).result).toEqual([4, 3]);
  });
});
