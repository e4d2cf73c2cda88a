import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { conductorWith, HeldNodes, leaf, listenToConsole, turns } from "./flows";

let printed: ReturnType<typeof listenToConsole>;
beforeEach(() => {
  printed = listenToConsole();
});
afterEach(() => printed.restore());

/** The signal of a node that runs, and how to fire it. */
async function fired() {
  const held = new HeldNodes();
  const conductor = conductorWith(held.body);
  const run = conductor.node.run(leaf("a"), { executionId: "exec_1" });
  await turns();
  const signal = held.params.get("a")?.signal as AbortSignal;
  const fire = async () => {
    await conductor.node.cancel("exec_1");
    return run;
  };
  return { signal, fire };
}

describe("the signal of a node", () => {
  it("reports what its listeners throw, and calls the others", async () => {
    const { signal, fire } = await fired();
    const other = vi.fn();
    for (const thrown of [new Error("broke"), null, "text"]) {
      signal.addEventListener("abort", () => {
        throw thrown;
      });
    }
    signal.addEventListener("abort", async () => {
      throw new Error("late");
    });
    signal.onabort = () => {
      throw new Error("handler");
    };
    signal.addEventListener("abort", other);
    expect(await fire()).toMatchObject({ success: false, error: { code: "CANCELLED" } });
    await turns();
    expect(other).toHaveBeenCalledOnce();
    const messages = printed.of("error");
    expect(messages.length).toBe(5);
    expect(String(messages[0])).toContain('A listener of the signal of node "a" threw; the execution goes on');
  });

  it("calls a listener as any signal does: once for each, with itself, until it is removed", async () => {
    const { signal, fire } = await fired();
    const seen: unknown[] = [];
    function listener(this: unknown, event: Event) {
      seen.push(this, event.type, event.target);
    }
    const object = { calls: 0, handleEvent: () => void object.calls++ };
    const removed = vi.fn();
    const withdrawn = new AbortController();
    signal.addEventListener("abort", listener);
    signal.addEventListener("abort", listener, { once: true });
    signal.addEventListener("abort", object);
    signal.addEventListener("abort", removed);
    signal.removeEventListener("abort", removed);
    signal.addEventListener("abort", removed, { signal: withdrawn.signal });
    withdrawn.abort();
    signal.addEventListener("abort", null);
    await fire();
    expect(seen).toEqual([signal, "abort", signal]);
    expect([object.calls, removed.mock.calls.length]).toEqual([1, 0]);
    expect(printed.all()).toEqual([]);
  });

  it("is a real one: for libraries that look, for AbortSignal.any and for fetch", async () => {
    const { signal, fire } = await fired();
    expect(signal).toBeInstanceOf(AbortSignal);
    expect([signal.constructor.name, Object.prototype.toString.call(signal)]).toEqual([
      "AbortSignal",
      "[object AbortSignal]",
    ]);
    const either = AbortSignal.any([signal, new AbortController().signal]);
    let asked: () => void = () => {};
    const reached = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const server = createServer(() => asked()).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const fetching = fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { signal });
    const refused = expect(fetching).rejects.toMatchObject({ name: "AbortError" });
    await reached;
    await fire();
    await refused;
    server.closeAllConnections();
    server.close();
    expect([signal.aborted, either.aborted, either.reason === signal.reason]).toEqual([true, true, true]);
    expect(() => signal.throwIfAborted()).toThrow(signal.reason);
  });
});
