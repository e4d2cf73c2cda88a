import { afterEach, describe, expect, it, vi } from "vitest";
import { createEventManager as createBrowserEventManager } from "../../src/exports/browser.js";
import { acceptLocalPages, createEventManager, type Sender } from "../../src/exports/index.js";
import { createElectron, type Page } from "./electron.js";

const never = () => new Promise<never>(() => {});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function setup() {
  const { ipcMain, openPage } = createElectron();
  const main = createEventManager({ ipc: { ipcMain } });
  const inPage = (page: Page) => {
    const events = createEventManager({ ipc: { ipcRenderer: page.ipcRenderer } });
    return { events, bus: events.createBus("conductor") };
  };
  return { ipcMain, openPage, main, mainBus: main.createBus("conductor"), inPage };
}

/** Settles when the page's events and main's have met. */
async function met(bus: { emit(event: string): Promise<unknown> }): Promise<void> {
  await bus.emit("meet");
}

describe("a renderer and main", () => {
  it("answer each other", async () => {
    const { openPage, mainBus, inPage } = setup();
    mainBus.on("execute", async (data) => ({ ran: data }));
    const { bus } = inPage(openPage());
    bus.on("confirm", () => "yes");
    expect(await bus.emit("execute", "flow-1")).toEqual({ ran: "flow-1" });
    expect(await mainBus.emit("confirm")).toBe("yes");
  });

  it("know where they are", () => {
    const { main, inPage, openPage } = setup();
    expect([main.getEnvironment(), main.ipc.isAvailable()]).toEqual(["main", true]);
    const { events } = inPage(openPage());
    expect([events.ipc.getEnvironment(), events.ipc.isAvailable()]).toEqual(["renderer", true]);
    const alone = createEventManager();
    expect([alone.getEnvironment(), alone.ipc.isAvailable()]).toEqual(["node", false]);
    const page = createBrowserEventManager();
    expect([page.getEnvironment(), page.ipc.isAvailable()]).toEqual(["renderer", false]);
  });

  it("let main ask every window that has events", async () => {
    const { openPage, mainBus, inPage } = setup();
    const pages = [inPage(openPage()), inPage(openPage()), inPage(openPage())];
    openPage();
    for (const [index, { bus }] of pages.entries()) {
      bus.on("title", () => (index === 1 ? undefined : `window ${index}`));
      await met(bus);
    }
    expect(await mainBus.emitAll("title")).toEqual(["window 0", "window 2"]);
    expect(await mainBus.emit("title")).toBe("window 0");
  });

  it("keep windows apart: what one emits no other handles", async () => {
    const { openPage, inPage } = setup();
    const other = inPage(openPage());
    const handled = vi.fn();
    other.bus.on("execute", handled);
    await met(other.bus);
    expect(await inPage(openPage()).bus.emit("execute")).toBeUndefined();
    expect(handled).not.toHaveBeenCalled();
  });

  it("keep several event managers of one page apart", async () => {
    const { openPage, mainBus, inPage } = setup();
    mainBus.on("execute", async (data) => data);
    const page = openPage();
    const [first, second] = [inPage(page), inPage(page)];
    const answers = [first.bus.emit("execute", 1), second.bus.emit("execute", 2), first.bus.emit("execute", 3)];
    expect(await Promise.all(answers)).toEqual([1, 2, 3]);
    first.bus.on("title", () => "first");
    second.bus.on("title", () => "second");
    expect(await mainBus.emitAll("title")).toEqual(["first", "second"]);
  });

  it("meet whoever began first, when main knows its windows", async () => {
    vi.useFakeTimers();
    const { ipcMain, openPage } = createElectron();
    const page = openPage();
    const closed = openPage();
    closed.destroyed = true;
    const bus = createEventManager({ ipc: { ipcRenderer: page.ipcRenderer } }).createBus("conductor");
    bus.on("title", () => "early");
    const main = createEventManager({ ipc: { ipcMain, windows: () => [closed, page] } }).createBus("conductor");
    await vi.advanceTimersByTimeAsync(0);
    expect(await main.emit("title")).toBe("early");
  });
});

describe("a window that goes away", () => {
  it.each([
    ["destroyed", "closed"],
    ["render-process-gone", "ended"],
    ["did-navigate", "another page"],
  ])("by %s fails what main asked it", async (event, text) => {
    const { openPage, main, mainBus, inPage } = setup();
    const page = openPage();
    const { bus } = inPage(page);
    bus.on("confirm", never);
    await met(bus);
    const answer = mainBus.emit("confirm");
    page.destroyed = event === "destroyed";
    page.emit(event);
    await expect(answer).rejects.toMatchObject({ code: "IPC_FAILED", message: expect.stringContaining(text) });
    expect(await mainBus.emit("confirm")).toBeUndefined();
    expect(main.pending).toBe(0);
    expect(page.eventNames()).toEqual([]);
  });

  it("by a reload is met again, and main's handler is told that nobody waits", async () => {
    const { openPage, mainBus, inPage } = setup();
    const page = openPage();
    const signals: AbortSignal[] = [];
    mainBus.on("execute", (data, { signal }) => {
      signals.push(signal);
      return data === "long" ? never() : "quick";
    });
    inPage(page)
      .bus.emit("execute", "long")
      .catch(() => {});
    await vi.waitFor(() => expect(signals).toHaveLength(1));
    page.reload();
    expect(signals[0]?.aborted).toBe(true);
    expect(await inPage(page).bus.emit("execute", "short")).toBe("quick");
  });

  it("without a word fails at the next event", async () => {
    const { openPage, mainBus, inPage } = setup();
    const page = openPage();
    const { bus } = inPage(page);
    await met(bus);
    page.destroyed = true;
    await expect(mainBus.emit("title")).rejects.toMatchObject({ code: "IPC_FAILED" });
  });
});

