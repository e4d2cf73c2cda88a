import { describe, expect, it } from "vitest";

import { adviceOf } from "../src/contract/error.js";
import { failure, isUnread, ordersCsv, places, run } from "./run.js";
import { warned } from "./warned.js";

const people = [
  { name: "Cy", age: 30, team: { id: "b" } },
  { name: "Al", age: 4, team: { id: "a" } },
  { name: "Bo", age: 30, team: { id: "b" } },
];

describe.each(places)("transform of an array in $name", ({ run, failure }) => {
  it("hands items on by reference wherever user code does not make new ones", async () => {
    const operations: [Record<string, unknown>, unknown[]][] = [
      [{}, people],
      [{ operation: "filter", transformFunction: "p => p.age > 10" }, [people[0], people[2]]],
      [{ operation: "filter", where: [{ field: "team.id", operator: "eq", value: "a" }] }, [people[1]]],
      [{ operation: "sort", sortKey: "age" }, [people[1], people[0], people[2]]],
      [{ operation: "sort", sortKey: "age", sortDirection: "desc" }, [people[0], people[2], people[1]]],
      [{ operation: "unique", uniqueKey: "age" }, [people[0], people[1]]],
      [{ operation: "reverse" }, [people[2], people[1], people[0]]],
      [{ operation: "limit", limitCount: 1 }, [people[0]]],
      [{ operation: "skip", skipCount: 2 }, [people[2]]],
      [{ operation: "slice", sliceStart: 1, sliceEnd: 2 }, [people[1]]],
    ];
    for (const [parameters, expected] of operations) {
      const output = await run("transform", { data: people }, parameters);
      expect(output.result.length, JSON.stringify(parameters)).toBe(expected.length);
      for (const [i, item] of output.result.entries()) expect(item).toBe(expected[i]);
      expect(output).toMatchObject({ inputCount: 3, outputCount: expected.length, success: true });
    }
  });

  it("maps with functions of every form, and with property paths", async () => {
    const forms: [string, unknown[]][] = [
      ["item => item.age * 2", [60, 8, 60]],
      ["({ age }) => age", [30, 4, 30]],
      ["(item, index) => { const n = index + 1; return n; };", [1, 2, 3]],
      ["function (x) { return x.name }", ["Cy", "Al", "Bo"]],
      ["(item, index, all) => all.length - all.indexOf(item)", [3, 2, 1]],
      ["(...args) => args.length", [3, 3, 3]],
      ["function () { return arguments.length }", [3, 3, 3]],
      ["(item, i = 7, all) => all.length + i", [3, 4, 5]],
      ["(item) => // a comment\n item.name", ["Cy", "Al", "Bo"]],
      ["team.id", ["b", "a", "b"]],
      ["item.name", ["Cy", "Al", "Bo"]],
      ["item.name.length", [2, 2, 2]],
      ["item.item", [undefined, undefined, undefined]],
    ];
    for (const [transformFunction, expected] of forms) {
      expect((await run("transform", { data: people }, { transformFunction })).result, transformFunction).toEqual(
        expected,
      );
    }
  });

  it("takes the length of texts and lists by a path", async () => {
    for (const path of ["item.length", "length"])
      expect((await run("transform", { data: ["abc", "", [1, 2]] }, { transformFunction: path })).result).toEqual([
        3, 0, 2,
      ]);
  });

  it("reduces with several parameters, with one object, and with or without a first accumulator", async () => {
    const reduce = async (transformFunction: string, reduceInitial?: unknown) =>
      (await run("transform", { data: [1, 2, 3] }, { operation: "reduce", transformFunction, reduceInitial })).result;
    expect(await reduce("(acc, item) => acc + item")).toBe(6);
    expect(await reduce("(acc, item, index) => acc + item * index", "10")).toBe(18);
    expect(await reduce("({acc, item, index}) => acc + item", 1)).toBe(7);
    expect(await reduce("({acc, item}) => acc + item", "x")).toBe("x123");
    expect(await reduce("(acc, x) => ({ ...acc, [x]: true })", {})).toEqual({ 1: true, 2: true, 3: true });
  });

  it("says that no list came in, where its result is empty for that", async () => {
    const sort = (input: unknown, more = {}) => warned(run, "transform", input, { operation: "sort", ...more });
    expect(await sort(undefined)).toEqual([["no-input", expect.stringContaining("No list came in")]]);
    expect(await sort({ data: [] })).toEqual([]);
    expect(await sort(undefined, { data: [] })).toEqual([]);
  });

  it("keeps dates, NaN and undefined on their way through user code", async () => {
    const data = [{ at: new Date(5), n: Number.NaN, list: [undefined, 1] }];
    const [item] = (
      await run("transform", { data }, { transformFunction: "x => ({ ...x, year: x.at.getTime(), m: x.n })" })
    ).result;
    expect(item).toEqual({ at: new Date(5), n: Number.NaN, list: [undefined, 1], year: 5, m: Number.NaN });
    const answer = await run("transform", { data: [0, 1] }, { transformFunction: "x => x ? undefined : new Date(1)" });
    expect(answer.result).toEqual([new Date(1), undefined]);
  });

  it("groups, flattens and aggregates", async () => {
    expect((await run("transform", { data: people }, { operation: "group", groupKey: "team.id" })).result).toEqual({
      b: [people[0], people[2]],
      a: [people[1]],
    });
    expect((await run("transform", { data: [1, [2, [3]]] }, { operation: "flatten" })).result).toEqual([1, 2, [3]]);
    const aggregates = [{ operation: "count" }, { operation: "avg", field: "age", as: "mean" }];
    expect(
      (await run("transform", { data: people }, { operation: "aggregate", groupBy: "team.id", aggregates })).result,
    ).toEqual([
      { "team.id": "b", count: 2, mean: 30 },
      { "team.id": "a", count: 1, mean: 4 },
    ]);
  });

  it("finds its list in what the edges of a real flow bring", async () => {
    for (const input of [
      [1, 2],
      { data: [1, 2] },
      { input: { result: [1, 2], inputCount: 9, success: true } },
      { default: { records: [1, 2], headers: [] } },
      { somewhere: { result: { result: [1, 2] } } },
    ]) {
      expect((await run("transform", input)).result).toEqual([1, 2]);
    }
    const unclear = await failure("transform", { left: [1], right: { result: [2] } });
    expect(unclear.code).toBe("TYPE_MISMATCH");
    expect(unclear.message).toContain('among "left", "right"');
    expect((await run("transform", { name: "group input" })).result).toEqual([]);
    const mismatch = await failure("transform", { data: { result: "text" } });
    expect(mismatch.code).toBe("TYPE_MISMATCH");
    expect(mismatch.message).toBe("[transform] Input data must be an array for transformation");
    expect(adviceOf(mismatch)?.[0]).toContain("a string came in");
  });

  it("refuses data that cannot cross, naming where it is", async () => {
    const cyclic: Record<string, unknown> = {};
    cyclic["self"] = { cyclic };
    const cases: [unknown, string][] = [
      [1n, "[1] is a bigint"],
      [{ a: { f() {} } }, "[1].a.f is a function"],
      [{ s: [Symbol("x")] }, "[1].s[0] is a symbol"],
      [cyclic, "[1].self.cyclic is a cycle"],
      [{ m: new Map() }, "[1].m is a Map"],
    ];
    for (const [item, words] of cases) {
      const error = await failure("transform", { data: [0, item] }, { transformFunction: "x => 1" });
      expect(error.code).toBe("TYPE_MISMATCH");
      expect(error.message).toContain(words);
    }
  });

  it("fails where the wrong parameters are given", async () => {
    expect((await failure("transform", { data: [] }, { operation: "nope" })).message).toBe(
      'Invalid transform parameters: `operation` must be one of "map", "filter", "reduce", "sort", "group", "flatten", ' +
        '"unique", "reverse", "limit", "skip", "slice", "aggregate", found "nope"',
    );
    expect((await failure("transform", { data: [] }, { operation: "group" })).message).toBe(
      "[transform] groupKey or sortKey is required for group operation",
    );
    expect((await failure("transform", { data: [] }, { operation: "aggregate" })).code).toBe("INVALID_PARAMETERS");
    const twice = [{ operation: "count" }, { operation: "count" }];
    expect((await failure("transform", { data: [] }, { operation: "aggregate", aggregates: twice })).message).toContain(
      '"count"',
    );
  });
});

