/** What of Electron is used here, as far as it is used: applications hand their own Electron in. */

/** The frame that a message came from. */
export interface FrameLike {
  readonly url: string;
  /** As Chromium writes it: `https://example.com`, `file://`, or `null` where it is opaque. */
  readonly origin?: string;
  /** Null for the page of a window itself. */
  readonly parent?: unknown;
}

/** What a handler is told about who calls. */
export interface IpcEventLike {
  /** Null when the frame is gone or shows another page by now. */
  readonly senderFrame?: FrameLike | null;
}

/** The same of a message that is answered by another one. */
export interface IpcMessageEventLike extends IpcEventLike {
  reply(channel: string, ...args: unknown[]): void;
}

/** Answers calls. */
export interface IpcHandlers {
  handle(channel: string, listener: (event: IpcEventLike, ...args: unknown[]) => unknown): void;
  removeHandler(channel: string): void;
}

/** Receives messages. */
export interface IpcMessages {
  on(channel: string, listener: (event: IpcMessageEventLike, ...args: unknown[]) => void): unknown;
  removeListener(channel: string, listener: (event: IpcMessageEventLike, ...args: unknown[]) => void): unknown;
}

/** `ipcMain`. */
export interface IpcMainLike extends IpcHandlers, IpcMessages {}

/** The page of a window. */
export interface WebContentsLike {
  send(channel: string, ...args: unknown[]): void;
  isDestroyed?(): boolean;
  readonly mainFrame?: FrameLike | null;
}

/** A window. */
export interface WindowLike {
  readonly webContents: WebContentsLike;
  isDestroyed?(): boolean;
  once?(event: "closed", listener: () => void): unknown;
  removeListener?(event: "closed", listener: () => void): unknown;
}

/** `app`. */
export interface AppLike {
  readonly isPackaged: boolean;
  getPath(name: "userData" | "documents" | "temp"): string;
  getAppPath(): string;
  getLocale(): string;
  getVersion(): string;
  getName(): string;
  relaunch(): void;
  quit(): void;
  exit(code?: number): void;
  on(event: "browser-window-created", listener: (event: unknown, window: WindowLike) => void): unknown;
  removeListener(event: "browser-window-created", listener: (event: unknown, window: WindowLike) => void): unknown;
}

/** `BrowserWindow`, as far as it knows all windows. */
export interface WindowsLike {
  getAllWindows(): WindowLike[];
}

/** `ipcRenderer`. */
export interface IpcRendererLike {
  invoke(channel: string, ...args: unknown[]): Promise<unknown>;
  send(channel: string, ...args: unknown[]): void;
  on(channel: string, listener: (event: unknown, ...args: unknown[]) => void): unknown;
  removeListener(channel: string, listener: (event: unknown, ...args: unknown[]) => void): unknown;
}

/** `contextBridge`. */
export interface ContextBridgeLike {
  exposeInMainWorld(key: string, api: unknown): void;
}
