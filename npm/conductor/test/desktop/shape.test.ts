/** The quick look at arguments lets nothing pass that the schema refuses. */
import { expect, it } from "vitest";
import { executeSchema, issuesOf } from "../../src/desktop/channels/node-schema.js";
import { isPlainlyValid } from "../../src/desktop/channels/node-shape.js";

const LIMITS = { id: 256, slowMo: 3_600_000 };

const usual = () => ({
  node: {
    id: "flow",
    type: "group",
    version: "1.0.0",
    parentId: "p",
    name: "Flow",
    position: { x: 1, y: 2 },
    metadata: { description: "d", category: "c", tags: ["t"], icon: "i", color: "red", other: {} },
    parameters: { any: [{ thing: 1 }] },
    nodes: [{ id: "a", type: "echo" }],
    edges: [{ id: "e", source: "a", target: "a", sourceHandle: null, targetHandle: "in", animated: true }],
    fields: [],
  },
  context: {
    nodeId: "flow",
    executionId: "exec_1",
    variables: { v: 1 },
    input: { when: new Date() },
    parentContext: {},
    slowMo: 250,
    debug: true,
  },
});

const ODD: unknown[] = [
  undefined,
  null,
  "",
  "text",
  "x".repeat(300),
  0,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  4_000_000,
  1n,
  true,
  [],
  [undefined],
  new Array(1),
  [1],
  {},
  { id: "", type: "" },
  { x: 1 },
  { x: "1", y: 2 },
  { simulateError: { nodeId: "a", errorType: "other" } },
  new Date(),
  new Map(),
  new Set(),
  Promise.resolve(),
  Object.create(null),
  () => 1,
];

/** Every place in a value: the keys that lead there. */
function* places(value: unknown, path: string[] = []): Generator<string[]> {
  yield path;
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) yield* places((value as Record<string, unknown>)[key], [...path, key]);
}

/** The usual arguments with something else in one place. */
function changed(path: string[], value: unknown): unknown {
  if (path.length === 0) return value;
  const args: Record<string, unknown> = usual();
  let at = args;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[path.at(-1) as string] = value;
  return args;
}

it("lets pass what applications send", () => {
  expect(isPlainlyValid(usual(), LIMITS)).toBe(true);
  expect(isPlainlyValid({ node: { id: "a", type: "x" } }, LIMITS)).toBe(true);
});

it("lets pass nothing that the schema refuses, whatever stands in whatever place", () => {
  let refused = 0;
  for (const path of places(usual())) {
    for (const value of ODD) {
      const args = changed(path, value);
      const issues = issuesOf(executeSchema, args);
      if (issues.length === 0) continue;
      refused++;
      expect([path.join("."), String(issues[0]?.message), isPlainlyValid(args, LIMITS)]).toEqual([
        path.join("."),
        String(issues[0]?.message),
        false,
      ]);
    }
  }
  expect(refused).toBeGreaterThan(300);
});
