/** What is said of the caches that a flow asks for before it runs. */
import { createConductor, validateFlow } from "@atomiton/conductor/desktop";
import { defineNode } from "@atomiton/nodes";
import { describe, expect, it } from "vitest";

import { group, leaf } from "../contract/flows.js";

const problemsOf = (policy: unknown, node: Record<string, unknown>) =>
  validateFlow(group("f", [leaf("a", { policy: { cache: policy }, ...node })]) as never).map(
    ({ rule, severity, path }) => `${severity} ${rule} ${path}`,
  );

const read = { type: "http-request", parameters: { url: "https://a.example" } };
const write = { type: "http-request", parameters: { url: "https://a.example", method: "POST" } };
const pure = { type: "sort", parameters: { by: [{ field: "n" }] } };

describe("a cache", () => {
  it.each([
    [true, pure, []],
    [false, write, []],
    [null, write, []],
    ["1h", read, []],
    [60_000, read, []],
    [{ key: "a" }, read, []],
    [{ key: "a" }, write, []],
    [{}, pure, []],
    [true, read, ["warning cache-without-ttl /nodes/0/policy/cache"]],
    [{}, read, ["warning cache-without-ttl /nodes/0/policy/cache"]],
    ["1h", write, ["warning cached-effects /nodes/0/policy/cache"]],
    ["soon", pure, ["error invalid-policy /nodes/0/policy/cache"]],
    [0, pure, ["error invalid-policy /nodes/0/policy/cache"]],
    [[], pure, ["error invalid-policy /nodes/0/policy/cache"]],
    [{ ttl: "0s" }, pure, ["error invalid-policy /nodes/0/policy/cache/ttl"]],
    [{ key: 5 }, pure, ["error type-mismatch /nodes/0/policy/cache/key"]],
    [{ tll: "1h" }, pure, ["error invalid-policy /nodes/0/policy/cache/tll"]],
  ])("of %j at %j has these problems: %j", (policy, node, found) => {
    expect(problemsOf(policy, node)).toEqual(found);
  });

  it("that makes no sense keeps a flow from running, as validation says", async () => {
    const { node } = createConductor({ transport: "local" } as never);
    for (const cache of ["soon", { tll: "1h" }, { key: 5 }, { ttl: "0s" }, [], 0, "0s"]) {
      const { error } = await node.run(group("f", [leaf("a", { ...pure, policy: { cache } })]) as never);
      expect(["VALIDATION_FAILED", "TYPE_MISMATCH"], JSON.stringify(cache)).toContain(error?.code);
    }
  });

  it("of a group is told of, when it is validated and when it runs", async () => {
    const inner = group("g", [leaf("a", pure)]);
    const flow = group("f", [{ ...inner, policy: { cache: true } } as never]);
    expect(validateFlow(flow as never)).toMatchObject([
      { rule: "ignored-policy", severity: "warning", path: "/nodes/0/policy/cache", message: /none inside/ },
    ]);
    const { node } = createConductor({ transport: "local", logLevel: "error" } as never);
    expect((await node.run(flow as never)).warnings).toMatchObject([{ rule: "ignored-policy", nodeId: "g" }]);
  });

  it("of a type of one's own counts by the effects that it says, and writes where it says none", () => {
    const types = [
      defineNode({ type: "mine:reads", effects: "reads", execute: () => 1 }),
      defineNode({ type: "mine:silent", execute: () => 1 }),
    ];
    const rulesOf = (type: string) =>
      validateFlow(group("f", [leaf("a", { type, policy: { cache: true } })]) as never, { nodes: types }).map(
        ({ rule }) => rule,
      );
    expect(rulesOf("mine:reads")).toEqual(["cache-without-ttl"]);
    expect(rulesOf("mine:silent")).toEqual(["cached-effects"]);
  });

  it("of a node type with a version that is none is refused", () => {
    expect(() => defineNode({ type: "mine:v", version: 1 as never, execute: () => 1 })).toThrow(
      /`version` must be text/,
    );
  });
});
