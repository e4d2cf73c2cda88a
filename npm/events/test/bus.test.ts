import { describe, expect, it, vi } from "vitest";
import { createEventManager, type EventContext, type EventError, isEventError } from "../src/exports/browser.js";
import { deferred } from "./deferred.js";

interface Events {
  execute: { data: { compositeId: string }; answer: string };
  complete: string;
}

function setup() {
  const errors: EventError[] = [];
  let count = 0;
  const events = createEventManager({ createId: () => `id-${++count}`, onError: (error) => errors.push(error) });
  return { events, errors, bus: events.createBus<Events>("conductor") };
}

const data = { compositeId: "flow-1" };

async function caught(promise: Promise<unknown>): Promise<EventError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isEventError(error)) throw new Error("It did not reject with an EventError", { cause: error });
  return error;
}

describe("emit", () => {
  it("resolves to what the handler returns or resolves to", async () => {
    const { bus } = setup();
    bus.on("execute", async ({ compositeId }) => `ran ${compositeId}`);
    bus.on("complete", (text) => text.length);
    expect(await bus.emit("execute", data)).toBe("ran flow-1");
    expect(await bus.emit("complete", "four")).toBe(4);
  });

  it("has started every handler when it returns", () => {
    const { bus } = setup();
    const seen: string[] = [];
    bus.on("complete", (text) => void seen.push(`first ${text}`));
    bus.on("complete", (text) => void seen.push(`second ${text}`));
    void bus.emit("complete", "now");
    expect(seen).toEqual(["first now", "second now"]);
  });

  it("resolves to undefined when nobody handles the event", async () => {
    const { bus } = setup();
    expect(await bus.emit("execute", data)).toBeUndefined();
  });

  it("rejects with NO_HANDLER when a handler is required and none takes the event", async () => {
    const { bus } = setup();
    bus.on("execute", () => "for others", { filter: () => false });
    bus.onAny(() => "an observer");
    const error = await caught(bus.emit("execute", data, { requireHandler: true }));
    expect(error).toMatchObject({ name: "EventError", code: "NO_HANDLER", bus: "conductor", event: "execute" });
  });

  it("takes a handler without an answer for a handler", async () => {
    const { bus } = setup();
    bus.on("execute", () => {});
    expect(await bus.emit("execute", data, { requireHandler: true })).toBeUndefined();
  });

  it("prefers the first answer in subscription order to the first in time", async () => {
    const { bus } = setup();
    const slow = deferred<string>();
    bus.on("execute", () => undefined);
    bus.on("execute", () => slow.promise);
    bus.on("execute", () => "quick");
    const answer = bus.emit("execute", data);
    slow.resolve("slow");
    expect(await answer).toBe("slow");
  });

  it("does not wait for handlers after the answer", async () => {
    const { bus } = setup();
    const later = vi.fn(() => new Promise<string>(() => {}));
    bus.on("execute", () => "known");
    bus.on("execute", later);
    expect(await bus.emit("execute", data)).toBe("known");
    expect(later).toHaveBeenCalledOnce();
  });

  it("takes null, false and 0 for answers", async () => {
    const { events } = setup();
    const bus = events.createBus<{ ask: unknown }>("questions");
    for (const answer of [null, false, 0, ""]) {
      const stop = bus.on("ask", () => answer);
      expect(await bus.emit("ask")).toBe(answer);
      stop();
    }
  });
});

