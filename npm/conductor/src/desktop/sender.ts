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

/**
 * Schemes that are not an application's own, beside those of the web: their pages come from elsewhere, from anybody's
 * text or from the browser itself, or other programs open them.
 */
const FOREIGN_SCHEMES = new Set(
  (
    "about blob cid data devtools filesystem javascript urn vbscript view-source " +
    "afp content dav davs ftp ftps git gopher jar ldap ldaps nfs resource rsync sftp smb ssh svn telnet tftp vnc rdp ws wss " +
    "callto facetime geo im intent irc ircs magnet mailto market maps mms news nntp rtmp rtsp sip sips skype sms smsto " +
    "spotify steam tel webcal xmpp zoommtg brave edge externalfile isolated-app opera vivaldi"
  )
    .split(" ")
    .map((name) => `${name}:`),
);

/** The same by the beginnings of their names, and all extensions of browsers. */
const FOREIGN_FAMILIES = /^(?:(?:chrome|android|itms|ms|search-ms|x-apple)[-:.]|(?:git|svn|web)\+)|-extension:$/;

const LOCAL_HOSTS = new Set(["localhost", "127.0.0.1", "[::1]"]);
const WEB_SCHEMES = new Set(["http:", "https:"]);

/** Origins that are remembered; a page can make up as many as it likes. */
const REMEMBERED = 100;

/**
 * Trusts pages from files and from schemes of the application's own, web pages only where their origin is named. A
 * frame within a page counts by its own origin.
 *
 * A scheme counts as the application's own when its pages have addresses with a host, such as `app://main/index.html`,
 * as those that an application registers do, and it is not known to be anything else, such as `mailto:`, `smb:`,
 * `intent:`, `data:` or `chrome-search:`. An application that took a scheme that is known names its origin.
 *
 * Pages of this machine's web servers are refused once an application is packaged, as any program can serve them and
 * calls run nodes. The links of `@atomiton/events` let such pages in by default: they carry what an application makes of
 * them, and know nothing of how it is packaged. A link whose bus leads to a conductor takes this policy as its `accept`.
 *
 * An event that tells of no frame at all is trusted, as no page can bring one about: tests and wrappers hand such on. One
 * that should tell of a frame and does not is refused.
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
    return place.protocol === "file:" || isOwnScheme(place);
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
      if (event === undefined || event === null || !("senderFrame" in event)) return undefined;
      const origin = originOf(event.senderFrame);
      if (origin === undefined) return refuse("", "Sender not allowed: its frame is gone, or has no origin");
      return trusted(origin) ? undefined : refuse(origin, `Sender not allowed: ${origin}`);
    },
    trusts(contents) {
      if (!("mainFrame" in contents)) return true;
      const origin = originOf(contents.mainFrame);
      // A window that is only being opened shows an empty page and cannot listen yet.
      return origin !== undefined && trusted(origin);
    },
  };
}

/** The origin of a frame; `undefined` when there is none that could be trusted. */
function originOf(frame: FrameLike | null | undefined): string | undefined {
  if (frame === null || frame === undefined) return undefined;
  try {
    const { origin, url } = frame;
    if (isOnAnotherMachine(url)) return undefined;
    if (typeof origin === "string" && origin !== "" && origin !== "null") return origin;
    const place = parsed(url);
    if (place === undefined) return undefined;
    // An opaque origin is that of a sandboxed frame, or of a scheme that Chromium does not take for a standard one.
    const standard = WEB_SCHEMES.has(place.protocol) || place.protocol === "file:";
    if (origin === "null" && (standard || isInnerFrame(frame))) return undefined;
    return normalised(url);
  } catch {
    // Electron throws when a frame is looked at that is gone.
    return undefined;
  }
}

/** A file of a network share belongs to another machine, which its origin does not tell. */
function isOnAnotherMachine(url: string): boolean {
  const place = parsed(url);
  return place?.protocol === "file:" && (place.host !== "" || place.pathname.startsWith("//"));
}

function isOwnScheme({ protocol, host }: URL): boolean {
  return host !== "" && !FOREIGN_SCHEMES.has(protocol) && !FOREIGN_FAMILIES.test(protocol);
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
