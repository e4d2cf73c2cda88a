import { describe, expect, it } from "vitest";

import { SeededRandom } from "../src/data/random.js";
import { run as onMachine, places } from "./run.js";
import { warned } from "./warned.js";

describe.each(places)("sample in $name", ({ run, failure }) => {
  const data = Array.from({ length: 10 }, (_, n) => n);
  const taken = async (parameters: Record<string, unknown>) => (await run("sample", { data }, parameters)).result;

  it("takes the first, the last, or rows at even distances", async () => {
    expect(await run("sample", { data }, { count: 3 })).toEqual({ result: [0, 1, 2], count: 3, total: 10 });
    expect(await taken({ count: 3, method: "last" })).toEqual([7, 8, 9]);
    expect(await taken({ step: 4, method: "every" })).toEqual([0, 4, 8]);
    expect(await taken({ count: 3, method: "every" })).toEqual([0, 3, 6]);
    expect(await taken({ fraction: 0.2, method: "every" })).toEqual([0, 5]);
    expect(await taken({ fraction: 0.25 })).toEqual([0, 1, 2]);
    expect(await taken({ fraction: 1 })).toEqual(data);
    expect(await taken({ count: 0, method: "last" })).toEqual([]);
    expect(await taken({ count: 99 })).toEqual(data);
  });

  it("takes random rows in their order, the same ones for the same seed", async () => {
    const some = await taken({ count: 4, method: "random" });
    expect(some).toEqual(await taken({ count: 4, method: "random", seed: 1 }));
    expect(some).toEqual([...new Set(some)].sort((a, b) => (a as number) - (b as number)));
    expect(some).toHaveLength(4);
    const others = await Promise.all([2, 3, -1, 2 ** 40].map((seed) => taken({ count: 4, method: "random", seed })));
    expect(new Set([some, ...others].map((rows) => rows.join())).size).toBe(5);
    expect(await taken({ count: 10, method: "random" })).toEqual(data);
  });

  it("takes each row about as often as the others", async () => {
    const counts = data.map(() => 0);
    for (let seed = 0; seed < 2000; seed++) {
      for (const row of await taken({ count: 3, method: "random", seed })) counts[row] = (counts[row] as number) + 1;
    }
    // 600 each; the standard deviation is about 20.
    for (const count of counts) expect(Math.abs(count - 600)).toBeLessThan(120);
  });

  it("warns where less comes out than was asked for", async () => {
    expect(await warned(run, "sample", { data }, { count: 11, method: "random" })).toEqual([
      ["fewer-rows", "11 rows are to be taken, but only 10 came in"],
    ]);
    expect(await warned(run, "sample", { data }, { fraction: 0.01 })).toMatchObject([
      ["empty-sample", expect.any(String)],
    ]);
    expect(await warned(run, "sample", { data }, { count: 0 })).toEqual([]);
    expect(await warned(run, "sample", { data: [] }, { fraction: 0.5 })).toEqual([]);
  });

  it("needs exactly one size", async () => {
    for (const parameters of [{}, { count: 1, fraction: 0.5 }, { step: 2 }, { step: 2, count: 1, method: "every" }])
      expect((await failure("sample", data, parameters)).code, JSON.stringify(parameters)).toBe("INVALID_PARAMETERS");
    for (const parameters of [{ count: -1 }, { count: 1.5 }, { fraction: 2 }, { count: 1, method: "some" }])
      expect((await failure("sample", data, parameters)).code, JSON.stringify(parameters)).toBe("INVALID_PARAMETERS");
    expect((await failure("sample", data, { count: 1, fraction: 1 })).message).toBe(
      "[sample] Give only one of `count` or `fraction`, found `count` and `fraction`",
    );
    expect((await failure("sample", 5, { count: 1 })).code).toBe("TYPE_MISMATCH");
    expect((await failure("sample", {}, { count: 1 })).code).toBe("TYPE_MISMATCH");
  });

  it("takes tables, and stops when it is cancelled", async () => {
    const table = await onMachine("spreadsheet", {}, { data: "a\n1\n2\n" });
    expect((await run("sample", table, { count: 1 })).result).toEqual([{ a: "1" }]);
    const controller = new AbortController();
    const many = Array.from({ length: 300_000 }, (_, n) => n);
    const running = run("sample", many, { fraction: 0.9, method: "random", signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

it("random numbers of a seed never change", () => {
  const random = new SeededRandom(1);
  expect(Array.from({ length: 5 }, () => random.below(1000))).toEqual([223, 462, 700, 77, 749]);
});
