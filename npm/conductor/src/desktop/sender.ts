/** Who may call, and which windows are told what happens. */
import { createLog, type Log } from "../engine/log.js";
import type { FrameLike, IpcEventLike, WebContentsLike } from "./electron.js";

/** Which pages are trusted beside those of the application itself. */
export interface SenderOptions {
  /** Origins of trusted web pages, such as `https://app.example.com`. */
  origins?: readonly string[];
  /** Trusts pages of this machine's web servers (`localhost`, `127.0.0.1`, `[::1]`), as while developing. Default: whether Electron runs an application that is not packaged. */
  developing?: boolean;
  log?: Pick<Log, "warn">;
}

/** Decides by the origin of a frame. */
export interface SenderPolicy {
  /** Why a call is refused; `undefined` when it is not. Reported once per origin. */
  refusal(event: IpcEventLike | undefined): string | undefined;
  /** Whether a window may be told what happens: it may show another page than the one that was opened in it. */
  trusts(contents: WebContentsLike): boolean;
}

/** Schemes whose pages are not the application's: they come from elsewhere, or from anybody's text. */
const FOREIGN_SCHEMES = new Set([
  "http:",
  "https:",
  "ws:",
  "wss:",
  "ftp:",
  "about:",
  "blob:",
  "chrome:",
  "chrome-error:",
  "chrome-extension:",
  "chrome-untrusted:",
  "data:",
  "devtools:",
  "filesystem:",
  "javascript:",
  "view-source:",
]);

const LOCAL_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);
const WEB_SCHEMES = new Set(["http:", "https:"]);

/** Origins that are remembered; a page can make up as many as it likes. */
const REMEMBERED = 100;

/**
 * Trusts pages from files and from schemes of the application's own, web pages only where their origin is named. A
 * frame within a page counts by its own origin.
 */
export function createSenderPolicy(options: SenderOptions = {}): SenderPolicy {
  const { developing = isDeveloping(), log = createLog() } = options;
  const origins = new Set((options.origins ?? []).map(normalised));
  const decisions = new Map<string, boolean>();
  const reported = new Set<string>();

  const trusted = (origin: string): boolean => {
    const known = decisions.get(origin);
    if (known !== undefined) return known;
    const decision = decide(origin);
    if (decisions.size >= REMEMBERED) decisions.clear();
    decisions.set(origin, decision);
    return decision;
  };
  const decide = (origin: string): boolean => {
    const place = parsed(origin);
    if (place === undefined) return false;
    if (origins.has(normalised(origin))) return true;
    if (WEB_SCHEMES.has(place.protocol)) return developing && LOCAL_HOSTS.has(place.hostname);
    return !FOREIGN_SCHEMES.has(place.protocol);
  };
  const refuse = (origin: string, reason: string): string => {
    if (!reported.has(origin) && reported.size < REMEMBERED) {
      reported.add(origin);
      log.warn(`A call was refused: ${reason}. If the page is yours, name its origin in "origins".`);
    }
    return reason;
  };

  return {
    refusal(event) {
      // Older wrappers, and tests, hand on an event without the frame.
      if (event === undefined || event === null || event.senderFrame === undefined) return undefined;
      const origin = originOf(event.senderFrame);
      if (origin === undefined) return refuse("", "Sender not allowed: its frame is gone, or has no origin");
      return trusted(origin) ? undefined : refuse(origin, `Sender not allowed: ${origin}`);
    },
    trusts(contents) {
      const frame = contents.mainFrame;
      if (frame === undefined) return true;
      const origin = originOf(frame);
      // A window that is only being opened shows an empty page and cannot listen yet.
      return origin !== undefined && trusted(origin);
    },
  };
}

/** The origin of a frame; `undefined` when there is none that could be trusted. */
function originOf(frame: FrameLike | null): string | undefined {
  if (frame === null) return undefined;
  try {
    const { origin, url } = frame;
    if (typeof origin === "string" && origin !== "" && origin !== "null") return origin;
    const place = parsed(url);
    if (place === undefined) return undefined;
    // An opaque origin is that of a sandboxed frame, or of a scheme that Chromium does not take for a standard one.
    const opaque = origin === "null";
    if (opaque && (WEB_SCHEMES.has(place.protocol) || isInnerFrame(frame))) return undefined;
    return normalised(url);
  } catch {
    // Electron throws when a frame is looked at that is gone.
    return undefined;
  }
}

function isInnerFrame({ parent }: FrameLike): boolean {
  return parent !== undefined && parent !== null;
}

/** An origin as it is compared: without path, and without a slash at its end. */
function normalised(text: string): string {
  const place = parsed(text);
  if (place === undefined) return text;
  return place.origin === "null" ? `${place.protocol}//${place.host}` : place.origin;
}

/** Electron sets this when it was started with the folder of an application. */
function isDeveloping(): boolean {
  return (process as { defaultApp?: boolean }).defaultApp === true;
}

function parsed(url: string): URL | undefined {
  try {
    return new URL(url);
  } catch {
    return undefined;
  }
}
