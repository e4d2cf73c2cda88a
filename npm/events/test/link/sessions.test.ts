import { EventEmitter } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { createEventManager, type Link } from "../../src/exports/desktop.js";
import { deferred } from "../deferred.js";
import { createElectron } from "./electron.js";

/** A channel to one process, on whose two ends any number of event managers listen, as on a child's. */
function createChannel() {
  const [here, there] = [new EventEmitter(), new EventEmitter()];
  const end = (own: EventEmitter, other: EventEmitter) => (): Link => ({
    send(message) {
      const clone = structuredClone(message);
      queueMicrotask(() => other.emit("message", clone));
    },
    onMessage(callback) {
      own.on("message", callback);
      return () => own.removeListener("message", callback);
    },
  });
  return { here: end(here, there), there: end(there, here) };
}

function conductorOf(link: Link) {
  return createEventManager({ ipc: { link } }).createBus("conductor");
}

describe("two event managers on one channel", () => {
  it.each(["first", "second"])("answer an event sent before either was heard: the %s knows it", async (which) => {
    const { here, there } = createChannel();
    const [first, second] = [conductorOf(there()), conductorOf(there())];
    const handled = vi.fn(() => "known");
    (which === "first" ? first : second).on("execute", handled);
    expect(await conductorOf(here()).emit("execute", 1)).toBe("known");
    expect(await conductorOf(here()).emit("execute", 2, { requireHandler: true })).toBe("known");
    expect(handled).toHaveBeenCalledTimes(2);
  });

  it.each(["first", "second"])("in main answer a page that emits at once: the %s knows it", async (which) => {
    const { ipcMain, openPage } = createElectron();
    const inMain = () => createEventManager({ ipc: { ipcMain } }).createBus("conductor");
    const [first, second] = [inMain(), inMain()];
    (which === "first" ? first : second).on("execute", () => "known");
    const page = createEventManager({ ipc: { ipcRenderer: openPage().ipcRenderer } });
    expect(await page.createBus("conductor").emit("execute", 1, { requireHandler: true })).toBe("known");
    expect(page.pending).toBe(0);
  });

  it("that begin after the event are both asked, each once", async () => {
    const { here, there } = createChannel();
    const answers = conductorOf(here()).emitAll("execute", 1);
    await Promise.resolve();
    const handlers = [vi.fn(() => "first"), vi.fn(async () => "second")] as const;
    for (const handler of handlers) conductorOf(there()).on("execute", handler);
    expect(await answers).toEqual(["first", "second"]);
    for (const handler of handlers) expect(handler).toHaveBeenCalledOnce();
  });

  it("settle an early event as unhandled when neither knows it", async () => {
    const { here, there } = createChannel();
    conductorOf(there());
    conductorOf(there());
    expect(await conductorOf(here()).emit("execute", 1)).toBeUndefined();
    await expect(conductorOf(here()).emit("execute", 1, { requireHandler: true })).rejects.toMatchObject({
      code: "NO_HANDLER",
    });
  });

  it("both handle an early event that was answered on this side", async () => {
    const { here, there } = createChannel();
    const seen = [deferred<unknown>(), deferred<unknown>()] as const;
    for (const { resolve } of seen) conductorOf(there()).on("execute", resolve);
    const bus = conductorOf(here());
    bus.on("execute", () => "here");
    expect(await bus.emit("execute", "data")).toBe("here");
    expect(await Promise.all(seen.map(({ promise }) => promise))).toEqual(["data", "data"]);
  });
});
