import { describe, expect, it } from "vitest";
import { isAtomic, isComposite } from "../../src/compat/kinds.js";

const child = { id: "c", type: "t" };

describe.each([
  ["no list of children", { id: "n", type: "t" }, false],
  ["an empty list of children", { id: "n", type: "group", nodes: [] }, false],
  ["a child", { id: "n", type: "t", nodes: [child] }, true],
])("a node with %s", (_, node, composite) => {
  it(composite ? "is composite" : "is atomic", () => {
    expect(isComposite(node)).toBe(composite);
    expect(isAtomic(node)).toBe(!composite);
  });
});
