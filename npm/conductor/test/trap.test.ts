/** What a panic of the engine costs where it is a WebAssembly module. */
import * as module from "@atomiton/conductor-wasm";
import { describe, expect, it, vi } from "vitest";
import "./wasm-engine";
import { backend } from "../src/engine/backend";
import { WasmBackend } from "../src/engine/wasm-backend";
import { byId, chain, conductorWith } from "./contract/flows";

/** Panics in the engine while its words are in use: the next turn finds the instance as the panic left it, and traps. */
function breakInstance(): void {
  expect(() => module.words(0xffff_ffff)).toThrow(WebAssembly.RuntimeError);
}

/** A run of three nodes that is at its second, which answers when it is released. */
function waiting() {
  const started: string[] = [];
  let release = (_: unknown): void => {};
  const answer = new Promise((resolve) => {
    release = resolve;
  });
  const conductor = conductorWith(
    byId({
      n1: () => started.push("n1"),
      n2: () => {
        started.push("n2");
        return answer;
      },
      n3: () => started.push("n3"),
    }),
    // Otherwise the driver would go on by itself before it tells the engine.
    { keepOutputs: "last" },
  );
  const done = conductor.node.run(chain(3));
  /** Settles once it is at its second node, which on a busy machine is not after any number of turns. */
  const settled = () => vi.waitFor(() => expect(started).toEqual(["n1", "n2"]));
  return { done, release, started, settled };
}

describe("a run whose engine traps", () => {
  it("fails with INTERNAL_ERROR and starts nothing more", async () => {
    const run = waiting();
    await run.settled();
    breakInstance();
    run.release("late");
    const { success, error } = await run.done;
    expect(success).toBe(false);
    expect(error?.code).toBe("INTERNAL_ERROR");
    expect(run.started).toEqual(["n1", "n2"]);
  });

  it("takes the other runs of its instance with it, and no run of the instance that follows", async () => {
    const first = waiting();
    const second = waiting();
    await Promise.all([first.settled(), second.settled()]);
    expect(backend().openRuns()).toBe(2);
    breakInstance();
    first.release("late");
    expect((await first.done).error?.code).toBe("INTERNAL_ERROR");

    // These get the same handles within the fresh instance that the lost ones had in theirs.
    const third = waiting();
    const fourth = waiting();
    await Promise.all([third.settled(), fourth.settled()]);
    expect(backend().openRuns()).toBe(2);
    second.release("late");
    expect((await second.done).error?.code).toBe("INTERNAL_ERROR");
    expect(second.started).toEqual(["n1", "n2"]);
    expect(backend().openRuns()).toBe(2);

    third.release("in time");
    fourth.release("in time");
    for (const run of [third, fourth]) {
      expect((await run.done).success).toBe(true);
      expect(run.started).toEqual(["n1", "n2", "n3"]);
    }
    expect(backend().openRuns()).toBe(0);
  });

  it("leaves reading, weighing and looking back as they were", async () => {
    const finished = waiting();
    finished.release("in time");
    const result = await finished.done;
    const lost = waiting();
    await lost.settled();
    breakInstance();
    lost.release("late");
    await lost.done;
    expect(backend().weightOf("http-request")).toBeGreaterThan(0);
    expect(JSON.parse(backend().readFlow('{"id":"a","type":"group"}', "json"))).toHaveProperty("flow");
    expect(result.trace?.nodes.map(({ nodeId }) => nodeId)).toEqual(["n1", "n2", "n3"]);
  });
});

describe("handles and mailboxes of the module", () => {
  it("answer with a status where the native engine does", () => {
    const engine = new WasmBackend(module);
    const mailbox = engine.attach(new Uint32Array(64));
    expect(engine.turn(0x7654_3210, mailbox, 0, 0)).toBe(-1);
    expect(engine.turn(1, 1_000_000, 0, 0)).toBe(-3);
    expect(engine.seal(1, new Uint32Array(8), 0)).toBe(-1);
    expect(engine.view(1, 0, new Float64Array(8))).toBe(-1);
    expect(engine.open(new Uint32Array(4), 8, new Float64Array(0))).toBe(0);
  });

  it("stay as they are when a text is none", () => {
    const open = backend().openRuns();
    expect(() => backend().readFlow(undefined as unknown as string, "json")).toThrow(TypeError);
    expect(backend().openRuns()).toBe(open);
  });

  it("go on when the module's memory grows between two turns", async () => {
    const run = waiting();
    await run.settled();
    const { buffer } = module.memory();
    const pages = module.memory().grow(16);
    expect(pages).toBeGreaterThan(0);
    expect(buffer.byteLength).toBe(0);
    run.release("in time");
    expect((await run.done).success).toBe(true);
    expect(run.started).toEqual(["n1", "n2", "n3"]);
  });
});
