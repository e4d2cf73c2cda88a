/**
 * Electron's main process as an application sees it, where there is no Electron: `require("electron")`, over messages with
 * the test that started this process (`application.mjs`). What pages send is cloned on the way, as between processes.
 */

const { EventEmitter } = require("node:events");
const { pathToFileURL } = require("node:url");

const tell = (message) => process.connected && process.send(message);

const app = Object.assign(new EventEmitter(), {
  isPackaged: true,
  whenReady: () => Promise.resolve(),
  getPath: () => process.env.USER_DATA,
  getAppPath: () => process.cwd(),
  getLocale: () => "en",
  getVersion: () => "0.1.0",
  getName: () => "Example",
  relaunch() {},
  quit() {
    app.emit("will-quit");
    // Whatever the application leaves behind keeps the process alive, which the test sees.
    process.disconnect();
  },
  exit: (code) => process.exit(code),
});

const windows = new Set();

class BrowserWindow extends EventEmitter {
  static getAllWindows = () => [...windows];

  constructor(options) {
    super();
    windows.add(this);
    this.options = options;
    this.webContents = Object.assign(new EventEmitter(), {
      send: (channel, ...args) => tell({ kind: "event", channel, args }),
      isDestroyed: () => false,
      setWindowOpenHandler: (handler) => {
        this.opens = handler({ url: "https://example.com" });
      },
    });
    app.emit("browser-window-created", {}, this);
  }

  isDestroyed() {
    return false;
  }

  async loadFile(path) {
    this.webContents.mainFrame = { url: pathToFileURL(path).href, origin: "file://", parent: null };
    const { preload, ...preferences } = this.options.webPreferences;
    tell({ kind: "window", path, preload, preferences, opens: this.opens });
  }
}

const handlers = new Map();
const messages = new EventEmitter();
const ipcMain = {
  handle: (channel, handler) => handlers.set(channel, handler),
  removeHandler: (channel) => handlers.delete(channel),
  on: (channel, listener) => messages.on(channel, listener),
  removeListener: (channel, listener) => messages.removeListener(channel, listener),
};

/** Dialogs that are open, oldest first. */
const open = [];
const dialog = {
  showErrorBox: (title, content) => tell({ kind: "error box", text: `${title}: ${content}` }),
  showOpenDialog: () =>
    new Promise((resolve) => {
      open.push(resolve);
      tell({ kind: "dialog" });
    }),
};

process.on("message", async ({ kind, seq, channel, args, path }) => {
  if (kind === "quit") return app.quit();
  if (kind === "choose") return open.shift()?.({ canceled: path === null, filePaths: path === null ? [] : [path] });
  const [window] = windows;
  const senderFrame = window.webContents.mainFrame;
  if (kind === "send") return messages.emit(channel, { senderFrame, reply: window.webContents.send }, ...args);
  try {
    const handler = handlers.get(channel);
    if (handler === undefined) throw new Error(`No handler registered for '${channel}'`);
    tell({ kind: "answer", seq, value: await handler({ senderFrame }, ...args) });
  } catch (error) {
    tell({ kind: "answer", seq, error: error.message });
  }
});

exports.app = app;
exports.BrowserWindow = BrowserWindow;
exports.dialog = dialog;
exports.ipcMain = ipcMain;