describe("a failing handler", () => {
  it("rejects the emit with what it threw as cause", async () => {
    const { bus } = setup();
    const cause = new RangeError("too many nodes");
    bus.on("execute", () => {
      throw cause;
    });
    const error = await caught(bus.emit("execute", data));
    expect(error).toMatchObject({ code: "HANDLER_FAILED", bus: "conductor", event: "execute" });
    expect(error.cause).toBe(cause);
    expect(error.message).toContain("too many nodes");
  });

  it("may reject with what is no error at all", async () => {
    const { bus } = setup();
    bus.on("execute", () => Promise.reject("plain text"));
    expect((await caught(bus.emit("execute", data))).cause).toBe("plain text");
    bus.removeAllListeners();
    bus.on("execute", () => Promise.reject(Object.create(null)));
    expect(await caught(bus.emit("execute", data))).toMatchObject({ code: "HANDLER_FAILED" });
  });

  it("does not hurt those that answer, and goes to onError", async () => {
    const { bus, errors } = setup();
    bus.on("execute", () => Promise.reject(new Error("first")));
    bus.on("execute", () => "answered");
    const late = deferred<string>();
    bus.on("execute", () => late.promise);
    expect(await bus.emit("execute", data)).toBe("answered");
    late.reject(new Error("last"));
    await expect(late.promise).rejects.toThrow();
    expect(errors.map((error) => (error.cause as Error).message)).toEqual(["first", "last"]);
  });

  it("rejects the emit when the others have no answer; further failures go to onError", async () => {
    const { bus, errors } = setup();
    bus.on("execute", () => undefined);
    bus.on("execute", () => Promise.reject(new Error("one")));
    bus.on("execute", () => {
      throw new Error("two");
    });
    expect((await caught(bus.emit("execute", data))).message).toContain("one");
    expect(errors.map((error) => (error.cause as Error).message)).toEqual(["two"]);
  });

  it.each<[string, () => unknown]>([
    ["rejects", () => Promise.reject(new Error("password=hunter2"))],
    [
      "throws",
      () => {
        throw new Error("password=hunter2");
      },
    ],
  ])("is written to the console when its onError %s", async (_how, onError) => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const written = vi.spyOn(console, "error").mockImplementation(() => {});
    const bus = createEventManager({ onError }).createBus<Events>("conductor");
    bus.on("execute", () => Promise.reject(new Error("password=hunter2")));
    bus.on("execute", () => "answered");
    expect(await bus.emit("execute", data)).toBe("answered");
    // Unhandled rejections are told before the next turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    process.removeListener("unhandledRejection", unhandled);
    const text = written.mock.calls.flat().join(" ");
    written.mockRestore();
    expect(unhandled).not.toHaveBeenCalled();
    expect(text).toContain('HANDLER_FAILED for event "execute" on bus "conductor"');
    expect(text).not.toContain("hunter2");
  });

  it("is written to the console without its message when there is no onError", async () => {
    const written = vi.spyOn(console, "error").mockImplementation(() => {});
    const bus = createEventManager().createBus<Events>("conductor");
    bus.on("execute", () => Promise.reject(new Error("password=hunter2")));
    bus.on("execute", () => "answered");
    await bus.emit("execute", data);
    const text = written.mock.calls.flat().join(" ");
    written.mockRestore();
    expect(text).toContain('HANDLER_FAILED for event "execute" on bus "conductor"');
    expect(text).not.toContain("hunter2");
  });
});

describe("emitAll", () => {
  it("resolves to every answer in subscription order", async () => {
    const { bus, errors } = setup();
    const slow = deferred<string>();
    bus.on("execute", () => slow.promise);
    bus.on("execute", () => undefined);
    bus.on("execute", () => Promise.reject(new Error("no")));
    bus.on("execute", () => "quick");
    const answers = bus.emitAll("execute", data);
    slow.resolve("slow");
    expect(await answers).toEqual(["slow", "quick"]);
    expect(errors).toHaveLength(1);
  });

  it("resolves to nothing when nobody answers, and rejects when all failed", async () => {
    const { bus } = setup();
    expect(await bus.emitAll("execute", data)).toEqual([]);
    bus.on("execute", () => Promise.reject(new Error("no")));
    expect(await caught(bus.emitAll("execute", data))).toMatchObject({ code: "HANDLER_FAILED" });
  });
});

