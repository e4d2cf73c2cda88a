import { afterEach, describe, expect, it, vi } from "vitest";
import { createEventManager, type EventContext, type Link } from "../../src/exports/desktop.js";
import { deferred } from "../deferred.js";
import { createLinkedPair, createWire, linked } from "./pair.js";

const never = () => new Promise<never>(() => {});

afterEach(() => {
  vi.useRealTimers();
});

describe("an event over a link", () => {
  it("reaches the handlers over there, and their answer comes back", async () => {
    const { near, far } = createLinkedPair();
    const contexts: EventContext[] = [];
    near.bus.onAny((_event, _data, context) => void contexts.push(context));
    far.bus.on("execute", (data, context) => {
      contexts.push(context);
      return { got: data };
    });
    const data = { when: new Date(0), tags: new Set(["a"]), bytes: new Uint8Array([1, 2]) };
    expect(await near.bus.emit("execute", data)).toEqual({ got: data });
    expect(contexts.map(({ source }) => source)).toEqual(["local", "remote"]);
    expect(contexts[0]?.correlationId).toBe(contexts[1]?.correlationId);
  });

  it("prefers an answer of this side, and runs the handlers of both", async () => {
    const { near, far } = createLinkedPair();
    const there = vi.fn(() => "there");
    const here = deferred<string>();
    near.bus.on("execute", () => here.promise);
    far.bus.on("execute", there);
    const answer = near.bus.emit("execute", 1);
    await vi.waitFor(() => expect(there).toHaveBeenCalledOnce());
    here.resolve("here");
    expect(await answer).toBe("here");
  });

  it("gathers the answers of both sides", async () => {
    const { near, far } = createLinkedPair();
    near.bus.on("execute", () => "here");
    far.bus.on("execute", async () => "there 1");
    far.bus.on("execute", () => undefined);
    far.bus.on("execute", () => "there 2");
    expect(await near.bus.emitAll("execute", 1)).toEqual(["here", "there 1", "there 2"]);
  });

  it("resolves to undefined when nobody handles it on either side, unless a handler is required", async () => {
    const { near, far } = createLinkedPair();
    expect(await near.bus.emit("execute", 1)).toBeUndefined();
    expect(await near.events.createBus("unknown over there").emit("execute", 1)).toBeUndefined();
    await expect(near.bus.emit("execute", 1, { requireHandler: true })).rejects.toMatchObject({ code: "NO_HANDLER" });
    far.bus.on("execute", () => {});
    expect(await near.bus.emit("execute", 1, { requireHandler: true })).toBeUndefined();
  });

  it("is not sent back over the link, nor is one that its handler emits in answer lost", async () => {
    const { near, far, farWire } = createLinkedPair();
    const done = near.bus.wait("complete");
    far.bus.on("execute", async () => {
      await far.bus.emit("complete", "from there");
      return "answered";
    });
    near.bus.on("complete", () => {});
    expect(await near.bus.emit("execute", 1)).toBe("answered");
    expect(await done).toBe("from there");
    expect(farWire.sent.filter(({ type }) => type === "event")).toMatchObject([{ event: "complete" }]);
  });

  it("emitted before the other side has begun is handled when it has, once", async () => {
    const [nearWire, farWire] = createWire();
    const near = linked(nearWire);
    const early = near.bus.emit("execute", "early");
    await Promise.resolve();
    const handled = vi.fn((data: unknown) => data);
    const far = createEventManager({ ipc: { link: farWire } });
    far.createBus("conductor").on("execute", handled);
    expect(await early).toBe("early");
    expect(await near.bus.emit("execute", "next")).toBe("next");
    expect(handled).toHaveBeenCalledTimes(2);
  });

  it("goes over every one of several links", async () => {
    const [toFirst, first] = createWire();
    const [toSecond, second] = createWire();
    const near = createEventManager({ ipc: { link: [toFirst, toSecond] } }).createBus("conductor");
    linked(first).bus.on("execute", () => "first");
    linked(second).bus.on("execute", () => "second");
    expect(await near.emitAll("execute", 1)).toEqual(["first", "second"]);
  });
});

