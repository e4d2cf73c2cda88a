/** Who sends to Electron's main process, and who of them is let in. */
import type { IpcListener } from "./link.js";

/** What is used of a window's `webContents`. */
export interface WebContentsLike {
  send(channel: string, ...args: unknown[]): void;
  isDestroyed?(): boolean;
  on?(event: never, listener: IpcListener): unknown;
  removeListener?(event: never, listener: IpcListener): unknown;
}

/** What is used of the frame that a message came from. */
export interface FrameLike {
  readonly url: string;
  /** Null for the page itself. */
  readonly parent?: unknown;
  readonly processId?: number;
  readonly routingId?: number;
  /** Whether another page has taken the frame's place. */
  readonly detached?: boolean;
  isDestroyed?(): boolean;
  send?(channel: string, ...args: unknown[]): void;
}

/** Who sent a message. */
export interface Sender {
  readonly frame: FrameLike;
  readonly webContents: WebContentsLike;
}

/** Whether a frame is within a page, rather than the page itself. Throws when the frame is gone, as Electron's do. */
export function isInner({ parent }: FrameLike): boolean {
  return parent !== undefined && parent !== null;
}

/**
 * Accepts pages, not frames within them, that come from this machine: `file:` without a host, http(s) on the loopback
 * (`localhost`, `127.0.0.1`, `[::1]`), and the schemes that are named, as `["app"]` for those of an application that
 * serves its pages by a protocol of its own. Nothing else: a page from the network needs an `accept` of its own that
 * knows its origin.
 *
 * The loopback is let in whether an application is packaged or not: this package knows nothing of that, and what a
 * message can do is up to the application. Where a bus leads to a conductor, which refuses such pages once an application
 * is packaged, the conductor's `createSenderPolicy` makes an `accept` for the link.
 */
export function acceptLocalPages({ frame }: Sender, schemes: readonly string[] = []): boolean {
  if (isInner(frame)) return false;
  const { protocol, hostname, pathname } = new URL(frame.url);
  if (protocol === "file:") return hostname === "" && !NETWORK_PATH.test(pathname);
  if (protocol === "http:" || protocol === "https:") return LOOPBACK.includes(hostname);
  return checkSchemes(schemes).includes(protocol);
}

/**
 * The schemes as URLs have them: in lower case, with a colon. Throws a `RangeError` for what is no scheme, and for those
 * whose pages anybody may have written.
 */
export function checkSchemes(schemes: readonly string[]): string[] {
  return schemes.map((scheme) => {
    const protocol = /^([a-z][a-z0-9+.-]*):?$/i.exec(scheme)?.[1]?.toLowerCase();
    if (protocol !== undefined && !ANYBODYS.includes(protocol)) return `${protocol}:`;
    throw new RangeError(
      `ipc.schemes must name schemes of the application's own, as "app", not "${scheme}": ` +
        "for other pages give ipc.accept, which sees each sender",
    );
  });
}

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** Windows reads `file:////host/share` as another machine's file. */
const NETWORK_PATH = /^\/(\/|\\|%2f|%5c)/i;

const ANYBODYS = [
  ...["http", "https", "ws", "wss", "ftp", "file"],
  ...["about", "blob", "data", "javascript", "filesystem", "view-source", "chrome-error"],
];