describe("subscriptions", () => {
  it("end with what on returned, with off, and with removeAllListeners", async () => {
    const { bus } = setup();
    const handler = vi.fn();
    const stop = bus.on("complete", handler);
    stop();
    stop();
    bus.on("complete", handler);
    bus.on("complete", handler);
    expect(bus.listenerCount("complete")).toBe(2);
    bus.off("complete", handler);
    bus.on("complete", handler);
    bus.on("execute", () => "kept");
    expect(bus.listenerCount()).toBe(2);
    bus.removeAllListeners("complete");
    await bus.emit("complete", "unheard");
    expect(handler).not.toHaveBeenCalled();
    expect(await bus.emit("execute", data)).toBe("kept");
    bus.removeAllListeners();
    expect(bus.listenerCount()).toBe(0);
  });

  it("made with once end with the first event that passes the filter", async () => {
    const { bus } = setup();
    bus.once("complete", (text) => text, { filter: (text) => text.startsWith("b") });
    expect(await bus.emit("complete", "a")).toBeUndefined();
    expect(await bus.emit("complete", "b1")).toBe("b1");
    expect(await bus.emit("complete", "b2")).toBeUndefined();
  });

  it("with a filter get only what passes", async () => {
    const { bus } = setup();
    const wanted: string[] = [];
    bus.on("complete", (text) => void wanted.push(text), {
      filter: (text, context) => context.bus + text !== "conductorno",
    });
    await bus.emit("complete", "yes");
    await bus.emit("complete", "no");
    expect(wanted).toEqual(["yes"]);
  });

  it("whose filter throws have failed", async () => {
    const { bus } = setup();
    const filter = () => {
      throw new Error("bad filter");
    };
    bus.on("execute", () => "unreached", { filter });
    expect((await caught(bus.emit("execute", data))).message).toContain("bad filter");
  });

  it("are shared by every bus of the same name and by no other", async () => {
    const { events, bus } = setup();
    events.createBus<Events>("conductor").on("execute", () => "same");
    events.createBus<Events>("other").on("execute", () => "different");
    expect(await bus.emit("execute", data)).toBe("same");
  });

  it("take event names that objects have by themselves", async () => {
    const { events } = setup();
    const bus = events.createBus("constructor");
    expect(await bus.emit("toString")).toBeUndefined();
    bus.on("__proto__", () => "safe");
    expect(await bus.emit("__proto__")).toBe("safe");
  });

  it("refuse what is no handler, and buses without a name", () => {
    const { events, bus } = setup();
    expect(() => bus.on("execute", "text" as never)).toThrow(TypeError);
    expect(() => events.createBus("")).toThrow(TypeError);
  });

  it("work with methods taken off the bus", async () => {
    const { emit, on } = setup().bus;
    on("execute", () => "unbound");
    expect(await emit("execute", data)).toBe("unbound");
  });
});

describe("context", () => {
  it("tells handlers, filters and observers of one emit the same", async () => {
    const { bus } = setup();
    const contexts: EventContext[] = [];
    const keep = (_data: unknown, context: EventContext) => void contexts.push(context);
    bus.on("execute", keep);
    bus.on("execute", keep, { filter: (_data, context) => context.correlationId === "id-1" });
    bus.onAny((_event, _data, context) => void contexts.push(context));
    await bus.emit("execute", data);
    await bus.emit("execute", data);
    expect(contexts.map((context) => context.correlationId)).toEqual(["id-1", "id-1", "id-1", "id-2", "id-2"]);
    expect(contexts[0]).toMatchObject({ bus: "conductor", event: "execute", source: "local" });
    expect(contexts[0]?.signal.aborted).toBe(false);
  });

  it("has ids that differ when no generator is given", async () => {
    const ids = new Set<string>();
    for (const events of [createEventManager(), createEventManager()]) {
      const bus = events.createBus<Events>("conductor");
      bus.on("complete", (_text, { correlationId }) => void ids.add(correlationId));
      for (let round = 0; round < 100; round++) await bus.emit("complete", "x");
    }
    expect(ids.size).toBe(200);
  });

  it("refuses ids of a generator that are no ids or are in use", async () => {
    const constant = createEventManager({ createId: () => "same" }).createBus<Events>("conductor");
    const held = deferred<string>();
    constant.once("execute", () => held.promise);
    const first = constant.emit("execute", data);
    await expect(constant.emit("execute", data)).rejects.toThrow(TypeError);
    held.resolve("unharmed");
    expect(await first).toBe("unharmed");
    const empty = createEventManager({ createId: () => "" }).createBus<Events>("conductor");
    await expect(empty.emit("execute", data)).rejects.toThrow(TypeError);
  });
});

describe("onAny", () => {
  it("sees every event and answers none", async () => {
    const { bus } = setup();
    const seen: unknown[] = [];
    const stop = bus.onAny((event, value) => {
      seen.push([event, value]);
      return "ignored";
    });
    expect(await bus.emit("execute", data)).toBeUndefined();
    await bus.emit("complete", "done");
    stop();
    await bus.emit("complete", "unseen");
    expect(seen).toEqual([
      ["execute", data],
      ["complete", "done"],
    ]);
  });

  it("cannot fail an emit", async () => {
    const { bus, errors } = setup();
    bus.on("execute", () => "fine");
    bus.onAny(() => {
      throw new Error("sync");
    });
    bus.onAny(async () => {
      throw new Error("async");
    });
    expect(await bus.emit("execute", data)).toBe("fine");
    await vi.waitFor(() => expect(errors).toHaveLength(2));
  });
});
