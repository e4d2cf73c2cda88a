/** Flows of the node library's own nodes, from one end to the other. */
import { createConductor } from "@atomiton/conductor";
import { nodeExecutableRegistry } from "@atomiton/nodes/executables";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { backend } from "../src/engine/backend";
import { edge, group, leaf } from "./contract/flows";

let before = 0;
beforeEach(() => {
  before = backend().openRuns();
});
afterEach(() => {
  expect(backend().openRuns() - before, "runs left open in the engine").toBe(0);
});

const code = (id: string, text: string, more: Record<string, unknown> = {}) =>
  leaf(id, { type: "transform", parameters: { transformFunction: text, ...more } });

describe.each([
  "@atomiton/conductor",
  "@atomiton/conductor/desktop",
  "@atomiton/conductor/node",
  "@atomiton/conductor/browser",
])("a conductor of %s that is given no executables", (entry) => {
  it("knows every node type of the library", async () => {
    const { createConductor } = (await import(entry)) as typeof import("@atomiton/conductor/node");
    const conductor = createConductor();
    for (const type of nodeExecutableRegistry.keys()) {
      const { success, error } = await conductor.node.run(leaf("n", { type }));
      // Without parameters some fail, and in a page those that need a machine do.
      if (!success)
        expect(error?.code, type).toMatch(
          /^(INVALID_PARAMETERS|VALIDATION_FAILED|TYPE_MISMATCH|EXECUTION_FAILED|NO_TRANSPORT)$/,
        );
      const { errors, warnings = [] } = await conductor.node.validate(leaf("n", { type }));
      // Existing code gives groups and loops their nodes later, so that they are only warned of.
      const empty = { group: warnings, loop: warnings, try: errors, until: errors }[type];
      if (empty !== undefined) expect(empty.join()).toContain(`\`${type}\` needs \`nodes\``);
      else expect(errors.join(), type).not.toMatch(/node type/i);
    }
    const unknown = await conductor.node.run(leaf("n", { type: "telegraph" }));
    expect(unknown.error?.code).toBe("NODE_TYPE_NOT_FOUND");
  });
});

describe("parameters that a node refuses", () => {
  const wrong = leaf("n", { type: "transform", parameters: { limitCount: 0, operation: "filtre" } });
  const words =
    /^Invalid transform parameters: `operation` must be one of "map", .*, found "filtre"; `limitCount` must be at least 1, found 0$/;

  it.each(["@atomiton/conductor/node", "@atomiton/conductor/browser"])("are told in sentences by %s", async (entry) => {
    const { createConductor } = (await import(entry)) as typeof import("@atomiton/conductor/node");
    const { error } = await createConductor().node.run(wrong);
    expect(error).toMatchObject({ code: "INVALID_PARAMETERS", message: expect.stringMatching(words) });
  });
});

describe("what a node of the library warns of", () => {
  it("is in the result of the run", async () => {
    const filter = leaf("costly", {
      type: "transform",
      parameters: { operation: "filter", where: [{ field: "price", operator: "gt", value: "a hundred" }] },
    });
    const { warnings, success } = await createConductor().node.run(filter, { input: { data: [{ price: 5 }] } });
    expect(success).toBe(true);
    expect(warnings).toEqual([
      { rule: "types-differ", nodeId: "costly", message: expect.stringContaining("compares text with a number") },
    ]);
  });
});

describe("a condition", () => {
  const flow = () =>
    group(
      "root",
      [
        leaf("if", { type: "condition", parameters: { expression: "input.value > 5" } }),
        leaf("yes", { type: "edit-fields", parameters: { values: { branch: "yes" }, keepOnlySet: true } }),
        leaf("no", { type: "edit-fields", parameters: { values: { branch: "no" }, keepOnlySet: true } }),
      ],
      [edge("if", "yes", { sourceHandle: "true" }), edge("if", "no", { sourceHandle: "false" })],
    );

  it("routes its data to one branch and skips the other", async () => {
    const conductor = createConductor();
    for (const [value, taken, skipped] of [
      [7, "yes", "no"],
      [3, "no", "yes"],
    ] as const) {
      const result = await conductor.node.run(flow(), { input: { value } });
      expect(result.error).toBeUndefined();
      expect(result.executedNodes).toContain(taken);
      expect(result.executedNodes).not.toContain(skipped);
      expect(conductor.node.store.getState().nodes.get(skipped)?.state).toBe("skipped");
    }
  });
});

describe("an error edge", () => {
  it("catches what a leaf of the library threw", async () => {
    const conductor = createConductor();
    const flow = group(
      "root",
      [
        code("bad", "() => { throw new Error('no') }"),
        leaf("after", { type: "edit-fields", parameters: { values: { ok: true } } }),
      ],
      [edge("bad", "after", { sourceHandle: "error" })],
    );
    const result = await conductor.node.run(flow, { input: { data: [1] } });
    expect(result.success).toBe(true);
    expect(result.executedNodes).toEqual(["root", "bad", "after"]);
  });

  it("catches what happened anywhere in a group", async () => {
    const conductor = createConductor();
    const flow = group(
      "root",
      [
        group(
          "g",
          [code("bad", "() => { throw new Error('no') }"), leaf("never", { type: "edit-fields" })],
          [edge("bad", "never")],
        ),
        leaf("after", { type: "edit-fields", parameters: { values: { ok: true } } }),
      ],
      [edge("g", "after", { sourceHandle: "error" })],
    );
    const result = await conductor.node.run(flow, { input: { data: [1] } });
    expect(result.success).toBe(true);
    expect(result.executedNodes).toEqual(["root", "g", "bad", "after"]);
  });
});

describe("code that never ends", () => {
  it("is stopped at its deadline", async () => {
    const conductor = createConductor();
    const result = await conductor.node.run(code("spin", "() => { while (true) {} }", { timeout: 200 }), {
      input: { data: [1] },
    });
    expect(result.error).toMatchObject({ code: "TIMEOUT", nodeId: "spin" });
  });

  it("is stopped when its run is cancelled, and until then timers go on", async () => {
    const conductor = createConductor();
    const run = conductor.node.run(group("root", [code("spin", "() => { while (true) {} }", { timeout: 600_000 })]), {
      executionId: "run",
      input: { data: [1] },
    });
    let isOver = false;
    void run.then(() => {
      isOver = true;
    });
    for (let tick = 0; tick < 5; tick++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(isOver).toBe(false);
    await conductor.node.cancel("run");
    expect((await run).error?.code).toBe("CANCELLED");
  });
});
