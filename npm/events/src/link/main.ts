/** The link from Electron's main process to its windows. */
import { channelNames, DEFAULT_CHANNEL, type IpcListener, type Link } from "./link.js";
import type { LinkMessage } from "./message.js";
import { acceptLocalPages, checkSchemes, type FrameLike, type Sender, type WebContentsLike } from "./sender.js";
import { createTargets, type Target } from "./targets.js";

/** What is used of Electron's `ipcMain`. */
export interface IpcMainLike {
  on(channel: string, listener: IpcListener): unknown;
  removeListener(channel: string, listener: IpcListener): unknown;
}

/** What is used of a `BrowserWindow`. */
export interface WindowLike {
  readonly webContents: WebContentsLike;
  isDestroyed?(): boolean;
}

export interface MainLinkOptions {
  /** Windows that are there already; those that come later announce themselves. */
  windows?: Iterable<WindowLike> | (() => Iterable<WindowLike>) | undefined;
  /**
   * Whether a sender may take part, asked for each message; only `true` lets it in. By default `acceptLocalPages` with
   * `schemes`.
   */
  accept?: ((sender: Sender) => boolean) | undefined;
  /**
   * Schemes of the application's own, as `["app"]`, whose pages take part besides files and the loopback; none by
   * default. An `accept` decides without them.
   */
  schemes?: readonly string[] | undefined;
  /** `events` by default. */
  channel?: string | undefined;
}

/**
 * Links main to every page and frame that sends to it and is accepted. A message without a sender's frame, as of one
 * that was destroyed or navigated since, is refused. Throws a `RangeError` for `schemes` that are malformed.
 */
export function createMainLink(ipcMain: IpcMainLike, options: MainLinkOptions = {}): Link {
  const { up, down } = channelNames(options.channel ?? DEFAULT_CHANNEL);
  const schemes = checkSchemes(options.schemes ?? []);
  const accept = options.accept ?? ((sender: Sender) => acceptLocalPages(sender, schemes));
  let tellGone: (reason: string, from: unknown) => void = () => {};
  const targets = createTargets((reason, target) => tellGone(reason, target));

  return {
    many: true,
    send(message, to) {
      if (to !== undefined) targets.send(to as Target, down, message);
      else for (const { webContents } of openWindows(options.windows)) sendQuietly(webContents, down, message);
    },
    onMessage(callback) {
      const listener = (event: IncomingEvent, message: unknown) => {
        const sender = senderOf(event);
        if (!sender || !isAccepted(accept, sender)) return;
        const target = targets.meet(sender);
        if (target) callback(message, target);
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
      targets.close();
    },
  };
}

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
