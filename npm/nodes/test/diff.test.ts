import { describe, expect, it } from "vitest";

import { run as onMachine, places } from "./run.js";
import { warned } from "./warned.js";

describe.each(places)("diff in $name", ({ run, failure }) => {
  const before = [
    { id: 1, a: "x", b: { c: [1] } },
    { id: 2, a: "y" },
    { id: 3, a: "z", d: null },
    { id: 4, a: "w" },
  ];
  const after = [
    { id: 5, a: "new" },
    { id: "4", a: "w" },
    { id: 3, a: "z" },
    { id: 1, a: "x", b: { c: [1, 2] }, e: true },
  ];

  it("tells what was added, removed and changed", async () => {
    const output = await run("diff", { before, after }, { keys: ["id"] });
    const changed = [
      {
        key: { id: 1 },
        before: before[0],
        after: after[3],
        changes: { b: { before: { c: [1] }, after: { c: [1, 2] } }, e: { before: null, after: true } },
      },
    ];
    const result = { added: [after[0]], removed: [before[1]], changed, unchanged: 2 };
    expect(output).toEqual({ result, ...result });
    expect(output.changed[0].before).toBe(before[0]);
  });

  it("compares the fields it is told to", async () => {
    const changes = async (parameters: object) => {
      const { changed } = await run("diff", { before, after }, { keys: ["id"], ...parameters });
      return changed.map((change: Record<string, object>) => Object.keys(change["changes"] as object));
    };
    expect(await changes({ fields: ["b.c", "a"] })).toEqual([["b.c"]]);
    expect(await changes({ ignore: ["b"] })).toEqual([["e"]]);
    expect(await changes({ ignore: ["b", "e"] })).toEqual([]);
    expect(await changes({ fields: ["b.c", "e"], ignore: ["e"] })).toEqual([["b.c"]]);
  });

  it("knows rows by several keys, inside of fields", async () => {
    const rows = (values: unknown[][]) => values.map(([x, y, z]) => ({ k: { x }, y, z }));
    const output = await run(
      "diff",
      {
        before: rows([
          [1, "a", 1],
          [1, "b", 2],
        ]),
        after: rows([
          [1, "b", 2],
          [1, "a", 3],
        ]),
      },
      { keys: ["k.x", "y"] },
    );
    // The object that the key lies in is compared like any other field.
    expect(output.changed).toEqual([
      {
        key: { "k.x": 1, y: "a" },
        before: { k: { x: 1 }, y: "a", z: 1 },
        after: { k: { x: 1 }, y: "a", z: 3 },
        changes: { z: { before: 1, after: 3 } },
      },
    ]);
  });

  it("takes what JSON makes of values for the same, and text for another than a number", async () => {
    const same = async (one: unknown, other: unknown) =>
      (await run("diff", { before: [{ id: 1, v: one }], after: [{ id: 1, v: other }] }, { keys: ["id"] })).unchanged ===
      1;
    for (const [one, other] of [
      [new Date(0), "1970-01-01T00:00:00.000Z"],
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      [{ a: null }, {}],
      [undefined, null],
      [Number.NaN, Number.NaN],
      [0, -0],
    ])
      expect(await same(one, other), JSON.stringify([one, other])).toBe(true);
    for (const [one, other] of [
      [1, "1"],
      [[1], { 0: 1 }],
      [[1], [1, undefined]],
      ["", null],
      [true, 1],
      [{ a: { b: 1 } }, { a: { b: 2 } }],
    ])
      expect(await same(one, other), JSON.stringify([one, other])).toBe(false);
    const spelled = { before: [{ id: 1, v: 1 }], after: [{ id: 1, v: "1" }] };
    expect(await warned(run, "diff", spelled, { keys: ["id"] })).toMatchObject([
      ["types-differ", expect.stringContaining("`v` differs 1 times only in that one list has a number")],
    ]);
  });

  it("refuses rows that cannot be told apart", async () => {
    const twice = [...before, { id: "2" }, { id: 1 }];
    expect(await failure("diff", { before: twice, after }, { keys: ["id"] })).toMatchObject({
      code: "TYPE_MISMATCH",
      message:
        '[diff] Rows of `before` have the same keys: `id` "2" in rows 1 and 4; `id` 1 in rows 0 and 5. Name further fields in `keys`, or leave out repeated rows first',
    });
    const many = Array.from({ length: 9 }, () => ({ id: 1 }));
    expect((await failure("diff", { before, after: many }, { keys: ["id"] })).message).toContain("; and 3 more.");
    expect((await failure("diff", { before, after: [{ id: null }, { id: 1 }] }, { keys: ["id"] })).message).toContain(
      "Row 0 of `after` has no `id`",
    );
  });

  it("says what is wrong with its parameters and inputs", async () => {
    expect((await failure("diff", { before, after }, { keys: [] })).code).toBe("INVALID_PARAMETERS");
    expect((await failure("diff", { before, after }, { keys: ["ids"] })).message).toContain("Did you mean `id`?");
    // An edge whose source was skipped brings nothing either.
    expect((await failure("diff", { before }, { keys: ["id"] })).message).toBe(
      "[diff] The input `after` is missing; what came in is on `before`. Lead an edge to it with `targetHandle: after`; where there is one, the node that it leads from was skipped, or gave nothing",
    );
    expect((await failure("diff", { before, after: [1] }, { keys: ["id"] })).code).toBe("TYPE_MISMATCH");
    expect(
      await warned(run, "diff", { before, after }, { keys: ["id"], fields: ["aa"], ignore: ["e", "f"] }),
    ).toMatchObject([
      ["missing-field", expect.stringContaining("`aa`, which `fields` names")],
      ["missing-field", expect.stringContaining("`f`, which `ignore` names")],
    ]);
    const none = { added: [], removed: [], changed: [], unchanged: 0 };
    expect(await run("diff", { before: [], after: [] }, { keys: ["id"] })).toEqual({ result: none, ...none });
  });

  it("says when the rows of both lists never meet", async () => {
    const rows = (count: number, key: (n: number) => unknown) =>
      Array.from({ length: count }, (_, n) => ({ id: key(n) }));
    const said = (before: unknown, after: unknown) => warned(run, "diff", { before, after }, { keys: ["id"] });
    expect(
      await said(
        rows(1, Number),
        rows(1, (n) => `00${n}`),
      ),
    ).toEqual([
      [
        "nothing-matched",
        'No row of before has the key of a row of after. The keys are of different kinds: `id` of before is a number (such as 0), `id` of after is text that spells a number in another way (such as "000")',
      ],
    ]);
    expect(
      await said(
        rows(20, Number),
        rows(20, (n) => n + 100),
      ),
    ).toEqual([["nothing-matched", expect.stringContaining("The keys are of the same kind")]]);
    expect(
      await said(
        rows(2, Number),
        rows(2, (n) => n + 100),
      ),
    ).toEqual([]);
    expect(
      await said(
        rows(20, Number),
        rows(20, (n) => n + 19),
      ),
    ).toEqual([]);
    expect(await said([], rows(20, String))).toEqual([]);
  });

  it("takes tables and names such as __proto__, and ends at values nested without end", async () => {
    const table = await onMachine("spreadsheet", {}, { data: "id,__proto__\n1,a\n" });
    const other = JSON.parse('[{"id":1,"__proto__":"b"}]');
    const { changed } = await run("diff", { before: table, after: other }, { keys: ["id"] });
    expect(JSON.stringify(changed[0].changes)).toBe('{"__proto__":{"before":"a","after":"b"}}');
    const endless = (): Record<string, unknown> => {
      const value: Record<string, unknown> = {};
      value["self"] = value;
      return value;
    };
    const cyclic = { before: [{ id: 1, v: endless() }], after: [{ id: 1, v: endless() }] };
    expect((await failure("diff", cyclic, { keys: ["id"] })).message).toContain("a depth of 64");
  });

  it("stops when it is cancelled", async () => {
    const controller = new AbortController();
    const many = Array.from({ length: 100_000 }, (_, id) => ({ id }));
    const running = run("diff", { before: many, after: many }, { keys: ["id"], signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
  });

  it("tells of rows that are removed and added only because their keys are written otherwise", async () => {
    const before = [{ id: "A-1" }, { id: "7.0" }];
    const after = [{ id: "A-1" }, { id: 7 }];
    expect(await warned(run, "diff", { before, after }, { keys: ["id"] })).toEqual([
      ["nearly-matched", expect.stringMatching(/^1 row of before .* in after .*"7\.0" and 7/)],
    ]);
  });
});
