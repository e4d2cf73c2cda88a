/** An Electron application, started as one, with a page that is a tab of a browser. */

import { fork } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { ROOT } from "../../../scripts/command.mjs";
import { atEnd, serve, within } from "../harness/index.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));

/**
 * Starts the application of a folder in a process of its own, from a copy beside whose code lie the packages of this
 * checkout and the Electron of this folder. It ends with the test.
 *
 * @param {import("node:test").TestContext} t
 * @param {string} folder with `main.js`
 * @param {string} built the folder with the built page, which becomes its `dist`
 */
export async function startApplication(t, folder, built) {
  const place = mkdtempSync(join(tmpdir(), "conductor-application-"));
  atEnd(t, () => rmSync(place, { recursive: true, force: true }));
  const own = (path) => !/node_modules|dist$/.test(path.slice(folder.length));
  cpSync(folder, place, { recursive: true, filter: own });
  cpSync(built, join(place, "dist"), { recursive: true });
  mkdirSync(join(place, "node_modules"));
  symlinkSync(join(ROOT, "node_modules", "@atomiton"), join(place, "node_modules", "@atomiton"));
  cpSync(HERE, join(place, "node_modules", "electron"), { recursive: true });

  const application = new Application(place);
  atEnd(t, () => application.kill());
  await application.window();
  return application;
}

class Application {
  #child;
  #asked = new Map();
  #count = 0;
  #told = [];
  #waiting = new Set();
  #toPage = () => {};

  constructor(place) {
    this.#child = fork(join(place, "main.js"), [], {
      cwd: place,
      serialization: "advanced",
      execArgv: ["--require", join(place, "node_modules", "electron", "before.cjs")],
      env: { ...process.env, USER_DATA: join(place, "user data") },
    });
    this.#child.on("message", (message) => this.#take(message));
    this.#child.on("exit", (code) => this.#take({ kind: "exit", code }));
  }

  /** The next message of a kind; those of the past count, each once. */
  async next(kind) {
    const find = async () => {
      for (;;) {
        const at = this.#told.findIndex((message) => message.kind === kind || message.kind === "error box");
        if (at >= 0) {
          const [found] = this.#told.splice(at, 1);
          if (found.kind !== kind) throw new Error(found.text);
          return found;
        }
        await new Promise((resolve) => this.#waiting.add(resolve));
      }
    };
    return within(find(), `the application's ${kind}`);
  }

  /** The window that was opened: its page's path, its preload script and its preferences. */
  async window() {
    this.opened ??= await this.next("window");
    return this.opened;
  }

  /** Waits until a person is asked for a folder, and answers; `null` closes the dialog. */
  async choose(path) {
    await this.next("dialog");
    this.#child.send({ kind: "choose", path });
  }

  /** Ends as when a person quits; resolves with the exit code once nothing is left of it. */
  async quit() {
    this.#child.send({ kind: "quit" });
    return (await this.next("exit")).code;
  }

  async kill() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await within(gone, "the application to end");
  }

  /** Opens the window's page in a tab, after its real preload script has run there. */
  async open(t, browser) {
    const { path, preload } = await this.window();
    // From a site, as Chromium alone loads no modules from files. Electron does.
    const { url } = await serve(t, { folder: dirname(path), files: {} });
    const tab = await browser.open(t, url, {
      before: `(${preloaded})((process, require, module, exports) => {${readFileSync(preload, "utf8")}\n})`,
      functions: {
        toMain: (channel, args) => this.#invoke(channel, args),
        sendToMain: (channel, args) => void this.#child.send({ kind: "send", channel, args }),
      },
    });
    this.#toPage = ({ channel, args }) => {
      // A page that is being closed or loaded anew hears nothing.
      tab.page.evaluate(([name, data]) => window.fromMain?.(name, data), [channel, args[0]]).catch(() => {});
    };
    return tab;
  }

  #invoke(channel, args) {
    const seq = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#asked.set(seq, { resolve, reject });
      this.#child.send({ kind: "invoke", seq, channel, args });
    });
  }

  #take(message) {
    if (message.kind === "event") return this.#toPage(message);
    if (message.kind === "answer") {
      const { resolve, reject } = this.#asked.get(message.seq);
      this.#asked.delete(message.seq);
      return message.error === undefined ? resolve(message.value) : reject(new Error(message.error));
    }
    this.#told.push(message);
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

/** In the page: runs a sandboxed preload script, with as much of Electron as such a script is given. */
function preloaded(script) {
  const listeners = new Map();
  const on = (channel) => listeners.get(channel) ?? listeners.set(channel, new Set()).get(channel);
  window.fromMain = (channel, data) => {
    for (const listener of [...on(channel)]) listener({}, data);
  };
  const ipcRenderer = {
    invoke: (channel, ...args) => window.toMain(channel, args),
    send: (channel, ...args) => void window.sendToMain(channel, args),
    on: (channel, listener) => void on(channel).add(listener),
    removeListener: (channel, listener) => void on(channel).delete(listener),
  };
  const contextBridge = { exposeInMainWorld: (key, api) => Object.assign(window, { [key]: api }) };
  const require = (name) => {
    if (name !== "electron") throw new Error(`module not found: ${name}`);
    return { contextBridge, ipcRenderer };
  };
  const module = { exports: {} };
  script({ contextIsolated: true, versions: { electron: "45.4.1" } }, require, module, module.exports);
}