describe("who may send to main", () => {
  it("is decided by accept for each message", async () => {
    const { ipcMain, openPage } = createElectron();
    const asked: Sender[] = [];
    const accept = (sender: Sender) => {
      asked.push(sender);
      return sender.frame.url === "https://good.example/";
    };
    const handled = vi.fn(() => "done");
    createEventManager({ ipc: { ipcMain, accept } }).createBus("conductor").on("execute", handled);
    const [good, bad] = [openPage(), openPage()];
    good.senderFrame = { url: "https://good.example/" };
    bad.senderFrame = { url: "https://bad.example/" };
    const emit = (page: Page) =>
      createEventManager({ ipc: { ipcRenderer: page.ipcRenderer, connectTimeout: 1 } })
        .createBus("conductor")
        .emit("execute");
    expect(await emit(good)).toBe("done");
    await expect(emit(bad)).rejects.toMatchObject({ code: "IPC_FAILED" });
    expect(handled).toHaveBeenCalledOnce();
    expect(asked[0]?.webContents).toBe(good);
  });

  it("is nobody without a frame, nobody that accept fails for, and nobody that it only promises", async () => {
    const { ipcMain, openPage } = createElectron();
    const handled = vi.fn();
    const page = openPage();
    const message = {
      protocol: "atomiton-events/1",
      from: "s",
      type: "event",
      id: "1",
      bus: "b",
      event: "e",
      want: "first",
    };
    const start = (accept?: (sender: Sender) => boolean) => {
      const events = createEventManager({ ipc: { ipcMain, accept } });
      events.createBus("b").on("e", handled);
      return events;
    };
    const refusing = [
      start(() => {
        throw new Error("broken");
      }),
      start((() => Promise.resolve(true)) as never),
      start(() => 1 as never),
    ];
    ipcMain.emit("events:message", { sender: page, senderFrame: page.senderFrame }, message);
    for (const events of refusing) events.close();
    start(() => true);
    for (const senderFrame of [null, undefined]) ipcMain.emit("events:message", { sender: page, senderFrame }, message);
    ipcMain.emit("events:message", { senderFrame: page.senderFrame }, message);
    expect(handled).not.toHaveBeenCalled();
    ipcMain.emit("events:message", { sender: page, senderFrame: page.senderFrame }, message);
    expect(handled).toHaveBeenCalledOnce();
  });

  it.each([
    ["file:///app/index.html", null, true],
    ["file:///C:/app/index.html", null, true],
    ["file://localhost/app/index.html", null, true],
    ["http://localhost:5173/", null, true],
    ["http://127.0.0.1/", undefined, true],
    ["http://[::1]:3000/", null, true],
    ["https://example.com/", null, false],
    ["http://localhost.example.com/", null, false],
    ["data:text/html,hi", null, false],
    ["about:blank", null, false],
    ["blob:file:///1", null, false],
    ["file:///app/index.html", {}, false],
    ["file://evil.host/share/x.html", null, false],
    ["file:////evil.host/share/x.html", null, false],
    ["file:///%5C%5Cevil.host/share/x.html", null, false],
    ["filesystem:https://evil.example/temporary/x.html", null, false],
    ["chrome-extension://abc/x.html", null, false],
    ["isolated-app://abc/", null, false],
    ["view-source:https://evil.example/", null, false],
    ["content://x", null, false],
    ["devtools://devtools/x.html", null, false],
    ["app://conductor/", null, false],
    ["no-such-scheme:x", null, false],
  ])("is by default %s with parent %o: %s", (url, parent, accepted) => {
    expect(acceptLocalPages({ frame: { url, parent }, webContents: { send() {} } })).toBe(accepted);
  });

  it.each([
    ["app://conductor/", ["app"], null, true],
    ["app://conductor/", ["APP:"], null, true],
    ["app://conductor/", ["app"], {}, false],
    ["apple://conductor/", ["app"], null, false],
    ["other://conductor/", ["app", "other"], null, true],
    ["https://example.com/", ["app"], null, false],
  ])("is %s with schemes %j and parent %o: %s", async (url, schemes, parent, accepted) => {
    const { ipcMain, openPage } = createElectron();
    const handled = vi.fn();
    createEventManager({ ipc: { ipcMain, schemes } }).createBus("b").on("e", handled);
    const envelope = { protocol: "atomiton-events/1", from: "s" };
    const message = { ...envelope, type: "event", id: "1", bus: "b", event: "e", want: "first" };
    ipcMain.emit("events:message", { sender: openPage(), senderFrame: { url, parent } }, message);
    expect(handled).toHaveBeenCalledTimes(accepted ? 1 : 0);
  });

  it.each(["", "app://", "a b", "https", "data:", "filesystem", "file"])(
    "is refused to be told by the scheme %j",
    (scheme) => {
      const { ipcMain } = createElectron();
      expect(() => createEventManager({ ipc: { ipcMain, schemes: [scheme] } })).toThrow(RangeError);
      expect(ipcMain.eventNames()).toEqual([]);
    },
  );

  it("cannot fill main with sessions", async () => {
    const { ipcMain, openPage, main } = setup();
    const page = openPage();
    for (let session = 0; session < 1_000; session++) {
      const hello = { protocol: "atomiton-events/1", from: `s-${session}`, type: "hello", reply: true };
      ipcMain.emit("events:message", { sender: page, senderFrame: page.senderFrame }, hello);
    }
    const sent = vi.spyOn(page, "send");
    void main.createBus("conductor").emit("title");
    expect(sent.mock.calls.length).toBe(32);
  });

  it("is answered in its own frame", async () => {
    const { ipcMain, openPage } = createElectron();
    createEventManager({ ipc: { ipcMain, accept: () => true } });
    const page = openPage();
    const inFrame = vi.fn();
    page.senderFrame = { url: "file:///frame.html", parent: {}, send: inFrame };
    page.ipcRenderer.send("events:message", {
      protocol: "atomiton-events/1",
      from: "s",
      type: "hello",
      reply: false,
    } as never);
    await vi.waitFor(() => expect(inFrame).toHaveBeenCalledOnce());
    expect(inFrame).toHaveBeenCalledWith("events:event:message", expect.objectContaining({ type: "hello", to: "s" }));
  });
});

