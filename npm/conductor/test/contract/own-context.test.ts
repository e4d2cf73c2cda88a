import { describe, expect, it } from "vitest";
import { byId, conductorWith, type Definition, group, HeldNodes, leaf, type Params, turns, watch } from "./flows";

/** Leaves nothing of its parent's context as it was. */
function spoil({ parentContext }: Params): string {
  Object.assign(parentContext, {
    executionId: "exec_spoiled",
    nodeId: "spoiled",
    input: { spoiled: true },
    variables: { spoiled: true },
    parentContext: undefined,
    slowMo: 1e6,
    debug: { simulateError: { nodeId: "b", errorType: "generic" } },
  });
  return "done";
}

const afterSpoiling = async (flow: Definition) => {
  let seen: Params | undefined;
  const conductor = conductorWith(
    byId({
      a: spoil,
      b: (params) => {
        seen = params;
      },
    }),
  );
  const variables = { shared: 1 };
  const result = await conductor.node.run(flow, { executionId: "exec_1", input: { given: true }, variables });
  return { conductor, result, seen: seen as Params, variables };
};

describe("a node that changes its parentContext", () => {
  it("leaves nothing behind among the executions that are not over", async () => {
    const { conductor, result } = await afterSpoiling(group("root", [leaf("a"), leaf("b")]));
    expect(result.success).toBe(true);
    expect(await conductor.node.active()).toEqual([]);
    expect(result.context).toMatchObject({ nodeId: "root", executionId: "exec_1", input: { given: true } });
    expect(result.trace?.executionId).toBe("exec_1");
    expect(conductor.node.store.getState().executionId).toBe("exec_1");
  });

  it.each([
    ["beside it", group("root", [leaf("a"), leaf("b")]), "exec_1/b"],
    ["beside it in a group", group("root", [group("g", [leaf("a"), leaf("b")])]), "exec_1/g/b"],
    [
      "beside it in an item of a loop",
      group("root", [{ ...group("l", [leaf("a"), leaf("b")]), type: "loop", parameters: { array: [true] } }]),
      "exec_1/l[0]/b",
    ],
  ])("changes nothing for a node %s", async (_, flow, executionId) => {
    const { seen, variables } = await afterSpoiling(flow);
    expect(seen.executionId).toBe(executionId);
    expect(seen.idempotencyKey).toBe(executionId);
    expect(seen.variables).toBe(variables);
    expect(seen.slowMo).toBeUndefined();
    expect(seen.debug).toBeUndefined();
    expect(seen.input).not.toHaveProperty("spoiled");
  });

  it("can still be cancelled, with what it started", async () => {
    const held = new HeldNodes();
    const conductor = conductorWith((params) => {
      if (params.nodeId !== "starter") return held.body(params);
      const { parentContext } = params;
      const child = conductor.node.run(leaf("inside"), { executionId: "exec_child", parentContext });
      spoil(params);
      return child;
    });
    const run = watch(conductor.node.run(group("root", [leaf("starter")]), { executionId: "exec_parent" }));
    await turns();
    expect((await conductor.node.active()).map(({ executionId }) => executionId)).toEqual([
      "exec_parent",
      "exec_child",
    ]);
    await conductor.node.cancel("exec_parent");
    await turns();
    expect(run.value?.error?.code).toBe("CANCELLED");
    expect(await conductor.node.active()).toEqual([]);
  });
});

it("a listener that changes the context of a result leaves nothing behind", async () => {
  const conductor = conductorWith();
  conductor.events.on("completed", ({ result }) => {
    (result.context as { executionId: string }).executionId = "exec_spoiled";
  });
  await conductor.node.run(leaf("a"), { executionId: "exec_1" });
  expect(await conductor.node.active()).toEqual([]);
  expect(conductor.node.store.getState().executionId).toBe("exec_1");
});

it("no node changes where the messages of others go", async () => {
  const conductor = conductorWith(({ log }: Params) => {
    log.warn = () => {};
  });
  const { error } = await conductor.node.run(leaf("a"));
  expect(error?.message).toMatch(/read only|not extensible|Cannot assign/);
});
