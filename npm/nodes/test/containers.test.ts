import { describe, expect, it } from "vitest";
import { places } from "./run.js";

describe.each(places)("containers without nodes inside, in $name", ({ run, failure }) => {
  it("a loop lists its rounds, and says that it does nothing else", async () => {
    const told: string[] = [];
    const warn = (rule: string) => told.push(rule);
    const each = await run("loop", { array: ["a", "b"] }, { warn });
    expect(each).toMatchObject({
      results: [
        { index: 0, item: "a", processed: true },
        { index: 1, item: "b", processed: true },
      ],
      iterationCount: 2,
      success: true,
      result: { completed: true, stopped: false },
    });
    expect(told).toEqual(["nothing-inside"]);
    expect(await run("loop", { items: [] })).toMatchObject({ results: [], iterationCount: 0 });
    expect((await run("loop", {}, { loopType: "times", count: 3 })).results).toHaveLength(3);
    expect((await run("loop", {}, { array: [1], collectResults: false })).results).toEqual([]);
    expect(await run("loop", {}, { loopType: "times", count: 5000, warn })).toMatchObject({
      iterationCount: 1000,
      result: { stopped: true },
    });
    expect(told.at(-1)).toBe("too-many-rounds");
    expect(await failure("loop", {})).toMatchObject({ code: "TYPE_MISMATCH" });
  });

  it("a loop goes on while its condition holds", async () => {
    const rounds = async (condition: string) =>
      (await run("loop", {}, { loopType: "while", condition })).results.map(
        ({ iteration }: { iteration: number }) => iteration,
      );
    expect(await rounds("iteration < 2")).toEqual([0, 1]);
    expect(await rounds("false")).toEqual([]);
    expect(await rounds("!lastResult || lastResult.iteration < 3")).toEqual([0, 1, 2, 3]);
    expect(await run("loop", {}, { loopType: "while", condition: "true" })).toMatchObject({ iterationCount: 1000 });
    expect((await failure("loop", {}, { loopType: "while", condition: "iteration <" })).message).toContain(
      "Invalid condition: ",
    );
    expect((await failure("loop", {}, { loopType: "while", condition: "none.such" })).message).toContain(
      "Invalid condition: ",
    );
    expect((await failure("loop", {}, { loopType: "while" })).message).toContain("Invalid condition: ");
  });

  it("a group hands its input on, a parallel node lists operations", async () => {
    expect(await run("group", { a: 1 })).toEqual({
      result: { a: 1 },
      metadata: {
        executedAt: expect.any(String),
        nodeId: "n",
        nodeType: "group",
        childNodesExecuted: 0,
        totalExecutionTime: 0,
      },
    });
    const all = await run("parallel", { operations: ["a", "b"] });
    expect(all).toMatchObject({ completed: 2, failed: 0, success: true });
    expect(all.results[1]).toMatchObject({ index: 1, input: "b", result: "Processed operation 1" });
    expect((await run("parallel", { operations: ["a", "b"] }, { strategy: "race" })).results).toHaveLength(1);
    expect(await run("parallel", {})).toMatchObject({ results: [], completed: 0 });
    expect(await failure("parallel", { operations: 5 })).toMatchObject({ code: "TYPE_MISMATCH" });
  });
});
