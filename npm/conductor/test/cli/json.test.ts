import { describe, expect, it } from "vitest";
import { jsonText } from "../../src/cli/json.js";

describe("any value as JSON", () => {
  it("has a word for what JSON has none for", () => {
    const value = {
      big: 2n ** 64n,
      map: new Map([["a", new Set([1, 2])]]),
      error: new TypeError("no"),
      none: undefined,
    };
    expect(JSON.parse(jsonText(value))).toEqual({
      big: "18446744073709551616",
      map: { a: [1, 2] },
      error: { name: "TypeError", message: "no" },
    });
    expect(jsonText(undefined)).toBe("null");
  });

  it("stops at circles, but writes what stands in two places twice", () => {
    const twice = { x: 1 };
    const circle: Record<string, unknown> = { a: twice, b: [twice] };
    circle.self = circle;
    expect(JSON.parse(jsonText(circle))).toEqual({ a: { x: 1 }, b: [{ x: 1 }], self: "[Circular]" });
    const map = new Map<string, unknown>();
    map.set("self", map);
    expect(jsonText({ map })).toBe('{"map":{"self":"[Circular]"}}');
  });
});
