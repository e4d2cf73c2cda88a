/** What crosses between the page and its worker, and what cannot. */
import { expect, test } from "vitest";
import { memoryIn, uncloneable } from "../../src/worker/post-message.js";
import { chain, executables, inWorkers, node } from "./workers.js";

// biome-ignore lint/suspicious/noExplicitAny: tests look into parameters of every shape.
type Params = any;

test("what cannot be cloned is named by the path to it", () => {
  const cycle: Record<string, unknown> = { rows: [1] };
  cycle.self = cycle;
  expect(uncloneable({ cycle, date: new Date(), map: new Map([["a", new Set([1])]]), error: new Error("x") })).toBe(
    undefined,
  );
  expect(uncloneable({ data: { rows: [{ parse: () => 1 }] } })).toBe("data.rows.0.parse is a function");
  expect(uncloneable({ a: 1, b: [Symbol("s")] })).toBe("b.0 is a symbol");
  expect(uncloneable({ a: { p: Promise.resolve() } })).toBe("a.p is a promise");
  expect(uncloneable({ a: new Map([["k", { f() {} }]]) })).toBe("a.k.f is a function");
  expect(uncloneable({ a: new WeakMap() })).toBe("a is of type WeakMap");
  const trap = Object.defineProperty({}, "x", { enumerable: true, get: () => expect.fail("not to be read") });
  expect(uncloneable({ a: trap })).toBe("a.x threw when it was read");
});

test("the memory in a value is found once, and only where it is large", () => {
  const [large, small] = [new ArrayBuffer(1 << 20), new ArrayBuffer(8)];
  const value = { a: new Uint8Array(large), b: [new DataView(large), small], c: new Map([["k", large]]) };
  expect(memoryIn({ value, again: value })).toEqual([large]);
});

test("an input that cannot be cloned fails the run, naming it", async () => {
  const { conductor } = inWorkers();
  const { error, executedNodes } = await conductor.node.run(node("a", "edit-fields", { values: {} }), {
    input: { rows: [{ parse: () => 1 }] },
  });
  expect(error?.code).toBe("SERIALIZATION_FAILED");
  expect(error?.message).toContain("context.input.rows.0.parse is a function");
  expect(executedNodes).toEqual([]);
});

test("a parameter of a library node that cannot be cloned fails the run, naming it", async () => {
  const { conductor } = inWorkers();
  const { error } = await conductor.node.run(chain("f", node("a", "edit-fields", { values: { x: () => 1 } })));
  expect(error?.code).toBe("SERIALIZATION_FAILED");
  expect(error?.message).toContain("parameters of a.values.x is a function");
});

test("an output of the page that cannot be cloned fails its node, naming it", async () => {
  const { conductor } = inWorkers({ nodeExecutorFactory: executables({ make: () => ({ fn: () => 1 }) }) });
  const { error } = await conductor.node.run(chain("f", node("m", "make")));
  expect(error).toMatchObject({ code: "SERIALIZATION_FAILED", nodeId: "m" });
  expect(error?.message).toContain("output.fn is a function");
});

test("an output of the worker that cannot be cloned fails where the page needs it", async () => {
  const own = executables({
    make: () => ({ fn: () => 1 }),
    pass: ({ input }: Params) => typeof input.default.fn,
    count: () => 3,
  });
  const { conductor } = inWorkers({ own, nodeExecutorFactory: executables({ take: () => 1 }) });
  // Between nodes of the worker it crosses nothing, and no other output is lost with it.
  const passed = await conductor.node.run(chain("f", node("m", "make"), node("p", "pass")));
  expect(passed).toMatchObject({ success: true, data: "function" });
  expect(passed.outputs).toEqual({ p: "function" });
  const taken = await conductor.node.run(chain("f", node("m", "make"), node("t", "take")));
  expect(taken.error).toMatchObject({ code: "SERIALIZATION_FAILED", nodeId: "t" });
  expect(taken.error?.message).toContain("input.default.fn is a function");
  const result = await conductor.node.run(node("m", "make"));
  expect(result.error?.code).toBe("SERIALIZATION_FAILED");
  expect(result.error?.message).toContain("data.fn is a function");
  const last = await conductor.node.run(chain("f", node("n", "count"), node("m", "make")));
  expect(last.error?.code).toBe("SERIALIZATION_FAILED");
  expect(last.outputs).toEqual({ n: 3 });
});

test("memory is handed over only by workers that have no executables of the application", async () => {
  const kept = { bytes: new Uint8Array(1 << 20) };
  const { conductor } = inWorkers({ own: executables({ make: () => kept }) });
  const first = await conductor.node.run(node("m", "make"));
  const second = await conductor.node.run(node("m", "make"));
  expect([first, second].map(({ data }) => (data as typeof kept).bytes.length)).toEqual([1 << 20, 1 << 20]);
  expect(kept.bytes.length).toBe(1 << 20);
});

test("memory of the page is never handed over", async () => {
  const made = { bytes: new Uint8Array(1 << 20) };
  const given = new ArrayBuffer(1 << 20);
  const { conductor } = inWorkers({ nodeExecutorFactory: executables({ make: () => made }) });
  const { data } = await conductor.node.run(node("m", "make"), { input: { given } });
  expect((data as typeof made).bytes.length).toBe(1 << 20);
  expect([made.bytes.length, given.byteLength]).toEqual([1 << 20, 1 << 20]);
});
