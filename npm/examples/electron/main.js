/** The main process: runs flows, and opens a window. */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { setupMainProcessHandler } from "@atomiton/conductor/desktop";
import { getNodeExecutable } from "@atomiton/nodes/executables";
import { app, BrowserWindow, dialog } from "electron";
import { ownNodes } from "./nodes.js";

/** What `vite build` made of `index.html` and `src/`. */
const PAGE = fileURLToPath(new URL("dist/index.html", import.meta.url));
/** A preload script that is ready as it is: it gives the page `window.atomiton`, and nothing else. */
const PRELOAD = createRequire(import.meta.url).resolve("@atomiton/conductor/preload-script");

/** @type {ReturnType<typeof setupMainProcessHandler> | undefined} */
let handler;

async function start() {
  await app.whenReady();
  handler = setupMainProcessHandler({
    concurrency: 4,
    nodeExecutorFactory: { getNodeExecutable: (type) => ownNodes.get(type) ?? getNodeExecutable(type) },
  });
  openWindow();
}

function openWindow() {
  const window = new BrowserWindow({
    width: 900,
    height: 700,
    webPreferences: { preload: PRELOAD, contextIsolation: true, sandbox: true, nodeIntegration: false },
  });
  // The page is ours and stays: links that lead elsewhere lead nowhere.
  window.webContents.on("will-navigate", (event) => event.preventDefault());
  window.webContents.setWindowOpenHandler(() => ({ action: "deny" }));
  void window.loadFile(PAGE);
}

app.on("window-all-closed", () => {
  if (process.platform !== "darwin") app.quit();
});
app.on("activate", () => {
  if (handler !== undefined && BrowserWindow.getAllWindows().length === 0) openWindow();
});
app.on("will-quit", () => {
  // What still runs ends as cancelled.
  void handler?.cleanup();
});

start().catch((error) => {
  dialog.showErrorBox("The application could not start", error.message);
  app.exit(1);
});
