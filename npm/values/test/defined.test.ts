import { expect, it } from "vitest";

import { definedIn } from "../src/index.js";

it("has the fields that are not undefined, whatever their names are", () => {
  const fields = JSON.parse('{"__proto__": 1, "none": null, "no": false}');
  const defined = definedIn({ ...fields, ["__proto__"]: 1, missing: undefined });
  expect(Object.keys(defined).sort()).toEqual(["__proto__", "no", "none"]);
  expect(Object.getPrototypeOf(defined)).toBe(Object.prototype);
});