describe("a failure over a link", () => {
  it("comes back with code, message, name and the other side's stack", async () => {
    const { near, far } = createLinkedPair();
    far.bus.on("execute", () => {
      throw Object.assign(new RangeError("too deep"), { code: "E_DEEP", secret: "kept" });
    });
    const error = await near.bus.emit("execute", 1).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      name: "EventError",
      code: "HANDLER_FAILED",
      bus: "conductor",
      event: "execute",
      remoteStack: expect.stringContaining("RangeError: too deep"),
      cause: { name: "RangeError", message: "too deep", code: "E_DEEP" },
    });
    expect(error).not.toHaveProperty("cause.secret");
  });

  it("is outdone by an answer", async () => {
    const { near, far } = createLinkedPair();
    far.bus.on("execute", () => Promise.reject("plain text"));
    await expect(near.bus.emit("execute", 1)).rejects.toMatchObject({ cause: { message: "plain text" } });
    far.bus.on("execute", () => "answered");
    vi.spyOn(console, "error").mockImplementation(() => {});
    expect(await near.bus.emit("execute", 1)).toBe("answered");
    vi.restoreAllMocks();
  });

  it("is typed when data or answer cannot be sent", async () => {
    const { near, far } = createLinkedPair();
    await expect(near.bus.emit("execute", () => {})).rejects.toMatchObject({ code: "IPC_FAILED" });
    far.bus.on("execute", () => ({ answer: () => {} }));
    await expect(near.bus.emit("execute", 1)).rejects.toMatchObject({
      code: "IPC_FAILED",
      message: expect.stringContaining("answer cannot be sent"),
    });
    expect(near.events.pending + far.events.pending).toBe(0);
  });

  it("of a link that rejects is typed", async () => {
    const cause = new Error("pipe broken");
    const link: Link = { send: () => Promise.reject(cause), onMessage: () => () => {} };
    const { events, bus } = linked(link);
    await expect(bus.emit("execute", 1)).rejects.toMatchObject({ code: "IPC_FAILED", cause });
    expect(events.pending).toBe(0);
  });
});

describe("size", () => {
  it("above the limit is refused where it is sent", async () => {
    const { near, far, nearWire } = createLinkedPair({ maxMessageBytes: 4_096 });
    far.bus.on("execute", (data) => (data === "large answer" ? new Uint8Array(8_192) : "small"));
    expect(await near.bus.emit("execute", "x".repeat(3_000))).toBe("small");
    const wide = "ß".repeat(3_000);
    for (const large of [
      "x".repeat(5_000),
      wide,
      new Uint8Array(5_000),
      new Array(1_000).fill(0),
      new Map([[1, wide]]),
    ]) {
      await expect(near.bus.emit("execute", large)).rejects.toMatchObject({
        code: "IPC_FAILED",
        message: expect.stringContaining("4096 bytes"),
      });
    }
    await expect(near.bus.emit("execute", "large answer")).rejects.toMatchObject({
      code: "IPC_FAILED",
      message: expect.stringContaining("answer"),
    });
    const sent = nearWire.sent.filter(({ type }) => type === "event");
    expect(new Set(sent.map(({ data }) => data))).toEqual(new Set(["x".repeat(3_000), "large answer"]));
  });

  it("above this side's limit is refused where it arrives", async () => {
    const [nearWire, farWire] = createWire();
    const near = linked(nearWire);
    const far = linked(farWire, { maxMessageBytes: 1_000 });
    const handled = vi.fn(() => "y".repeat(2_000));
    far.bus.on("execute", handled);
    await expect(near.bus.emit("execute", "x".repeat(2_000))).rejects.toMatchObject({ code: "IPC_FAILED" });
    expect(handled).not.toHaveBeenCalled();
    near.bus.on("complete", () => "z".repeat(2_000));
    await expect(far.bus.emit("complete", "x")).rejects.toMatchObject({ code: "IPC_FAILED" });
  });

  it("is that of the whole buffer for a view of a little of it, once for all its views", async () => {
    const { near, far, nearWire } = createLinkedPair({ maxMessageBytes: 4_096 });
    far.bus.on("execute", () => "arrived");
    const large = new ArrayBuffer(5_000);
    for (const view of [new Uint8Array(large, 0, 1), new DataView(large, 8, 8), Buffer.from(large, 0, 1)]) {
      await expect(near.bus.emit("execute", view)).rejects.toMatchObject({
        code: "IPC_FAILED",
        message: expect.stringContaining("4096 bytes"),
      });
    }
    expect(nearWire.sent.filter(({ type }) => type === "event")).toEqual([]);
    const small = new ArrayBuffer(2_000);
    expect(await near.bus.emit("execute", [small, new Uint8Array(small), new Float64Array(small)])).toBe("arrived");
  });

  it("is counted once for what is met twice, cycles too", async () => {
    const { near, far } = createLinkedPair({ maxMessageBytes: 4_096 });
    far.bus.on("execute", () => "arrived");
    const shared = { text: "x".repeat(2_000) };
    const cyclic: unknown[] = [shared, shared, shared];
    cyclic.push(cyclic);
    expect(await near.bus.emit("execute", cyclic)).toBe("arrived");
  });
});