describe("links that are found", () => {
  it("are the preload bridge", async () => {
    const { openPage, mainBus } = setup();
    mainBus.on("execute", () => "over the bridge");
    vi.stubGlobal("window", { atomiton: { __bridge__: openPage().bridge } });
    const events = createEventManager();
    expect([events.getEnvironment(), events.ipc.isAvailable()]).toEqual(["renderer", true]);
    expect(await events.createBus("conductor").emit("execute")).toBe("over the bridge");
    expect(createEventManager({ ipc: false }).ipc.isAvailable()).toBe(false);
  });

  it("are the ipcRenderer that a preload script exposes, however it passes messages on", async () => {
    const { openPage, mainBus } = setup();
    mainBus.on("execute", () => "exposed");
    const { ipcRenderer } = openPage();
    const on = (channel: string, callback: (message: unknown) => void) => {
      const listener = (_event: unknown, message: unknown) => callback(message);
      ipcRenderer.on(channel, listener);
      return () => ipcRenderer.removeListener(channel, listener);
    };
    vi.stubGlobal("window", { electron: { ipcRenderer: { send: ipcRenderer.send, on, removeAllListeners() {} } } });
    const events = createEventManager();
    expect(await events.createBus("conductor").emit("execute")).toBe("exposed");
    events.close();
    expect(ipcRenderer.listenerCount("events:event:message")).toBe(0);
  });

  it.each([true, 0, "sent", { then: "soon" }])("may return %j when they send", async (returned) => {
    const { openPage, mainBus } = setup();
    mainBus.on("execute", () => "ran");
    const { ipcRenderer } = openPage();
    const exposed = {
      on: ipcRenderer.on.bind(ipcRenderer),
      removeListener: ipcRenderer.removeListener.bind(ipcRenderer),
      send(channel: string, ...args: never[]) {
        ipcRenderer.send(channel, ...args);
        return returned;
      },
    };
    const { createBus } = createEventManager({ ipc: { ipcRenderer: exposed } });
    expect(await createBus("conductor").emit("execute")).toBe("ran");
  });

  it("count for nothing when nobody is on the other side", async () => {
    vi.useFakeTimers();
    vi.stubGlobal("window", { atomiton: { __bridge__: createElectron().openPage().bridge } });
    const events = createEventManager();
    const bus = events.createBus("conductor");
    const first = bus.emit("execute");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await first).toBeUndefined();
    expect(await bus.emit("execute")).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("close", () => {
  it("leaves no listener behind and tells the other side", async () => {
    const { ipcMain, openPage, main, mainBus, inPage } = setup();
    const page = openPage();
    const { events, bus } = inPage(page);
    bus.on("confirm", never);
    await met(bus);
    const answer = mainBus.emit("confirm");
    events.close();
    expect(page.ipcRenderer.eventNames()).toEqual([]);
    await expect(answer).rejects.toMatchObject({ code: "IPC_FAILED", message: expect.stringContaining("closed") });
    expect(await mainBus.emit("confirm")).toBeUndefined();
    main.close();
    expect(ipcMain.eventNames()).toEqual([]);
    expect(page.eventNames()).toEqual([]);
  });
});
