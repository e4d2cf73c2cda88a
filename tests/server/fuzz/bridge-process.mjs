/** The main process of a desktop application, whose windows are in the process that started it: messages are structured clones. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createConductor, setupMainProcessHandler } from "@atomiton/conductor/desktop";

const handlers = new Map();
const ipcMain = {
  handle: (channel, handler) => handlers.set(channel, handler),
  removeHandler: (channel) => handlers.delete(channel),
  on() {},
  removeListener() {},
};
const app = {
  isPackaged: true,
  getPath: () => tmpdir(),
  getAppPath: () => tmpdir(),
  getLocale: () => "en",
  getVersion: () => "1.0.0",
  getName: () => "Application",
  relaunch() {},
  quit() {},
  exit() {},
  on() {},
  removeListener() {},
};

const folder = mkdtempSync(join(tmpdir(), "conductor-bridge-"));
const store = `sqlite:${join(folder, "executions.db")}`;
const settings = { files: { roots: [] }, network: { privateAddresses: false } };
const conductor = createConductor({ transport: "local", store, ...settings });
const handler = setupMainProcessHandler({ conductor, ipcMain, app, windows: { getAllWindows: () => [] } });
handler.trackWindow({ webContents: { send() {} } });

process.on("message", async ({ type, id, call }) => {
  if (type === "end") {
    await handler.cleanup();
    await conductor.shutdown();
    rmSync(folder, { recursive: true, force: true });
    process.disconnect();
  }
  if (type !== "call") return;
  const [channel, ...args] = call;
  const answer = await Promise.resolve()
    .then(() => {
      const handle = handlers.get(channel);
      if (handle === undefined) throw new Error(`No handler registered for '${channel}'`);
      return handle({}, ...args);
    })
    .then(
      (value) => ({ value }),
      (error) => ({ rejected: String(error) }),
    );
  process.send({ type: "answer", id, answer });
});
// An application has windows, which keep it.
process.channel.ref();
process.send({ type: "ready" });
