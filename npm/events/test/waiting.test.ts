import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createEventManager, type EventContext } from "../src/exports/browser.js";
import { deferred } from "./deferred.js";

interface Events {
  execute: { data: number; answer: string };
  complete: number;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setup() {
  const events = createEventManager();
  return { events, bus: events.createBus<Events>("conductor") };
}

const never = () => new Promise<string>(() => {});

describe("a timeout", () => {
  it("rejects the emit, aborts the handler's signal and leaves nothing behind", async () => {
    const { events, bus } = setup();
    let context: EventContext | undefined;
    bus.on("execute", (_data, given) => {
      context = given;
      return never();
    });
    const answer = bus.emit("execute", 1, { timeout: 500 });
    expect(events.pending).toBe(1);
    await vi.advanceTimersByTimeAsync(499);
    expect(context?.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await expect(answer).rejects.toMatchObject({ code: "TIMEOUT", bus: "conductor", event: "execute" });
    expect(context?.signal.reason).toMatchObject({ code: "TIMEOUT" });
    expect(vi.getTimerCount()).toBe(0);
    expect(events.pending).toBe(0);
  });

  it("is cleared by the answer", async () => {
    const { events, bus } = setup();
    bus.on("execute", async () => "in time");
    expect(await bus.emit("execute", 1, { timeout: 500 })).toBe("in time");
    expect(vi.getTimerCount()).toBe(0);
    expect(events.pending).toBe(0);
  });

  it("longer than a timer can hold is none", async () => {
    const { bus } = setup();
    bus.on("execute", () => Promise.resolve("patient"));
    for (const timeout of [Number.POSITIVE_INFINITY, 2 ** 31]) {
      const answer = bus.emit("execute", 1, { timeout });
      expect(vi.getTimerCount()).toBe(0);
      expect(await answer).toBe("patient");
    }
  });

  it("of null is none, for an emit and for a wait", async () => {
    const { bus } = setup();
    const held = deferred<string>();
    bus.on("execute", () => held.promise);
    const answer = bus.emit("execute", 1, { timeout: null });
    const next = bus.wait("complete", { timeout: null });
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(60_000);
    held.resolve("patient");
    await bus.emit("complete", 7);
    expect([await answer, await next]).toEqual(["patient", 7]);
  });

  it("that is no duration is refused before any handler runs", async () => {
    const { bus } = setup();
    const handler = vi.fn();
    bus.on("execute", handler);
    for (const timeout of [-1, Number.NaN])
      await expect(bus.emit("execute", 1, { timeout })).rejects.toThrow(RangeError);
    expect(handler).not.toHaveBeenCalled();
  });
});

describe("an abort", () => {
  it("rejects with the signal's reason as cause and leaves no listener", async () => {
    const { events, bus } = setup();
    const controller = new AbortController();
    const removed = vi.spyOn(controller.signal, "removeEventListener");
    bus.on("execute", never);
    const answer = bus.emit("execute", 1, { signal: controller.signal, timeout: 500 });
    controller.abort("user");
    await expect(answer).rejects.toMatchObject({ code: "ABORTED", cause: "user" });
    expect(removed).toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
    expect(events.pending).toBe(0);
  });

  it("before the emit keeps handlers from running", async () => {
    const { bus } = setup();
    const handler = vi.fn();
    bus.on("execute", handler);
    await expect(bus.emit("execute", 1, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    expect(handler).not.toHaveBeenCalled();
  });

  it("by the handler itself counts too", async () => {
    const { bus } = setup();
    const controller = new AbortController();
    bus.on("execute", () => {
      controller.abort();
      return never();
    });
    await expect(bus.emit("execute", 1, { signal: controller.signal })).rejects.toMatchObject({ code: "ABORTED" });
  });

  it("after the answer changes nothing", async () => {
    const { bus } = setup();
    const controller = new AbortController();
    let context: EventContext | undefined;
    bus.on("execute", (_data, given) => {
      context = given;
      return "done";
    });
    expect(await bus.emit("execute", 1, { signal: controller.signal })).toBe("done");
    controller.abort();
    expect(context?.signal.aborted).toBe(false);
  });
});

describe("wait", () => {
  it("resolves to the next event that passes, and answers nothing", async () => {
    const { events, bus } = setup();
    const next = bus.wait("complete", { filter: (value, context) => value > 1 && context.source === "local" });
    await bus.emit("complete", 1);
    expect(events.pending).toBe(1);
    await expect(bus.emit("complete", 2, { requireHandler: true })).rejects.toMatchObject({ code: "NO_HANDLER" });
    await bus.emit("complete", 3);
    expect(await next).toBe(2);
    expect(events.pending).toBe(0);
    expect(bus.listenerCount()).toBe(0);
  });

  it("gives up in time, on abort and for a filter that throws", async () => {
    const { events, bus } = setup();
    const controller = new AbortController();
    const filter = () => {
      throw new Error("bad filter");
    };
    const timed = bus.wait("complete", { timeout: 20 });
    const aborted = bus.wait("complete", { signal: controller.signal });
    const failing = bus.wait("complete", { filter });
    await vi.advanceTimersByTimeAsync(20);
    controller.abort();
    await bus.emit("complete", 1);
    await expect(timed).rejects.toMatchObject({ code: "TIMEOUT" });
    await expect(aborted).rejects.toMatchObject({ code: "ABORTED" });
    await expect(failing).rejects.toMatchObject({ code: "HANDLER_FAILED" });
    await expect(bus.wait("complete", { signal: controller.signal })).rejects.toMatchObject({ code: "ABORTED" });
    expect(events.pending).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("outlives removeAllListeners", async () => {
    const { bus } = setup();
    const next = bus.wait("complete");
    bus.removeAllListeners();
    await bus.emit("complete", 7);
    expect(await next).toBe(7);
  });
});

describe("close", () => {
  it("rejects what is pending and everything after", async () => {
    const { events, bus } = setup();
    let context: EventContext | undefined;
    bus.on("execute", (_data, given) => {
      context = given;
      return never();
    });
    const answer = bus.emit("execute", 1, { timeout: 500 });
    const next = bus.wait("complete", { timeout: 500 });
    events.close();
    events.close();
    await expect(answer).rejects.toMatchObject({ code: "CLOSED", event: "execute" });
    await expect(next).rejects.toMatchObject({ code: "CLOSED", event: "complete" });
    expect(context?.signal.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
    expect(events.pending).toBe(0);
    await expect(bus.emit("execute", 1)).rejects.toMatchObject({ code: "CLOSED" });
    await expect(bus.wait("complete")).rejects.toMatchObject({ code: "CLOSED" });
    expect(() => bus.on("execute", never)).toThrowError(expect.objectContaining({ code: "CLOSED" }));
    expect(() => events.createBus("conductor")).toThrowError(expect.objectContaining({ code: "CLOSED" }));
    bus.off("execute", never);
    bus.removeAllListeners();
    expect(bus.listenerCount()).toBe(0);
  });
});

it("keeps nothing of a thousand emits", async () => {
  const { events, bus } = setup();
  bus.on("execute", async (value) => {
    if (value % 3 === 0) throw new Error("every third");
    return value % 3 === 1 ? "answer" : undefined;
  });
  const emits = Array.from({ length: 1_000 }, (_, value) => bus.emit("execute", value, { timeout: 60_000 }));
  expect(events.pending).toBe(1_000);
  const outcomes = await Promise.allSettled(emits);
  expect(outcomes.filter(({ status }) => status === "rejected")).toHaveLength(334);
  expect(events.pending).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
