/** The link from Electron's main process to its windows. */
import type { Unsubscribe } from "../event-map.js";
import { channelNames, DEFAULT_CHANNEL, type IpcListener, type Link } from "./link.js";
import type { LinkMessage } from "./message.js";

/** What is used of Electron's `ipcMain`. */
export interface IpcMainLike {
  on(channel: string, listener: IpcListener): unknown;
  removeListener(channel: string, listener: IpcListener): unknown;
}

/** What is used of a window's `webContents`. */
export interface WebContentsLike {
  send(channel: string, ...args: unknown[]): void;
  isDestroyed?(): boolean;
  on?(event: never, listener: IpcListener): unknown;
  removeListener?(event: never, listener: IpcListener): unknown;
}

/** What is used of a `BrowserWindow`. */
export interface WindowLike {
  readonly webContents: WebContentsLike;
  isDestroyed?(): boolean;
}

/** What is used of the frame that a message came from. */
export interface FrameLike {
  readonly url: string;
  /** Null for the page itself. */
  readonly parent?: unknown;
  send?(channel: string, ...args: unknown[]): void;
}

/** Who sent a message. */
export interface Sender {
  readonly frame: FrameLike;
  readonly webContents: WebContentsLike;
}

export interface MainLinkOptions {
  /** Windows that are there already; those that come later announce themselves. */
  windows?: Iterable<WindowLike> | (() => Iterable<WindowLike>) | undefined;
  /** Whether a sender may take part, asked for each message; only `true` lets it in. `acceptLocalPages` by default. */
  accept?: ((sender: Sender) => boolean) | undefined;
  /** `events` by default. */
  channel?: string | undefined;
}

/** Where messages to a sender go: its page, or its one frame. */
interface Target {
  send(channel: string, ...args: unknown[]): void;
}

const GONE = {
  destroyed: "its window was closed",
  "render-process-gone": "its renderer ended",
  "did-navigate": "it went to another page",
} as const;

/**
 * Links main to every page and frame that sends to it and is accepted. A message without a sender's frame, as of one
 * that was destroyed or navigated since, is refused.
 */
export function createMainLink(ipcMain: IpcMainLike, options: MainLinkOptions = {}): Link {
  const { up, down } = channelNames(options.channel ?? DEFAULT_CHANNEL);
  const accept = options.accept ?? acceptLocalPages;
  const watched = new Map<WebContentsLike, { targets: Set<Target>; stop: Unsubscribe }>();
  let tellGone: (reason: string, from: unknown) => void = () => {};

  const remember = (webContents: WebContentsLike, target: Target) => {
    const known = watched.get(webContents);
    if (known) {
      known.targets.add(target);
      return;
    }
    const stop = watchLeaving(webContents, (reason) => {
      const targets = watched.get(webContents)?.targets ?? [];
      watched.delete(webContents);
      stop();
      for (const gone of targets) tellGone(reason, gone);
    });
    watched.set(webContents, { targets: new Set([target]), stop });
  };

  return {
    many: true,
    send(message, to) {
      if (to !== undefined) (to as Target).send(down, message);
      else for (const { webContents } of openWindows(options.windows)) sendQuietly(webContents, down, message);
    },
    onMessage(callback) {
      const listener = (event: IncomingEvent, message: unknown) => {
        const sender = senderOf(event);
        if (!sender || !isAccepted(accept, sender)) return;
        const target = targetOf(sender);
        remember(sender.webContents, target);
        callback(message, target);
      };
      ipcMain.on(up, listener);
      return () => {
        ipcMain.removeListener(up, listener);
      };
    },
    onGone(callback) {
      tellGone = callback;
      return () => {
        tellGone = () => {};
      };
    },
    close() {
      for (const { stop } of watched.values()) stop();
      watched.clear();
    },
  };
}

/**
 * Accepts pages, not frames within them, that come from this machine: files, an application's own schemes, and http(s)
 * on the loopback. A page from the network needs an `accept` of its own that knows its origin.
 */
export function acceptLocalPages({ frame }: Sender): boolean {
  if (frame.parent !== undefined && frame.parent !== null) return false;
  const { protocol, hostname } = new URL(frame.url);
  if (protocol === "http:" || protocol === "https:") return LOOPBACK.includes(hostname);
  return !OPAQUE.includes(protocol);
}

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];
const OPAQUE = ["about:", "blob:", "data:", "javascript:", "chrome-error:", "ws:", "wss:", "ftp:"];

interface IncomingEvent {
  readonly sender?: WebContentsLike;
  readonly senderFrame?: FrameLike | null;
}

function senderOf(event: IncomingEvent): Sender | undefined {
  const frame = event.senderFrame;
  return frame && event.sender ? { frame, webContents: event.sender } : undefined;
}

function isAccepted(accept: (sender: Sender) => boolean, sender: Sender): boolean {
  try {
    return accept(sender) === true;
  } catch {
    return false;
  }
}

/** A page is reached through its window, which outlives the page's frame; a frame within it only through itself. */
function targetOf({ frame, webContents }: Sender): Target {
  const inner = frame.parent !== undefined && frame.parent !== null;
  return inner && frame.send ? (frame as Target) : webContents;
}

function watchLeaving(webContents: WebContentsLike, leave: (reason: string) => void): Unsubscribe {
  const listeners = Object.entries(GONE).map(([event, reason]) => [event as never, () => leave(reason)] as const);
  for (const [event, listener] of listeners) webContents.on?.(event, listener);
  return () => {
    for (const [event, listener] of listeners) webContents.removeListener?.(event, listener);
  };
}

function openWindows(windows: MainLinkOptions["windows"]): WindowLike[] {
  const all = typeof windows === "function" ? windows() : (windows ?? []);
  return [...all].filter((window) => !window.isDestroyed?.() && !window.webContents.isDestroyed?.());
}

function sendQuietly(webContents: WebContentsLike, channel: string, message: LinkMessage): void {
  try {
    webContents.send(channel, message);
  } catch {
    // Closed meanwhile: it is asked nothing.
  }
}
