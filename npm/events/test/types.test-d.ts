import type { ChildProcess } from "node:child_process";
import type { BrowserWindow, IpcMain, IpcRenderer } from "electron";
import { expectTypeOf, it } from "vitest";
import type { createEventManager as createBrowserEventManager } from "../src/exports/browser.js";
import { createEventManager as createDesktopEventManager } from "../src/exports/desktop.js";
import { createEventManager, type EventContext } from "../src/exports/index.js";

interface Request {
  compositeId: string;
  inputs?: Record<string, unknown>;
}
interface Result {
  success: boolean;
}
type Nothing = ReturnType<() => void>;
interface ConductorEvents {
  execute: { data: Request; answer: Result };
  complete: Result;
  progress: number;
  stop: { data: Nothing; answer: boolean };
}

const bus = createEventManager().createBus<ConductorEvents>("conductor");

it("knows data and answer of an event", () => {
  expectTypeOf(bus.emit("execute", { compositeId: "a", inputs: {} })).resolves.toEqualTypeOf<Result | undefined>();
  expectTypeOf(bus.emitAll("execute", { compositeId: "a" })).resolves.toEqualTypeOf<Result[]>();
  expectTypeOf(bus.emit("complete", { success: true })).resolves.toEqualTypeOf<unknown>();
  expectTypeOf(bus.wait("progress", { timeout: 5 })).resolves.toEqualTypeOf<number>();
  bus.on("execute", async (data, context) => {
    expectTypeOf(data).toEqualTypeOf<Request>();
    expectTypeOf(context).toEqualTypeOf<EventContext<"execute">>();
    await bus.emit("complete", { success: true });
    return { success: true };
  });
  bus.on("execute", (data) => {
    expectTypeOf(data.compositeId).toBeString();
  });
  bus.once("progress", (value) => value.toFixed(), { filter: (value) => value > 50 });
});

it("needs data only where there is some", () => {
  bus.emit("stop");
  bus.emit("stop", undefined, { timeout: 5 });
  // @ts-expect-error the data is missing
  bus.emit("execute");
});

it("refuses what the map does not have", () => {
  // @ts-expect-error no such event
  bus.emit("exectue", { compositeId: "a" });
  // @ts-expect-error wrong data
  bus.emit("progress", "half");
  // @ts-expect-error wrong answer
  bus.on("execute", () => "done");
  // @ts-expect-error no such event
  bus.listenerCount("other");
});

it("shows an observer any event's data", () => {
  bus.onAny((event, data) => {
    expectTypeOf(event).toEqualTypeOf<"execute" | "complete" | "progress" | "stop">();
    expectTypeOf(data).toEqualTypeOf<Request | Result | number | Nothing>();
  });
});

it("takes any event on a bus without a map", () => {
  const loose = createEventManager().createBus("loose");
  expectTypeOf(loose.emit("anything")).resolves.toEqualTypeOf<unknown>();
  loose.on("anything", (data) => expectTypeOf(data).toEqualTypeOf<unknown>());
});

it("has one API at every entry point", () => {
  expectTypeOf<ReturnType<typeof createBrowserEventManager>>().toEqualTypeOf<ReturnType<typeof createEventManager>>();
  expectTypeOf<ReturnType<typeof createDesktopEventManager>>().toEqualTypeOf<ReturnType<typeof createEventManager>>();
});

it("links with what Electron and Node really have", () => {
  const electron = {} as { ipcMain: IpcMain; ipcRenderer: IpcRenderer; windows: BrowserWindow[] };
  createDesktopEventManager({ ipc: { ipcMain: electron.ipcMain, windows: () => electron.windows } });
  createDesktopEventManager({ ipc: { ipcMain: electron.ipcMain, accept: ({ frame }) => frame.url === "app://main" } });
  createDesktopEventManager({ ipc: { ipcRenderer: electron.ipcRenderer, channel: "mine", maxMessageBytes: 1_000 } });
  createDesktopEventManager({ ipc: { process } });
  createDesktopEventManager({ ipc: { process: {} as ChildProcess } });
  createDesktopEventManager({ ipc: false });
  // @ts-expect-error neither a way to link nor a limit
  createDesktopEventManager({ ipc: { ipcmain: electron.ipcMain } });
});
