import { describe, expect, it } from "vitest";

import { run as onMachine, places } from "./run.js";
import { warned } from "./warned.js";

const orders = [
  { id: 1, customer: "a", total: 5 },
  { id: 2, customer: "b", total: 6 },
  { id: 3, customer: null, total: 7 },
  { id: 4, customer: "a", total: 8 },
];
const customers = [
  { customer: "b", name: "Bo", total: 1 },
  { customer: "c", name: "Cy", total: 2 },
  { customer: null, name: "Nil", total: 3 },
  { customer: "b", name: "Bea", total: 4 },
];
const input = { left: orders, right: customers };

describe.each(places)("join in $name", ({ run, failure }) => {
  it("pairs rows of equal keys, in the order of the left side", async () => {
    expect(await run("join", input, { on: ["customer"] })).toEqual({
      result: [
        { id: 2, customer: "b", total: 6, name: "Bo", total_right: 1 },
        { id: 2, customer: "b", total: 6, name: "Bea", total_right: 4 },
      ],
      count: 2,
      unmatchedLeft: 3,
      unmatchedRight: 2,
    });
  });

  it("keeps rows without a match where it is asked to, with null for what they lack", async () => {
    const ids = async (how: string) => {
      const { result } = await run("join", input, { on: ["customer"], how });
      return result.map((row: Record<string, unknown>) => `${row["id"]}-${row["name"]}`);
    };
    expect(await ids("left")).toEqual(["1-null", "2-Bo", "2-Bea", "3-null", "4-null"]);
    expect(await ids("right")).toEqual(["2-Bo", "null-Cy", "null-Nil", "2-Bea"]);
    expect(await ids("full")).toEqual(["1-null", "2-Bo", "2-Bea", "3-null", "4-null", "null-Cy", "null-Nil"]);
    const { result } = await run("join", input, { on: ["customer"], how: "right", suffix: "2" });
    expect(result[1]).toEqual({ id: null, customer: "c", total: null, name: "Cy", total2: 2 });
  });

  it("gives rows of the left side as they are that have, or lack, a match", async () => {
    const semi = await run("join", input, { on: ["customer"], how: "semi" });
    expect(semi).toEqual({ result: [orders[1]], count: 1, unmatchedLeft: 3, unmatchedRight: 2 });
    expect(semi.result[0]).toBe(orders[1]);
    expect((await run("join", input, { on: ["customer"], how: "anti" })).result).toEqual([
      orders[0],
      orders[2],
      orders[3],
    ]);
  });

  it("joins by several keys, of other names, inside of fields", async () => {
    const left = [
      { a: { b: 1 }, c: "x" },
      { a: { b: 1 }, c: "xy" },
      { a: { b: 2 }, c: "x" },
    ];
    const right = [{ d: 1, c: "x", e: "found" }];
    const { result } = await run("join", { left, right }, { leftKeys: ["a.b", "c"], rightKeys: ["d", "c"] });
    expect(result).toEqual([{ a: { b: 1 }, c: "x", d: 1, e: "found" }]);
    const crossed = await run(
      "join",
      { left: [{ a: 1, b: 2 }], right: [{ a: 2, b: 1 }] },
      { leftKeys: ["a", "b"], rightKeys: ["b", "a"] },
    );
    expect(crossed.result).toEqual([{ a: 1, b: 2, a_right: 2, b_right: 1 }]);
  });

  it("matches values that are equal, and numbers with the text that spells them exactly", async () => {
    const matched = async (one: unknown, other: unknown) =>
      (await run("join", { left: [{ k: one }], right: [{ k: other }] }, { on: ["k"], how: "semi" })).count === 1;
    const same = [
      [7, "7"],
      [0.5, "0.5"],
      [-0, 0],
      [1e21, "1e+21"],
      ["", ""],
      [true, true],
      [new Date(0), new Date(0)],
      [new Date(0), "1970-01-01T00:00:00.000Z"],
      [
        { a: 1, b: [2] },
        { b: ["2"], a: 1 },
      ],
      ["\0true", "\0true"],
    ];
    for (const [one, other] of same) expect(await matched(one, other), JSON.stringify([one, other])).toBe(true);
    const different = [
      [7, "07"],
      [7, "7.0"],
      [7, " 7"],
      [1000, "1e3"],
      ["a", "A"],
      [true, "true"],
      [true, 1],
      ["\0true", true],
      [[1, 2], ["1,2"]],
      [{ a: "b" }, { ab: "" }],
      [Number.POSITIVE_INFINITY, "Infinity"],
    ];
    for (const [one, other] of different) expect(await matched(one, other), JSON.stringify([one, other])).toBe(false);
    for (const nothing of [null, Number.NaN, new Date(Number.NaN)])
      expect(await matched(nothing, nothing), String(nothing)).toBe(false);
  });

  it("tells several keys apart by where they end", async () => {
    const left = [{ a: "1:x", b: "y" }];
    const right = [{ a: "1", b: "x1:y" }];
    expect((await run("join", { left, right }, { on: ["a", "b"] })).count).toBe(0);
  });

  it("takes tables and what other nodes put around their data", async () => {
    const left = await onMachine("spreadsheet", {}, { data: "id,n\n1,x\n2,y\n" });
    const { result } = await run("join", { left, right: { result: [{ id: 2, m: true }] } }, { on: ["id"] });
    expect(result).toEqual([{ id: "2", n: "y", m: true }]);
  });

  it("warns where nothing matches, and says of which kinds the keys are", async () => {
    const warnings = await warned(
      run,
      "join",
      { left: [{ id: 7 }], right: [{ code: "007" }] },
      { leftKeys: ["id"], rightKeys: ["code"] },
    );
    expect(warnings).toEqual([
      [
        "nothing-matched",
        'No row of left has the key of a row of right. The keys are of different kinds: `id` of left is a number (such as 7), `code` of right is text that spells a number in another way (such as "007")',
      ],
    ]);
    const [[, same] = []] = await warned(run, "join", { left: [{ id: "x" }], right: [{ id: "y" }] }, { on: ["id"] });
    expect(same).toContain("The keys are of the same kind");
    expect(await warned(run, "join", { left: [], right: [{ id: "y" }] }, { on: ["id"] })).toEqual([]);
    const blank = { left: [{ id: "" }], right: [{ id: "" }] };
    expect(await warned(run, "join", blank, { on: ["id"] })).toMatchObject([["blank-keys", expect.any(String)]]);
  });

  it("says which keys there are where one is misspelt", async () => {
    expect(await failure("join", input, { on: ["custmer"] })).toMatchObject({
      code: "INVALID_PARAMETERS",
      message:
        "[join] No row of left has a field `custmer`, which `on` names; there are `id`, `customer`, `total`. Did you mean `customer`?",
    });
    for (const parameters of [
      {},
      { on: [] },
      { leftKeys: ["a"] },
      { on: ["id"], leftKeys: ["id"] },
      { leftKeys: ["id"], rightKeys: ["a", "b"] },
      { on: ["customer", "customer"] },
      { on: ["customer"], suffix: "" },
      { on: ["customer"], how: "outer" },
    ])
      expect((await failure("join", input, parameters)).code, JSON.stringify(parameters)).toBe("INVALID_PARAMETERS");
  });

  it("refuses inputs that are missing or no records", async () => {
    expect(await failure("join", { left: [], default: [] }, { on: ["a"] })).toMatchObject({
      code: "TYPE_MISMATCH",
      message:
        "[join] The input `right` is missing; what came in is on `left`, `default`. Lead an edge to it with `targetHandle: right`; where there is one, the node that it leads from was skipped, or gave nothing",
    });
    expect((await failure("join", { left: [{ a: 1 }, 5], right: [] }, { on: ["a"] })).message).toContain(
      "row `left` 1 is a number",
    );
    expect((await failure("join", { left: "a", right: [] }, { on: ["a"] })).code).toBe("TYPE_MISMATCH");
  });

  it("refuses to multiply rows without end", async () => {
    const rows = Array.from({ length: 4000 }, () => ({ k: 1 }));
    expect(await failure("join", { left: rows, right: rows }, { on: ["k"] })).toMatchObject({
      code: "MEMORY_LIMIT_EXCEEDED",
      message: expect.stringContaining("would give 16,000,000 rows, more than 10,000,000"),
    });
    expect((await run("join", { left: rows, right: rows }, { on: ["k"], how: "semi" })).count).toBe(4000);
  });

  it("takes names such as __proto__ for fields like others", async () => {
    const left = JSON.parse('[{"id":1,"__proto__":{"a":1},"constructor":2}]');
    const right = JSON.parse('[{"id":1,"__proto__":{"b":1}},{"id":2,"x":1}]');
    const full = (await run("join", { left, right }, { on: ["id"], how: "full" })).result;
    expect(JSON.stringify(full)).toBe(
      '[{"id":1,"__proto__":{"a":1},"constructor":2,"__proto___right":{"b":1}},' +
        '{"id":2,"__proto__":null,"constructor":null,"x":1}]',
    );
    expect(Object.getPrototypeOf(full[0])).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)["b"]).toBeUndefined();
    expect((await run("join", { left, right: left }, { on: ["__proto__"], how: "semi" })).count).toBe(1);
  });

  it("leaves its inputs as they are", async () => {
    const frozen = { left: orders.map(Object.freeze), right: customers.map(Object.freeze) };
    await run("join", Object.freeze(frozen), { on: ["customer"], how: "full" });
    expect(frozen.left).toEqual(orders);
  });

  it("stops between rows when it is cancelled, and joins a million rows", async () => {
    const left = Array.from({ length: 1_000_000 }, (_, id) => ({ id, a: id % 7 }));
    const right = Array.from({ length: 1000 }, (_, id) => ({ id: String(id * 3), b: id }));
    expect((await run("join", { left, right }, { on: ["id"], how: "left" })).count).toBe(1_000_000);
    const controller = new AbortController();
    const running = run("join", { left, right }, { on: ["id"], how: "left", signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
  });

  it("pairs what a plain model pairs", async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = numbers(seed);
      const rows = (name: string) =>
        Array.from({ length: random(12) }, (_, at) => ({ [name]: at, k: [1, "1", "a", null, "01", 2][random(6)] }));
      const [left, right] = [rows("l"), rows("r")] as [Record<string, unknown>[], Record<string, unknown>[]];
      if (![left, right].every((side) => side.some(({ k }) => k !== undefined))) continue;
      const equal = (a: unknown, b: unknown) => a !== null && b !== null && String(a) === String(b);
      const pairs = left.flatMap((l) => right.filter((r) => equal(l["k"], r["k"])).map((r) => `${l["l"]}:${r["r"]}`));
      const output = await run("join", { left, right }, { on: ["k"] });
      const given = output.result.map((row: Record<string, unknown>) => `${row["l"]}:${row["r"]}`);
      expect(given, `seed ${seed}`).toEqual(pairs);
    }
  });

  it("tells of rows whose keys differ only in how they are written", async () => {
    const left = [{ zip: "00501" }, { zip: "10115" }, { zip: "20095 " }, { zip: "99" }];
    const right = [{ zip: 501 }, { zip: "10115" }, { zip: "20095" }];
    expect(await warned(run, "join", { left, right }, { on: ["zip"] })).toEqual([
      [
        "nearly-matched",
        '2 rows of left without a match would have one in right if the keys were written alike, such as "00501" and 501. Make them alike first, by a `transform`',
      ],
    ]);
    // Where all rows of one side have a match, the others may well have none.
    const more = { left: [{ a: "Ada" }, { a: "Bob" }], right: [{ a: "Ada" }, { a: "Bob" }, { a: " ada" }] };
    expect(await warned(run, "join", more, { on: ["a"], how: "left" })).toEqual([]);
    const apart = { left: [{ a: "1.10" }, { a: "x" }], right: [{ a: "1.1" }, { a: "x" }] };
    expect(await warned(run, "join", apart, { on: ["a"] })).toEqual([]);
  });
});

/** Whole numbers below a bound, the same ones for the same seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
