import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isEventError } from "../../src/exports/desktop.js";
import { createEventManager } from "../../src/exports/index.js";
import { createLinkedPair } from "./pair.js";

const trap = () => {
  throw new Error("trap");
};

function withGetter(key: string): Error {
  return Object.defineProperty(new Error("text"), key, { get: trap });
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const traps = { get: trap, has: trap, getPrototypeOf: trap, ownKeys: trap, getOwnPropertyDescriptor: trap };

const thrown: [string, () => unknown][] = [
  ...["message", "name", "code", "stack", "cause"].flatMap((key): [string, () => unknown][] => [
    [`an error whose ${key} is a number`, () => Object.assign(new Error("text"), { [key]: 42 })],
    [`an error whose ${key} is undefined`, () => Object.assign(new Error("text"), { [key]: undefined })],
    [`an error whose ${key} is an object`, () => Object.assign(new Error("text"), { [key]: { a: 1 } })],
    [`an error whose ${key} is a symbol`, () => Object.assign(new Error("text"), { [key]: Symbol("s") })],
    [`an error whose ${key} has no prototype`, () => Object.assign(new Error("text"), { [key]: Object.create(null) })],
    [`an error whose ${key} is a revoked proxy`, () => Object.assign(new Error("text"), { [key]: revoked({}) })],
    [`an error whose ${key} has no text`, () => Object.assign(new Error("text"), { [key]: { toString: trap } })],
    [`an error whose ${key} throws`, () => withGetter(key)],
  ]),
  ["a symbol", () => Symbol("s")],
  ["undefined", () => undefined],
  ["null", () => null],
  ["an object without prototype", () => Object.create(null)],
  ["a proxy whose every trap throws", () => new Proxy({}, traps)],
  ["a proxy of an error whose every trap throws", () => new Proxy(new Error("text"), traps)],
  ["a proxy of an error that can only not be read", () => new Proxy(new Error("text"), { get: trap })],
  ["a proxy of an error that can only not be searched", () => new Proxy(new Error("text"), { has: trap })],
  ["a revoked proxy", () => revoked({})],
  ["a revoked proxy of an error", () => revoked(new Error("text"))],
  ["an error without end", () => Object.assign(new Error("x".repeat(100_000)), { name: "n".repeat(100_000) })],
];

const unhandled = vi.fn();

beforeEach(() => {
  unhandled.mockClear();
  process.on("unhandledRejection", unhandled);
  process.on("uncaughtException", unhandled);
});
afterEach(() => {
  process.removeListener("unhandledRejection", unhandled);
  process.removeListener("uncaughtException", unhandled);
});

/** What was left unhandled is told before the next turn of the event loop. */
async function expectNothingUnhandled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).not.toHaveBeenCalled();
}

describe.each(thrown)("a handler that throws %s", (_what, make) => {
  // The value goes through a promise as it is: none of them is one.
  const handlers = {
    "at once": () => {
      throw make();
    },
    later: async () => {
      throw make();
    },
  };
  for (const [when, handler] of Object.entries(handlers)) {
    it(`${when} fails the emit of its own process`, async () => {
      const events = createEventManager({ ipc: false });
      const bus = events.createBus("conductor");
      bus.on("execute", handler);
      const error = await bus.emit("execute", 1).catch((caught: unknown) => caught);
      expect(isEventError(error, "HANDLER_FAILED")).toBe(true);
      expect(typeof (error as Error).message).toBe("string");
      expect(events.pending).toBe(0);
      await expectNothingUnhandled();
    });

    it(`${when} fails the emit of another process`, async () => {
      const { near, far } = createLinkedPair();
      far.bus.on("execute", handler);
      const error = await near.bus.emit("execute", 1).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: "HANDLER_FAILED", cause: { message: expect.any(String) } });
      expect(near.events.pending + far.events.pending).toBe(0);
      await expectNothingUnhandled();
    });
  }
});

describe("a hostile error", () => {
  it("keeps over a link what can be read of it", async () => {
    const { near, far } = createLinkedPair();
    far.bus.on("execute", () => {
      throw Object.defineProperty(Object.assign(new RangeError("deep"), { code: "E_DEEP" }), "name", { get: trap });
    });
    const error = await near.bus.emit("execute", 1).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ cause: { name: "Error", message: "deep", code: "E_DEEP" } });
  });

  it("of a filter or an observer neither throws nor keeps anything", async () => {
    const reported = vi.fn();
    const events = createEventManager({ ipc: false, onError: reported });
    const bus = events.createBus("conductor");
    bus.onAny(() => {
      throw withGetter("message");
    });
    bus.on("execute", () => "unreached", {
      filter: () => {
        throw Object.assign(new Error(), { message: Symbol("s") });
      },
    });
    await expect(bus.emit("execute", 1)).rejects.toMatchObject({ code: "HANDLER_FAILED" });
    expect(reported).toHaveBeenCalledOnce();
    expect(events.pending).toBe(0);
  });

  it("is no EventError", () => {
    for (const [, make] of thrown) expect(isEventError(make())).toBe(false);
  });
});
