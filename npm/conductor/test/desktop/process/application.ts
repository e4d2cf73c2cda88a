/** An application for a test: its main process, with windows that are other processes. */
import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConductorConfig, createConductor } from "@atomiton/conductor/desktop";
import { afterAll, afterEach, beforeAll } from "vitest";
import type { AppLike, WindowLike } from "../../../src/desktop/electron.js";
import {
  createMainProcessSetup,
  type MainProcessHandler,
  type MainProcessOptions,
} from "../../../src/desktop/main-process.js";
import { MainIpc, PageWindow } from "./main.js";
import { bundle, type Program } from "./program.js";

/** What an executable does with what it is given. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into inputs of every shape.
export type Body = (params: any) => unknown;

/** Electron's `app`, as far as it is used. */
export class FakeApp extends EventEmitter implements AppLike {
  readonly isPackaged = true;
  readonly done: string[] = [];
  /** Of the user who runs it; made by whoever writes there. */
  readonly folder = join(tmpdir(), `application-${randomUUID()}`);
  getPath = (name: string) => join(this.folder, name);
  getAppPath = () => "/fake/app";
  getLocale = () => "en-GB";
  getVersion = () => "1.2.3";
  getName = () => "Fake";
  relaunch = () => void this.done.push("relaunch");
  quit = () => void this.done.push("quit");
  exit = () => void this.done.push("exit");
}

/** A running application. */
export interface Application {
  ipc: MainIpc;
  app: FakeApp;
  handler: MainProcessHandler;
  /** Opens a window, which is tracked because `app` tells of it. */
  open(): Promise<PageWindow>;
}

/** Gives a test applications, and ends them. `bodies` are executables by type. */
export function applications(bodies: () => Record<string, Body>): (options?: MainProcessOptions) => Application {
  const ends: (() => unknown)[] = [];
  let program: Program;
  beforeAll(async () => {
    program = await bundle("./renderer.ts");
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  afterAll(() => program.remove());

  return (options = {}) => {
    const ipc = new MainIpc();
    const app = new FakeApp();
    ends.push(() => rmSync(app.folder, { recursive: true, force: true }));
    const all = bodies();
    const factory: ConductorConfig["nodeExecutorFactory"] = {
      getNodeExecutable: (type) => {
        const body = all[type];
        return body === undefined ? undefined : { execute: async (params) => body(params) };
      },
    };
    const setup = createMainProcessSetup((config) => createConductor({ ...config, nodeExecutorFactory: factory }));
    const handler = setup({ ipcMain: ipc, app, ...options });
    ends.push(() => handler.cleanup());
    return {
      ipc,
      app,
      handler,
      async open() {
        const window = await PageWindow.open(program.path, ipc);
        ends.push(() => window.kill());
        app.emit("browser-window-created", {}, window as WindowLike);
        return window;
      },
    };
  };
}
