import { describe, expect, it } from "vitest";
import { isLayer, withoutLayers } from "../src/index.js";

describe("what nodes put around their data", () => {
  it("is taken off in as many layers as there are", () => {
    expect(withoutLayers({ result: { result: [1] } })).toEqual([1]);
    expect(withoutLayers({ result: { records: [1], headers: ["a"], rowCount: 1 }, metadata: {} })).toEqual([1]);
    const routed = Object.defineProperty({ result: true, value: { result: 5 } }, Symbol.for("@atomiton/routed"), {
      value: ["true"],
    });
    expect(withoutLayers(routed)).toBe(5);
  });

  it("stays where it is to be handed on whole", () => {
    const table = { records: [] };
    expect(withoutLayers({ result: table }, (value) => value === table)).toBe(table);
  });

  it("is told from data with a `result` or `records` of its own by what lies beside it", () => {
    for (const data of [
      { result: [1], meta: { page: 1 } },
      { result: 5, unit: "kg" },
      { result: 5, data: 6 },
      { records: [1], total: 1 },
      // Keys of different types.
      { result: 5, status: 200, cost: 1 },
      // Keys of one type, which it never gives together.
      { records: [1], result: 5 },
      { records: "none", result: 5 },
      { records: "none" },
    ]) {
      expect(isLayer(data)).toBe(false);
      expect(withoutLayers({ result: data, status: 200, ok: true })).toBe(data);
    }
  });
});
