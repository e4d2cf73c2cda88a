import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import {
  createSimpleExecutor,
  createSimpleNode,
  SimpleExecutor,
  type SimpleResult,
} from "../../src/compat/simple-executor.js";

afterEach(() => vi.restoreAllMocks());

const { executeBlueprint, executeComposite } = createSimpleExecutor();
const instance = new SimpleExecutor();

/** Everything that executes steps, with and without its object. */
const ways = [
  ["executeBlueprint of the class", instance.executeBlueprint.bind(instance)],
  ["executeComposite of the class", instance.executeComposite.bind(instance)],
  ["executeBlueprint of the factory", executeBlueprint],
  ["executeComposite of the factory", executeComposite],
] as const;

const step = (id: string, logic: (input: unknown) => unknown) =>
  createSimpleNode(id, "test", async (input) => logic(input));

describe.each(ways)("%s", (_, execute) => {
  it("feeds each step with what the one before gave", async () => {
    const nodes = [
      step("a", (input) => `${input} a`),
      step("b", (input) => `${input} b`),
      step("c", (input) => `${input} c`),
    ];
    expect(await execute({ id: "flow", nodes }, "in")).toEqual({ success: true, outputs: "in a b c" });
  });

  it("gives the input back when there are no steps", async () => {
    const input = { any: "thing" };
    const result = await execute({ id: "flow", nodes: [] }, input);
    expect(result).toEqual({ success: true, outputs: input });
    expect(result.outputs).toBe(input);
  });

  it("waits for a step before it starts the next", async () => {
    const order: string[] = [];
    const slow = step("slow", async () => {
      await new Promise((resolve) => setImmediate(resolve));
      order.push("slow is over");
    });
    await execute({ id: "flow", nodes: [slow, step("next", () => order.push("next starts"))] });
    expect(order).toEqual(["slow is over", "next starts"]);
  });

  it("stops at the first step that throws", async () => {
    const after = vi.fn();
    const nodes = [
      step("bad", () => {
        throw new TypeError("no such thing");
      }),
      step("after", after),
    ];
    expect(await execute({ id: "flow", nodes })).toEqual({ success: false, error: "no such thing" });
    expect(after).not.toHaveBeenCalled();
  });

  it.each([
    ["a string", "plain", "plain"],
    ["null", null, "null"],
    ["an object", { code: 1 }, "[object Object]"],
    ["an object without prototype", Object.create(null), "[object Object]"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    ["an error whose message is a number", Object.assign(new Error("x"), { message: 7 }), "7"],
  ])("says what was thrown when it is %s", async (_, thrown, error) => {
    const bad = step("bad", () => {
      throw thrown;
    });
    expect(await execute({ id: "flow", nodes: [bad] })).toEqual({ success: false, error });
  });

  it("takes steps that answer or throw at once", async () => {
    const now = (answer: () => unknown) => ({ id: "now", type: "test", execute: answer as () => Promise<unknown> });
    expect(await execute({ id: "flow", nodes: [now(() => 1)] })).toEqual({ success: true, outputs: 1 });
    const bad = now(() => {
      throw new Error("at once");
    });
    expect(await execute({ id: "flow", nodes: [bad] })).toEqual({ success: false, error: "at once" });
  });

  it("does not reject what is no list of steps", async () => {
    expect(await execute({ id: "flow", nodes: undefined as never })).toMatchObject({ success: false });
    expect(await execute(null as never)).toMatchObject({ success: false });
    expect(await execute({ id: "flow", nodes: [null as never] })).toMatchObject({ success: false });
  });

  it("calls a step as a method of its node", async () => {
    const node = {
      id: "own",
      type: "test",
      factor: 3,
      async execute(input: number) {
        return input * this.factor;
      },
    };
    expect(await execute({ id: "flow", nodes: [node] }, 5)).toEqual({ success: true, outputs: 15 });
  });
});

describe("the log", () => {
  it("is silent unless asked for", async () => {
    const written = (["log", "info", "warn", "error"] as const).map((level) => vi.spyOn(console, level));
    await instance.executeBlueprint({ id: "flow", nodes: [step("a", () => 1)] });
    for (const level of written) expect(level).not.toHaveBeenCalled();
  });

  it("gets a line before each step", async () => {
    const lines: string[] = [];
    const log = (line: string) => lines.push(line);
    const nodes = [step("a", () => lines.push("in a")), step("b", () => lines.push("in b"))];
    await new SimpleExecutor({ log }).executeBlueprint({ id: "flow", nodes });
    await createSimpleExecutor({ log }).executeComposite({ id: "flow", nodes: nodes.slice(0, 1) });
    expect(lines).toEqual(["Executing node: a", "in a", "Executing node: b", "in b", "Executing node: a", "in a"]);
  });

  it("cannot hurt the execution", async () => {
    const reported = vi.spyOn(console, "error").mockImplementation(() => {});
    const log = () => {
      throw new Error("disk full");
    };
    const result = await new SimpleExecutor({ log }).executeBlueprint({
      id: "f",
      nodes: [step("a", () => 1), step("b", () => 2)],
    });
    expect(result).toEqual({ success: true, outputs: 2 });
    expect(reported).toHaveBeenCalledTimes(1);
  });
});

describe("createSimpleNode", () => {
  it("keeps the function as it is", () => {
    const logic = async () => 1;
    expect(createSimpleNode("id", "type", logic)).toEqual({ id: "id", type: "type", execute: logic });
    expect(createSimpleNode("id", "type", logic).execute).toBe(logic);
  });

  it("lets steps take whatever they expect", async () => {
    vi.spyOn(globalThis, "fetch").mockResolvedValue(Response.json({ status: "up" }));
    const nodes = [
      createSimpleNode("fetch", "http", async (url) => (await fetch(url as string)).json()),
      createSimpleNode("validate", "logic", async (data) => ({ ...data, validated: true })),
      createSimpleNode("strict", "logic", async (data: unknown) => data),
    ];
    const result = await new SimpleExecutor().executeBlueprint({ id: "api", nodes }, "https://example.com");
    expect(result).toEqual({ success: true, outputs: { status: "up", validated: true } });
    expectTypeOf(result).toEqualTypeOf<SimpleResult>();
  });
});
