import { describe, expect, it } from "vitest";
import {
  byId,
  conductorWith,
  type Definition,
  edge,
  group,
  HeldNodes,
  leaf,
  type Params,
  type RunResult,
} from "./flows";

const boom = () => {
  throw new Error("boom");
};

/** Runs a stored flow in which `a` fails and the rest goes on, and tells the outputs and what `rescue` received. */
async function outputsOf(
  flow: Definition,
): Promise<{ outputs: Record<string, unknown> | undefined; rescued: unknown }> {
  let rescued: unknown;
  const bodies = {
    a: boom,
    rescue: ({ input }: Params) => {
      rescued = input;
      return input.error?.message;
    },
  };
  const conductor = conductorWith(byId(bodies));
  const stored = conductor as unknown as {
    storage: { saveFlow(flow: unknown): Promise<{ id: string }> };
    execute(request: unknown): Promise<RunResult>;
  };
  const { id } = await stored.storage.saveFlow({ ...flow, name: "outputs" });
  const { outputs } = await stored.execute({ flowId: id, config: { errorStrategy: "continue" } });
  return { outputs, rescued };
}

const onError = (from: string) => edge(from, "rescue", { sourceHandle: "error", targetHandle: "error" });

describe("the outputs of a result in which a group failed", () => {
  it("are those of the leaves that succeeded, and none for the group whose error edge took the error", async () => {
    const flow = group("root", [group("g", [leaf("a"), leaf("z")]), leaf("rescue")], [onError("g")]);
    const { outputs, rescued } = await outputsOf(flow);
    expect(rescued).toMatchObject({ error: { message: "boom", nodeId: "a" } });
    expect(outputs).toEqual({ z: "out:z", rescue: "boom" });
  });

  it("name none of the groups that share the last leaf", async () => {
    const inner = group("g", [group("h", [leaf("a"), leaf("z")])]);
    const { outputs, rescued } = await outputsOf(group("root", [inner, leaf("rescue")], [onError("g")]));
    expect(rescued).toMatchObject({ error: { message: "boom" } });
    expect(outputs).toEqual({ z: "out:z", rescue: "boom" });
  });

  it("bring the leaf's own output to what reads it beside the group's error", async () => {
    const seen: Record<string, unknown>[] = [];
    const conductor = conductorWith(
      byId({
        z: () => "kept",
        a: async () => boom(),
        rescue: ({ input }) => seen.push(input),
      }),
      { concurrency: 2 },
    );
    const inner = group("h", [leaf("z")]);
    const flow = group(
      "root",
      [group("g", [inner, leaf("a"), leaf("y")], [edge("a", "y")]), leaf("rescue")],
      [onError("g")],
    );
    const { outputs, success } = await conductor.node.run(flow);
    expect(success).toBe(true);
    expect(seen).toMatchObject([{ error: { message: "boom" } }]);
    expect(outputs).toMatchObject({ z: "kept", h: "kept", rescue: 1 });
    expect(Object.keys(outputs ?? {}).sort()).toEqual(["h", "rescue", "z"]);
  });

  it("leave out a group that failed after its last leaf was done", async () => {
    const held = new HeldNodes();
    const run = conductorWith(held.body, { concurrency: 2 }).node.run(
      group("root", [group("g", [leaf("a"), leaf("z")])]),
    );
    await held.finish("z");
    await held.fail("a");
    expect((await run).outputs).toEqual({ z: "out:z" });
  });

  it("hold what a loop gathered from items whose error was taken", async () => {
    const conductor = conductorWith(
      byId({
        a: ({ parentContext }) => (parentContext.input.index === 1 ? boom() : "fine"),
        rescue: ({ input }) => input.error?.message ?? "no error",
      }),
    );
    const items = [group("g", [leaf("a"), leaf("z")]), leaf("rescue")];
    const loop = { ...group("each", items, [onError("g")]), type: "loop", parameters: { count: 3 } };
    const { data, outputs } = await conductor.node.run(group("root", [loop]));
    expect(data).toMatchObject({ results: [undefined, "boom", undefined] });
    expect(outputs).toEqual({ each: data });
  });
});
