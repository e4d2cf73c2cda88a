/** What is kept of what an execution was given. */
import { defineNode } from "@atomiton/nodes";
import { createMemoryExecutions, type ExecutionChange } from "@atomiton/storage";
import { describe, expect, it, onTestFinished } from "vitest";
import { createConductor } from "../../src/exports/node.js";

const NODES = ["a", "b", "c"];

async function conducting() {
  const store = createMemoryExecutions();
  const batches: ExecutionChange[][] = [];
  const { write } = store;
  store.write = async (changes) => {
    batches.push([...changes]);
    return write.call(store, changes);
  };
  const conductor = createConductor({
    store,
    transport: "local",
    // What a node writes waits for the disk before it.
    nodes: [defineNode({ type: "deed", effects: "writes", execute: ({ input }) => input.default })],
  });
  onTestFinished(() => conductor.shutdown());
  await conductor.storage.saveFlow({
    id: "flow",
    nodes: NODES.map((id) => ({ id, type: "deed" })),
    edges: NODES.slice(1).map((target, at) => ({ source: NODES[at] as string, target })),
  });
  return { conductor, store, batches };
}

describe("executions", () => {
  it("are kept with what they were given alone", async () => {
    const { conductor, store, batches } = await conducting();
    await conductor.execute({
      flowId: "flow",
      inputs: { one: 1, none: undefined },
      context: { variables: { list: [] } },
    });
    const begun = batches.flat().find((change) => change.type === "begin");
    const head = JSON.parse(new TextDecoder().decode(begun?.type === "begin" ? begun.execution.head : undefined));
    expect(head).toMatchObject({ input: { one: 1, none: { $type: "undefined" } }, variables: { list: [] } });
    for (const fields of [head, head.options]) expect(Object.values(fields)).not.toContainEqual({ $type: "undefined" });
    const [kept] = (await store.list({ flowId: "flow" })).executions;
    expect((await conductor.executions.result(kept?.id as string)).success).toBe(true);
  });
});