describe("giving up", () => {
  it("tells the handler over there", async () => {
    vi.useFakeTimers();
    const { near, far } = createLinkedPair();
    const signal = deferred<AbortSignal>();
    far.bus.on("execute", (_data, context) => {
      signal.resolve(context.signal);
      return never();
    });
    const answer = near.bus.emit("execute", 1, { timeout: 100 });
    const theirs = await signal.promise;
    expect(theirs.aborted).toBe(false);
    await Promise.all([expect(answer).rejects.toMatchObject({ code: "TIMEOUT" }), vi.advanceTimersByTimeAsync(100)]);
    expect(theirs.aborted).toBe(true);
    expect(near.events.pending + far.events.pending).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("leaves no entry when this side's answer makes the other's needless", async () => {
    const { near, far } = createLinkedPair();
    const held = deferred<string>();
    far.bus.on("execute", () => held.promise);
    near.bus.on("execute", () => "quick");
    expect(await near.bus.emit("execute", 1)).toBe("quick");
    expect(near.events.pending).toBe(0);
    held.resolve("late");
    await vi.waitFor(() => expect(far.events.pending).toBe(0));
  });
});

describe("a side that goes away", () => {
  it("fails what it was asked, then and later", async () => {
    const { near, far, nearWire } = createLinkedPair();
    far.bus.on("execute", never);
    const answer = near.bus.emit("execute", 1);
    await vi.waitFor(() => expect(far.events.pending).toBeGreaterThan(0));
    nearWire.listening = false;
    nearWire.lose("it exited");
    await expect(answer).rejects.toMatchObject({ code: "IPC_FAILED", message: expect.stringContaining("it exited") });
    await expect(near.bus.emit("execute", 2)).rejects.toMatchObject({ code: "IPC_FAILED" });
    expect(near.events.pending).toBe(0);
  });

  it("aborts the signal of what it asked", async () => {
    const { near, far, farWire } = createLinkedPair();
    const signal = deferred<AbortSignal>();
    far.bus.on("execute", (_data, context) => {
      signal.resolve(context.signal);
      return never();
    });
    near.bus.emit("execute", 1).catch(() => {});
    const theirs = await signal.promise;
    farWire.lose("it exited");
    expect(theirs.reason).toMatchObject({ code: "ABORTED" });
    await vi.waitFor(() => expect(far.events.pending).toBe(0));
  });

  it("by closing its events says so, and is found again when it begins anew", async () => {
    const { near, far, farWire, nearWire } = createLinkedPair();
    far.bus.on("execute", never);
    const answer = near.bus.emit("execute", 1);
    await vi.waitFor(() => expect(far.events.pending).toBeGreaterThan(0));
    far.events.close();
    expect(farWire.closed).toBe(true);
    await expect(answer).rejects.toMatchObject({ code: "IPC_FAILED", message: expect.stringContaining("closed") });
    await expect(near.bus.emit("execute", 2)).rejects.toMatchObject({ code: "IPC_FAILED" });
    const anew = linked(farWire);
    anew.bus.on("execute", () => "back");
    await vi.waitFor(async () => expect(await near.bus.emit("execute", 3)).toBe("back"));
    near.events.close();
    expect(nearWire.closed).toBe(true);
    expect(near.events.ipc.isAvailable()).toBe(false);
  });

  it("or that never was there fails after the connect timeout, and may still come", async () => {
    vi.useFakeTimers();
    const [nearWire, farWire] = createWire();
    const near = linked(nearWire, { connectTimeout: 1_000 });
    const answer = near.bus.emit("execute", 1);
    await Promise.all([
      expect(answer).rejects.toMatchObject({ code: "IPC_FAILED", message: expect.stringContaining("1000 ms") }),
      vi.advanceTimersByTimeAsync(1_000),
    ]);
    expect(vi.getTimerCount()).toBe(0);
    await expect(near.bus.emit("execute", 2)).rejects.toMatchObject({ code: "IPC_FAILED" });
    linked(farWire).bus.on("execute", () => "at last");
    await vi.advanceTimersByTimeAsync(0);
    expect(await near.bus.emit("execute", 3)).toBe("at last");
  });

  it("is awaited as long as the connect timeout says, if that is for ever", async () => {
    vi.useFakeTimers();
    const [nearWire, farWire] = createWire();
    const answer = linked(nearWire, { connectTimeout: Number.POSITIVE_INFINITY }).bus.emit("execute", 1);
    await vi.advanceTimersByTimeAsync(3_600_000);
    linked(farWire).bus.on("execute", () => "at last");
    expect(await answer).toBe("at last");
  });

  it("does not become an unhandled rejection of an emit that nobody awaits", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const { near, far, nearWire } = createLinkedPair();
    far.bus.on("execute", never);
    void near.bus.emit("execute", 1);
    nearWire.lose("it exited");
    void near.bus.emit("execute", 2, { requireHandler: true });
    near.events.close();
    void near.bus.emit("execute", 3);
    // Unhandled rejections are told before the next turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    process.removeListener("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

describe("messages of strangers", () => {
  const stranger = { protocol: "atomiton-events/1", from: "stranger" };

  it("that are malformed or of another protocol are ignored and never throw", async () => {
    const { near, far, farWire } = createLinkedPair();
    const handled = vi.fn(() => "answered");
    far.bus.on("execute", handled);
    const event = { ...stranger, type: "event", id: "x-1", bus: "conductor", event: "execute", want: "first" };
    const hostile = {
      get protocol() {
        throw new Error("trap");
      },
    };
    const bad = [
      undefined,
      null,
      "text",
      7,
      [],
      {},
      hostile,
      { ...event, protocol: "atomiton-events/2" },
      { ...event, from: "" },
      { ...event, from: undefined },
      { ...event, to: 5 },
      { ...event, to: "another session" },
      { ...event, id: "x".repeat(1_000) },
      { ...event, bus: 5 },
      { ...event, event: null },
      { ...event, want: "some" },
      { ...event, type: "evil" },
      {
        ...stranger,
        type: "failure",
        id: "x",
        bus: "conductor",
        event: "execute",
        data: { code: "NOPE", message: "" },
      },
      { ...stranger, type: "failure", id: "x", bus: "conductor", event: "execute", data: null },
      { ...stranger, type: "hello", reply: "yes" },
      { ...stranger, type: "bye" },
    ];
    for (const message of bad) expect(() => farWire.arrive(message)).not.toThrow();
    expect(handled).not.toHaveBeenCalled();
    expect(farWire.sent.filter(({ type }) => type === "answer")).toHaveLength(0);
    expect(await near.bus.emit("execute", 1)).toBe("answered");
  });

  it("cannot have an event handled twice", async () => {
    const { near, far, nearWire, farWire } = createLinkedPair();
    const handled = vi.fn(() => "answered");
    far.bus.on("execute", handled);
    await near.bus.emit("execute", 1);
    const sent = nearWire.sent.find(({ type }) => type === "event");
    farWire.arrive(sent);
    farWire.arrive(sent);
    expect(handled).toHaveBeenCalledOnce();
  });

  it("cannot answer for another, answer twice, or echo", async () => {
    const { near, far, nearWire, farWire } = createLinkedPair();
    const held = deferred<string>();
    far.bus.on("execute", () => held.promise);
    const answer = near.bus.emit("execute", 1);
    await vi.waitFor(() => expect(far.events.pending).toBeGreaterThan(0));
    const { id, bus, event, from } = nearWire.sent.find(({ type }) => type === "event") ?? {};
    const forged = { ...stranger, type: "answer", id, bus, event, handled: true, data: "forged" };
    nearWire.arrive(forged);
    nearWire.arrive({ ...forged, from });
    nearWire.arrive({ ...forged, from: farWire.sent[0]?.["from"], bus: "other" });
    held.resolve("true");
    expect(await answer).toBe("true");
    const real = farWire.sent.find(({ type }) => type === "answer");
    nearWire.arrive(real);
    nearWire.arrive({ ...stranger, type: "abort", id, bus, event });
    expect(near.events.pending).toBe(0);
  });
});

describe("many emits at once", () => {
  it("each get their own answer, and nothing is kept", async () => {
    const { near, far } = createLinkedPair();
    let handled = 0;
    far.bus.on("execute", async (data) => {
      handled++;
      if (Number(data) % 2 === 0) await Promise.resolve();
      return Number(data) * 2;
    });
    const numbers = Array.from({ length: 2_000 }, (_, number) => number);
    const answers = await Promise.all(numbers.map((number) => near.bus.emit("execute", number, { timeout: 60_000 })));
    expect(answers).toEqual(numbers.map((number) => number * 2));
    expect(handled).toBe(2_000);
    expect(near.events.pending + far.events.pending).toBe(0);
  });
});
