import { EventEmitter } from "node:events";
import { describe, expect, it, vi } from "vitest";
import { createEventManager, type FrameLike, type IpcRendererLike } from "../../src/exports/desktop.js";
import { createElectron, type Page } from "./electron.js";

const never = () => new Promise<never>(() => {});

/** A frame within a page, as Electron shows it to main. */
function createFrame(ipcMain: EventEmitter, page: Page, ids: Partial<FrameLike> = {}) {
  let inside = new EventEmitter();
  const frame = {
    url: "file:///app/inner.html",
    parent: {},
    ...ids,
    send(channel: string, message: unknown) {
      const clone = structuredClone(message);
      queueMicrotask(() => inside.emit(channel, {}, clone));
    },
  };
  return {
    frame,
    /** A document in the frame, in the place of the one before, with events of its own. */
    load() {
      const ipcRenderer = new EventEmitter() as EventEmitter & IpcRendererLike;
      inside = ipcRenderer;
      ipcRenderer.send = (channel: string, message: unknown) => {
        const clone = structuredClone(message);
        queueMicrotask(() => ipcMain.emit(channel, { sender: page, senderFrame: frame }, clone));
      };
      return createEventManager({ ipc: { ipcRenderer } }).createBus("conductor");
    },
  };
}

function setup() {
  const { ipcMain, openPage } = createElectron();
  const main = createEventManager({ ipc: { ipcMain, accept: () => true } });
  const page = openPage();
  const openFrame = (ids?: Partial<FrameLike>) => createFrame(ipcMain, page, ids);
  return { ipcMain, openPage, page, main, bus: main.createBus("conductor"), openFrame };
}

function hello(from: string) {
  return { protocol: "atomiton-events/1", from, type: "hello", reply: true };
}

describe("a frame that navigates", () => {
  it("fails what its document was asked, and is met again with the next one", async () => {
    const { page, main, bus, openFrame } = setup();
    const inner = openFrame({ processId: 1, routingId: 7 });
    const first = inner.load();
    first.on("ask", never);
    await first.emit("meet");
    const answer = bus.emit("ask");
    page.emit("did-frame-navigate", {}, "file:///app/next.html", -1, "", false, 1, 7);
    await expect(answer).rejects.toMatchObject({
      code: "IPC_FAILED",
      message: expect.stringContaining("frame went to another page"),
    });
    expect(main.pending).toBe(0);
    const next = inner.load();
    next.on("ask", () => "next");
    await next.emit("meet");
    expect(await bus.emitAll("ask")).toEqual(["next"]);
  });

  it("is forgotten also when the event does not say which frame it was", async () => {
    const { page, bus, openFrame } = setup();
    const inner = openFrame().load();
    inner.on("ask", never);
    await inner.emit("meet");
    const answer = bus.emit("ask");
    page.emit("did-frame-navigate", {}, "file:///app/next.html");
    await expect(answer).rejects.toMatchObject({ code: "IPC_FAILED" });
  });

  it("leaves the page and its other frames alone, as the page's own event leaves them to did-navigate", async () => {
    const { page, bus, openFrame } = setup();
    const other = openFrame({ processId: 1, routingId: 8 }).load();
    const top = createEventManager({ ipc: { ipcRenderer: page.ipcRenderer } }).createBus("conductor");
    other.on("ask", () => "frame");
    top.on("ask", () => "page");
    await other.emit("meet");
    await top.emit("meet");
    page.emit("did-frame-navigate", {}, "file:///app/next.html", -1, "", false, 1, 7);
    page.emit("did-frame-navigate", {}, "file:///app/index.html", -1, "", true, 1, 1);
    expect(await bus.emitAll("ask")).toEqual(["frame", "page"]);
  });
});

describe("a frame that is removed", () => {
  it.each<[string, (frame: object) => void]>([
    ["throws when it is sent to", (frame) => Object.assign(frame, { send: disposed })],
    ["says that it is destroyed", (frame) => Object.assign(frame, { isDestroyed: () => true })],
    ["says that it is detached", (frame) => Object.assign(frame, { detached: true })],
    ["throws when it is read", (frame) => Object.defineProperty(frame, "url", { get: disposed })],
  ])("and %s fails one emit, and is asked no more", async (_how, remove) => {
    const { page, main, bus, openFrame } = setup();
    const inner = openFrame();
    const inFrame = inner.load();
    inFrame.on("ask", never);
    await inFrame.emit("meet");
    const waiting = bus.emit("ask");
    remove(inner.frame);
    await expect(bus.emit("ask")).rejects.toMatchObject({ code: "IPC_FAILED" });
    await expect(waiting).rejects.toMatchObject({ message: expect.stringContaining("frame was removed") });
    expect(await bus.emit("ask")).toBeUndefined();
    expect(main.pending).toBe(0);
    expect(page.eventNames()).toEqual([]);
  });

  it("is not one that a message cannot be sent to", async () => {
    const { bus, openFrame } = setup();
    const inner = openFrame().load();
    inner.on("ask", () => "there");
    await inner.emit("meet");
    await expect(bus.emit("ask", () => {})).rejects.toMatchObject({ code: "IPC_FAILED" });
    expect(await bus.emit("ask")).toBe("there");
  });

  it("leaves room: of thousands that came and went none is kept", () => {
    const { ipcMain, page, bus } = setup();
    let asked = 0;
    for (let index = 0; index < 5_000; index++) {
      let destroyed = false;
      const frame = { url: "file:///app/inner.html", parent: {}, isDestroyed: () => destroyed, send: () => asked++ };
      ipcMain.emit("events:message", { sender: page, senderFrame: frame }, hello(`s-${index}`));
      destroyed = index < 4_999;
    }
    void bus.emit("ask");
    expect(asked).toBe(1);
  });

  it("and of which nothing tells gives way to later ones, the page never", () => {
    const { ipcMain, page, bus } = setup();
    const toPage = vi.spyOn(page, "send");
    ipcMain.emit("events:message", { sender: page, senderFrame: page.senderFrame }, hello("page"));
    const asked = new Set<number>();
    for (let index = 0; index < 5_000; index++) {
      const frame = { url: "file:///app/inner.html", parent: {}, send: () => asked.add(index) };
      ipcMain.emit("events:message", { sender: page, senderFrame: frame }, hello(`s-${index}`));
    }
    void bus.emit("ask");
    expect(asked.size).toBeLessThanOrEqual(256);
    expect(asked.has(4_999)).toBe(true);
    expect(toPage).toHaveBeenCalledOnce();
  });

  it("before main has read its message neither throws nor takes part", () => {
    const { ipcMain, page } = setup();
    const frame = Object.defineProperty({ url: "file:///app/inner.html" }, "parent", { get: disposed });
    expect(() => ipcMain.emit("events:message", { sender: page, senderFrame: frame }, hello("s"))).not.toThrow();
    expect(page.eventNames()).toEqual([]);
  });
});

function disposed(): never {
  throw new Error("Render frame was disposed before WebFrameMain could be accessed");
}