describe("transform of a table", () => {
  const csv = "name,age,team\nCy,30,b\nAl,4,a\nBo,30,b\nDi,,a\n";
  const operations: Record<string, unknown>[] = [
    { operation: "map" },
    { operation: "map", transformFunction: "name" },
    { operation: "map", transformFunction: "(r, i) => r.name + i" },
    { operation: "map", transformFunction: "(r, i, all) => all.length" },
    { operation: "filter", where: [{ field: "age", operator: "gt", value: 4 }] },
    {
      operation: "filter",
      where: [
        { field: "age", operator: "isEmpty" },
        { field: "name", operator: "eq", value: "Al" },
      ],
      match: "any",
    },
    { operation: "filter", where: [{ field: "name", operator: "contains", value: "o" }] },
    { operation: "filter", transformFunction: "r => r.team === 'a'" },
    { operation: "filter", transformFunction: "(r, i, all) => all.indexOf(r) === i && i > 1" },
    { operation: "filter", transformFunction: "age" },
    { operation: "reduce", transformFunction: "(sum, r) => sum + Number(r.age)", reduceInitial: 0 },
    { operation: "sort", sortKey: "age" },
    { operation: "sort", sortKey: "age", sortDirection: "desc" },
    { operation: "sort", sortKey: "name" },
    { operation: "group", groupKey: "team" },
    { operation: "flatten" },
    { operation: "unique", uniqueKey: "team" },
    { operation: "unique" },
    { operation: "reverse" },
    { operation: "limit", limitCount: 2 },
    { operation: "skip", skipCount: 3 },
    { operation: "slice", sliceStart: 1, sliceEnd: 3 },
    {
      operation: "aggregate",
      groupBy: ["team"],
      aggregates: ["count", "sum", "avg", "min", "max", "countDistinct", "median"].map((operation) => ({
        operation,
        field: "age",
      })),
    },
    { operation: "aggregate", aggregates: [{ operation: "max", field: "name" }, { operation: "count" }] },
  ];

  it.each(operations)("gives what the array of its records gives: %j", async (parameters) => {
    const table = () => run("spreadsheet", {}, { data: csv });
    const plain = await run("transform", { data: (await table()).records }, parameters);
    for (const place of places) {
      const native = await place.run("transform", { data: await table() }, parameters);
      expect(native, place.name).toEqual(plain);
      expect(native.outputCount).toBe(plain.outputCount);
    }
  });

  it("never makes a record on the way from a file of 100,000 rows to an aggregate", async () => {
    const read = await run("spreadsheet", {}, { data: ordersCsv(100_000) });
    const open = await run(
      "transform",
      { default: read },
      {
        operation: "filter",
        where: [{ field: "status", operator: "eq", value: "open" }],
      },
    );
    const ordered = await run(
      "transform",
      { default: open },
      { operation: "sort", sortKey: "price", sortDirection: "desc" },
    );
    const totals = await run(
      "transform",
      { default: ordered },
      {
        operation: "aggregate",
        groupBy: "region",
        aggregates: [{ operation: "count" }, { operation: "sum", field: "quantity" }],
      },
    );
    expect([isUnread(read, "records"), isUnread(open, "result"), isUnread(ordered, "result")]).toEqual([
      true,
      true,
      true,
    ]);
    expect(open.outputCount).toBe(33_334);
    expect(totals.result.map((row: { count: number }) => row.count).sort()).toEqual([6666, 6667, 6667, 6667, 6667]);
    expect(ordered.result[0].price).toBe("99.9");
  });

  it("works on the records once somebody may have changed them", async () => {
    const read = await run("spreadsheet", {}, { data: csv });
    read.records[0].age = "99";
    const { result } = await run(
      "transform",
      { data: read },
      { operation: "sort", sortKey: "age", sortDirection: "desc" },
    );
    expect(result[0]).toBe(read.records[0]);
  });

  it("names the columns there are when a field is none", async () => {
    const read = await run("spreadsheet", {}, { data: csv });
    const error = await failure("transform", { data: read }, { operation: "sort", sortKey: "nmae" });
    expect(error.code).toBe("INVALID_PARAMETERS");
    expect(error.message).toBe('[transform] Field "nmae" is not a column; the columns are "name", "age", "team"');
  });
});
