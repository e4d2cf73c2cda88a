/** What a main process gets from Electron, as far as the channels of a conductor use it. */

import { tmpdir } from "node:os";

/** `ipcMain`, with the other end. What goes through is copied, as between processes. */
export function createIpcMain() {
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
export function createApp() {
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
