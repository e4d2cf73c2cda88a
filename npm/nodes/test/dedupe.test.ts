import { describe, expect, it } from "vitest";

import { run as onMachine, places } from "./run.js";
import { warned } from "./warned.js";

describe.each(places)("dedupe in $name", ({ run, failure }) => {
  const kept = async (data: unknown, parameters: Record<string, unknown> = {}) =>
    (await run("dedupe", { data }, parameters)).result;

  it("says when rows count as equal because they have no key", async () => {
    const data = [{ id: 1 }, { id: "" }, { id: null }, { name: "x" }];
    expect(await warned(run, "dedupe", { data }, { keys: ["id"] })).toEqual([
      ["blank-keys", expect.stringContaining("3 of 4 rows have nothing in `id` and count as equal")],
    ]);
    expect(await warned(run, "dedupe", { data: data.slice(0, 2) }, { keys: ["id"] })).toEqual([]);
    expect(await warned(run, "dedupe", { data }, { keys: ["id", "name"] })).toHaveLength(1);
    expect(await warned(run, "dedupe", { data: [{ a: 1 }, { b: 1 }] }, { keys: ["a", "b"] })).toEqual([]);
  });

  it("keeps the first or the last of rows with the same keys, in their order", async () => {
    const rows = [{ id: 1, at: "a" }, { id: 2, at: "b" }, { id: "1", at: "c" }, { id: null, at: "d" }, { at: "e" }];
    const first = await run("dedupe", { data: rows }, { keys: ["id"] });
    expect(first).toEqual({
      result: [rows[0], rows[1], rows[3]],
      duplicates: [rows[2], rows[4]],
      count: 3,
      removed: 2,
    });
    expect(first.result[0]).toBe(rows[0]);
    expect(await kept(rows, { keys: ["id"], keep: "last" })).toEqual([rows[1], rows[2], rows[4]]);
    expect(await kept(rows, { keys: ["id", "at"] })).toEqual(rows);
  });

  it("compares whole rows by what they hold, not by the order of their fields", async () => {
    const rows = [
      { a: 1, b: { c: [1, null] } },
      { b: { c: [1, null] }, a: 1, d: null },
      { a: 1, b: { c: [1] } },
    ];
    expect(await kept(rows)).toEqual([rows[0], rows[2]]);
    expect(await kept([1, "1", "a", "a", null, undefined, true, "true"])).toEqual([1, "a", null, true, "true"]);
    expect(await kept([])).toEqual([]);
    const [one, other] = [new Map(), new Map()];
    expect(await kept([one, other, one]), "what is no data equals itself alone").toEqual([one, other]);
  });

  it("takes tables, and looks inside of fields", async () => {
    const table = await onMachine("spreadsheet", {}, { data: "a,b\n1,x\n1,y\n" });
    expect(await kept(table, { keys: ["a"] })).toEqual([{ a: "1", b: "x" }]);
    expect(await kept([{ a: { b: 1 } }, { a: { b: 1, c: 2 } }], { keys: ["a.b"] })).toEqual([{ a: { b: 1 } }]);
  });

  it("does not take rows for the same because none has the key", async () => {
    expect(await failure("dedupe", [{ email: 1 }], { keys: ["Email"] })).toMatchObject({
      code: "INVALID_PARAMETERS",
      message: "[dedupe] No row has a field `Email`, which `keys` names; there are `email`. Did you mean `email`?",
    });
    expect((await failure("dedupe", [{ a: 1 }], { keys: ["a", "a"] })).message).toContain("names `a` twice");
    expect((await failure("dedupe", [[1]], { keys: ["a"] })).code).toBe("TYPE_MISMATCH");
    expect((await failure("dedupe", undefined)).code).toBe("TYPE_MISMATCH");
    expect((await failure("dedupe", { data: "text" })).code).toBe("TYPE_MISMATCH");
  });

  it("ends at values nested without end, and takes __proto__ for a field", async () => {
    const endless: Record<string, unknown> = {};
    endless["self"] = endless;
    expect(await failure("dedupe", [endless])).toMatchObject({
      code: "TYPE_MISMATCH",
      message: expect.stringContaining("a depth of 64"),
    });
    const rows = JSON.parse('[{"__proto__":1},{"__proto__":2},{"__proto__":1},{}]');
    expect(await kept(rows)).toHaveLength(3);
    expect(await kept(rows, { keys: ["__proto__"] })).toHaveLength(3);
  });

  it("stops when it is cancelled", async () => {
    const data = Array.from({ length: 200_000 }, (_, id) => ({ id: id % 1000 }));
    expect(await kept(data)).toHaveLength(1000);
    const controller = new AbortController();
    const running = run("dedupe", { data }, { signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
  });
});
