/**
 * The main process of an application, as pages see it: a real conductor of Node's behind the channels that
 * `@atomiton/conductor/desktop` serves, with an Electron that only carries messages.
 */

import { createConductor, setupMainProcessHandler } from "@atomiton/conductor/desktop";
import { createApp, createIpcMain } from "./electron-parts.mjs";
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
