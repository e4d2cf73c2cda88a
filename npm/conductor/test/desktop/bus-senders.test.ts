/** Who may run flows over a bus of events: with the policy of the channels, the callers of those. */
import { EventEmitter } from "node:events";
import { createEventManager } from "@atomiton/events/desktop";
import { afterEach, describe, expect, it } from "vitest";
import { createSenderPolicy } from "../../src/desktop/sender.js";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A main process whose bus runs requests, and a page of it at this address. */
function application(url: string, ipc: object, connectTimeout?: number) {
  const ipcMain = new EventEmitter();
  const ipcRenderer = new EventEmitter() as EventEmitter & { send(channel: string, message: unknown): void };
  const webContents = Object.assign(new EventEmitter(), {
    send: (channel: string, message: unknown) => void ipcRenderer.emit(channel, {}, structuredClone(message)),
  });
  // As Chromium writes the origin of a file.
  const senderFrame = { url, origin: url.startsWith("file:") ? "file://" : new URL(url).origin, parent: null };
  ipcRenderer.send = (channel, message) =>
    void ipcMain.emit(channel, { sender: webContents, senderFrame }, structuredClone(message));
  const main = createEventManager({ ipc: { ipcMain: ipcMain as never, ...ipc } });
  main.createBus<{ execute: object }>("conductor").on("execute", async () => "ran");
  const page = createEventManager({ ipc: { ipcRenderer: ipcRenderer as never, connectTimeout } });
  ends.push(
    () => page.close(),
    () => main.close(),
  );
  return page.createBus<{ execute: object }>("conductor").emit("execute", { flowId: "f" });
}

const packaged = createSenderPolicy({ developing: false, log: { warn() {} } });
const accept = ({ frame }: { frame: object }) => packaged.refusal({ senderFrame: frame as never }) === undefined;

describe("a bus whose link asks the policy of the channels", () => {
  it("runs what a page of the application asks", async () => {
    expect(await application("file:///app/index.html", { accept })).toBe("ran");
  });

  it("runs nothing for a page of this machine's web servers, once packaged", async () => {
    // Nothing answers a page that is refused, so that how long it waits only says when the test ends.
    const asked = application("http://localhost:5173/", { accept }, 50);
    await expect(asked).rejects.toMatchObject({ code: "IPC_FAILED" });
  });
});
