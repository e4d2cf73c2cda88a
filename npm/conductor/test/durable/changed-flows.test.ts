/** Flow objects that are changed between two runs: each execution is kept with the flow as it was when that one began. */
import { createHash } from "node:crypto";

import { describe, expect, it } from "vitest";

import { type Definition, edge, group, leaf } from "../contract/flows.js";
import { memory, Process, World } from "./world.js";

const shop = (): Definition =>
  group(
    "shop",
    [leaf("see", { type: "read", parameters: { of: { shelf: 1 } } }), leaf("buy", { type: "pay" })],
    [edge("see", "buy")],
  );

/** Changes of a flow in place, none of which makes it one that cannot be run. */
const CHANGES: Record<string, (flow: Definition) => void> = {
  "a name": (flow) => Object.assign(flow, { name: "Another" }),
  "a value deep in the parameters, of the same length": ({ nodes }) => {
    (nodes?.[0]?.parameters?.of as { shelf: number }).shelf = 2;
  },
  "a new parameter": ({ nodes }) => Object.assign(nodes?.[1] as Definition, { parameters: { more: true } }),
  "a parameter that is gone": ({ nodes }) => delete nodes?.[0]?.parameters?.of,
  "a type": ({ nodes }) => Object.assign(nodes?.[0] as Definition, { type: "pure" }),
  "an id": (flow) => {
    (flow.nodes?.[1] as Definition).id = "pay";
    Object.assign(flow.edges?.[0] ?? {}, { target: "pay" });
  },
  "a further node": ({ nodes }) => nodes?.push(leaf("tell", { type: "pure" })),
  "a node that takes the place of another": ({ nodes }) => nodes?.splice(0, 1, leaf("see", { type: "pure" })),
  "an edge that is gone": ({ edges }) => edges?.pop(),
  "metadata that nothing reads": ({ nodes }) => Object.assign(nodes?.[0] as Definition, { metadata: { x: 1 } }),
};

describe("a flow object that is run again", () => {
  for (const [what, change] of Object.entries(CHANGES)) {
    it(`is kept with ${what}, changed in place`, async () => {
      const { conductor, store } = new Process(new World(), memory());
      const flow = shop();
      const run = async (executionId: string) => {
        const document = JSON.stringify(flow);
        const { error } = await conductor.node.run(flow as never, { executionId });
        expect(error).toBeUndefined();
        expect((await store.begun(executionId))?.document).toBe(document);
        const documentHash = createHash("sha256").update(document).digest("hex");
        expect(await store.get(executionId)).toMatchObject({ status: "completed", documentHash });
        return document;
      };
      const before = await run("one");
      expect(await run("two")).toBe(before);
      change(flow);
      const after = await run("three");
      expect(after).not.toBe(before);
      expect(await run("four")).toBe(after);
      // The same again under an id that is known: the flow differs from the one that counts.
      const { warnings } = await conductor.node.run(flow as never, { executionId: "one" });
      expect(warnings).toEqual([
        { rule: "began-otherwise", nodeId: "shop", message: expect.stringContaining("another flow") },
      ]);
    });
  }

  it("waits for the disk before nodes that write since they were changed", async () => {
    const world = new World();
    const { conductor, store } = new Process(world, memory());
    const flow = group("shop", [leaf("a", { type: "pure" }), leaf("b", { type: "pure" })], [edge("a", "b")]);
    await conductor.node.run(flow as never, { executionId: "one" });
    const crashing = new Process(world, memory(store), { crashAt: 0 });
    (flow.nodes?.[1] as Definition).type = "pay";
    void crashing.conductor.node.run(flow as never, { executionId: "two" });
    await crashing.death;
    await new Promise((resolve) => setImmediate(resolve));
    expect(world.deeds).toEqual([]);
  });

  it("is not kept while it cannot be run, and is again once it can", async () => {
    const { conductor, store } = new Process(new World(), memory());
    const flow = shop();
    const [first] = flow.edges as { source: string }[];
    const run = (executionId: string) => conductor.node.run(flow as never, { executionId });
    expect((await run("one")).success).toBe(true);
    (first as { source: string }).source = "nowhere";
    for (const executionId of ["two", "three"]) {
      const { success, error } = await run(executionId);
      expect(success).toBe(false);
      expect(error?.message).toContain("nowhere");
      expect(await store.get(executionId)).toBeUndefined();
    }
    (first as { source: string }).source = "see";
    expect((await run("four")).success).toBe(true);
    expect(await store.get("four")).toMatchObject({ status: "completed" });
    flow.nodes?.push(leaf("see", { type: "read" }));
    expect((await run("five")).success).toBe(false);
    expect(await store.get("five")).toBeUndefined();
  });

  it("has the hash of its own document among more flows than hashes are remembered", async () => {
    const { conductor, store } = new Process(new World(), memory());
    for (let round = 0; round < 3; round++) {
      for (let flow = 0; flow < 20; flow++) {
        const executionId = `${round}-${flow}`;
        const definition = group(`flow-${flow}`, [leaf("see", { type: "read" })], []);
        await conductor.node.run(definition as never, { executionId });
        const documentHash = createHash("sha256").update(JSON.stringify(definition)).digest("hex");
        expect(await store.get(executionId)).toMatchObject({ documentHash });
      }
    }
  });
});
