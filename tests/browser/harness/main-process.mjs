/**
 * The main process of an application, as pages see it: a real conductor of Node's behind the channels that
 * `@atomiton/conductor/desktop` serves, with an Electron that only carries messages.
 */

import { tmpdir } from "node:os";

import { createConductor, setupMainProcessHandler } from "@atomiton/conductor/desktop";
import { atEnd } from "./endings.mjs";
import { createSessions } from "./sessions.mjs";

/**
 * Starts it; it ends with the test.
 *
 * @param {import("node:test").TestContext} t
 * @param {object} config settings of the conductor, such as `nodeExecutorFactory`
 * @returns `invoke(channel, ...args)` and `send(channel, ...args)` are what `ipcRenderer` does; `onSent(listener)` tells
 *   what the main process sends, as `(channel, data)`; `calls` are the commands invoked so far, as
 *   `{ channel, command, args }`; `app.did` is what was asked of the application; `sessions` are those of `auth`
 */
export function startMainProcess(t, config = {}) {
  const conductor = createConductor({ transport: "local", ...config });
  const ipcMain = createIpcMain();
  const app = createApp();
  const sessions = createSessions();
  const calls = [];
  const listeners = new Set();
  const sent = (channel, data) => {
    for (const listener of [...listeners]) listener(channel, data);
  };

  const handler = setupMainProcessHandler({
    conductor,
    ipcMain,
    app,
    windows: { getAllWindows: () => [] },
    auth: sessions,
  });
  handler.trackWindow({ webContents: { send: sent } });
  atEnd(t, async () => {
    await handler.cleanup();
    await conductor.shutdown();
  });

  return {
    conductor,
    app,
    sessions,
    calls,
    async invoke(channel, ...args) {
      if (channel.endsWith(":call"))
        calls.push({ channel: channel.slice(0, -":call".length), command: args[0], args: args[1] });
      return ipcMain.invoke(channel, args);
    },
    send(channel, ...args) {
      ipcMain.send(channel, args, sent);
    },
    onSent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** `ipcMain`, with the other end. What goes through is copied, as between processes. */
function createIpcMain() {
  const handlers = new Map();
  const messages = new Map();
  return {
    handle: (channel, handler) => handlers.set(channel, handler),
    removeHandler: (channel) => handlers.delete(channel),
    on: (channel, listener) => messages.set(channel, [...(messages.get(channel) ?? []), listener]),
    removeListener: (channel, gone) =>
      messages.set(
        channel,
        (messages.get(channel) ?? []).filter((listener) => listener !== gone),
      ),
    async invoke(channel, args) {
      const handler = handlers.get(channel);
      if (handler === undefined) throw new Error(`No handler registered for '${channel}'`);
      return structuredClone(await handler({}, ...args));
    },
    send(channel, args, reply) {
      for (const listener of messages.get(channel) ?? []) listener({ reply }, ...args);
    },
  };
}

/** Electron's `app`, which keeps what it is asked to do, in order, instead of doing it. */
function createApp() {
  const did = [];
  const asked = new Set();
  const does = (what) => () => {
    did.push(what);
    for (const answer of asked) answer();
  };
  return {
    did,
    /** Resolves when it was asked to do this. */
    async asked(what) {
      while (!did.includes(what)) {
        await new Promise((resolve) => asked.add(resolve));
      }
    },
    isPackaged: true,
    getPath: () => tmpdir(),
    getAppPath: () => tmpdir(),
    getLocale: () => "en",
    getVersion: () => "1.0.0",
    getName: () => "Application",
    relaunch: does("relaunch"),
    quit: does("quit"),
    exit: does("exit"),
    on() {},
    removeListener() {},
  };
}
