import { describe, expect, it } from "vitest";

import { routed } from "../src/index.js";
import { places } from "./run.js";

describe.each(places)("the first node of a loop, in $name", ({ run }) => {
  const round = (item: unknown) => ({ item, index: 0 });

  it("has the item as data", async () => {
    expect((await run("code", round({ n: 2 }), { code: "return data.n * inputs.item.n + inputs.index" })).result).toBe(
      4,
    );
    expect((await run("code", round("x"), { code: "return data" })).result).toBe("x");
    const wrapped = round({ result: { n: 2 }, success: true });
    expect((await run("code", wrapped, { code: "return data" })).result).toEqual({ n: 2 });
    expect((await run("template", round({ n: 2 }), { template: "{{n}} {{data.n}} {{item.n}} {{index}}" })).result).toBe(
      "2 2 2 0",
    );
  });

  it("sees the item's fields where it sets fields", async () => {
    const set = async (item: unknown, more: object = {}) =>
      (await run("edit-fields", round(item), { values: { text: "{{n}}{{index}}" }, ...more })).result;
    expect(await set({ n: 2 })).toEqual({ text: "20" });
    expect(await set({ n: 2 }, { keepOnlySet: true })).toEqual({ text: "20" });
    for (const item of ["x", 5, [1], null]) expect(await set(item)).toEqual({ text: "0" });
    // The number of the round has always been there by this name.
    expect(await set({ n: 2, index: 7 })).toEqual({ text: "20" });
  });

  it("has nothing but what edges bring where there are others", async () => {
    const values = { text: "x" };
    expect((await run("edit-fields", { item: { n: 1 } }, { values })).result).toEqual({ text: "x" });
    expect((await run("edit-fields", { item: { n: 1 }, index: 0, other: 1 }, { values })).result).toEqual({
      text: "x",
    });
    expect((await run("edit-fields", { item: { n: 1 }, index: "a" }, { values })).result).toEqual({ text: "x" });
  });
});

describe.each(places)("fields that are set where a list comes in, in $name", ({ run }) => {
  it("are warned of, unless the list is seen or meant to be left out", async () => {
    const rules = async (input: unknown, more: object = {}) => {
      const told: string[] = [];
      const warn = (rule: string, message: string) => told.push(`${rule}: ${message.split(",")[0]}`);
      await run("edit-fields", input, { values: { country: "NO" }, warn, ...more });
      return told;
    };
    const rows = [{ a: 1 }, { a: 2 }];
    for (const input of [
      { default: rows },
      { data: { result: rows } },
      { default: await run("spreadsheet", {}, { data: "a\n1\n2\n" }).catch(() => rows) },
    ]) {
      expect(await rules(input)).toEqual(["fields-on-list: A list of 2 items came in"]);
      expect(await rules(input, { keepOnlySet: true })).toEqual([]);
      expect(await rules(input, { values: { text: "{{#data}}{{a}}{{/data}}" } })).toEqual([]);
    }
    expect(await rules({ default: { a: 1 } })).toEqual([]);
    expect(await rules({ item: rows, index: 0 })).toEqual([]);
    expect(await rules({ default: routed({ result: true, value: rows }, ["true"]) })).toEqual([]);
  });
});
