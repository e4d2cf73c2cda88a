/** The main process of a desktop application, whose windows are in the process that started it: messages are structured clones. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createConductor, setupMainProcessHandler } from "@atomiton/conductor/desktop";

import { createApp, createIpcMain } from "../../browser/harness/electron-parts.mjs";

const ipcMain = createIpcMain();
const folder = mkdtempSync(join(tmpdir(), "conductor-bridge-"));
const store = `sqlite:${join(folder, "executions.db")}`;
const settings = { files: { roots: [] }, network: { privateAddresses: false } };
const conductor = createConductor({ transport: "local", store, ...settings });
const handler = setupMainProcessHandler({ conductor, ipcMain, app: createApp(), windows: { getAllWindows: () => [] } });
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
  const answer = await ipcMain.invoke(channel, args).then(
    (value) => ({ value }),
    (error) => ({ rejected: String(error) }),
  );
  process.send({ type: "answer", id, answer });
});
// An application has windows, which keep it.
process.channel.ref();
process.send({ type: "ready" });
