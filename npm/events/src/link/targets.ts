/** The pages and frames that Electron's main process sends to, for as long as they are there. */
import type { Unsubscribe } from "../event-map.js";
import { type FrameLike, isInner, type Sender, type WebContentsLike } from "./sender.js";

/** Where messages to a sender go: its page, or its one frame. */
export type Target = WebContentsLike | (FrameLike & Required<Pick<FrameLike, "send">>);

export interface Targets {
  /** The sender's target, from now on watched; undefined when the sender is gone already. */
  meet(sender: Sender): Target | undefined;
  /** Throws when the target is gone, which is then told, or when the message cannot be sent. */
  send(target: Target, channel: string, message: unknown): void;
  /** Stops watching. */
  close(): void;
}

/** How many frames of one page are sent to; the oldest gives way. Not every Electron tells that a frame is gone. */
const MAX_FRAMES = 256;

const GONE = {
  destroyed: "its window was closed",
  "render-process-gone": "its renderer ended",
  "did-navigate": "it went to another page",
} as const;

const FRAME_NAVIGATED = "its frame went to another page";
const FRAME_REMOVED = "its frame was removed";

interface Page {
  /** Oldest first. */
  targets: Set<Target>;
  stop: Unsubscribe;
}

export function createTargets(tellGone: (reason: string, target: Target) => void): Targets {
  const pages = new Map<WebContentsLike, Page>();
  const pageOf = new Map<Target, WebContentsLike>();

  const drop = (target: Target, reason: string) => {
    const webContents = pageOf.get(target);
    const page = webContents && pages.get(webContents);
    if (!page) return;
    pageOf.delete(target);
    page.targets.delete(target);
    if (page.targets.size === 0) {
      pages.delete(webContents);
      page.stop();
    }
    tellGone(reason, target);
  };
  const dropAll = (page: Page, reason: string, leaves: (target: Target) => boolean = () => true) => {
    for (const target of [...page.targets]) if (leaves(target)) drop(target, reason);
  };
  /** Drops what went away without an event. */
  const dropUnseen = (target: Target) => {
    drop(target, pageOf.get(target) === target ? GONE.destroyed : FRAME_REMOVED);
  };
  const watch = (webContents: WebContentsLike): Page => {
    const page: Page = { targets: new Set(), stop: () => {} };
    const onFrameNavigate = (...args: unknown[]) => {
      const [, , , , isMainFrame, processId, routingId] = args;
      // Of the page itself did-navigate tells.
      if (isMainFrame === true) return;
      dropAll(page, FRAME_NAVIGATED, (target) => target !== webContents && mayBe(target, processId, routingId));
    };
    const listeners: [string, (...args: unknown[]) => void][] = [["did-frame-navigate", onFrameNavigate]];
    for (const [event, reason] of Object.entries(GONE)) listeners.push([event, () => dropAll(page, reason)]);
    for (const [event, listener] of listeners) webContents.on?.(event as never, listener);
    page.stop = () => {
      for (const [event, listener] of listeners) webContents.removeListener?.(event as never, listener);
    };
    pages.set(webContents, page);
    return page;
  };

  return {
    meet(sender) {
      const target = targetOf(sender);
      if (!target || pageOf.has(target)) return target;
      const { webContents } = sender;
      const page = pages.get(webContents) ?? watch(webContents);
      // Added before the others are looked at: a page without any would no longer be watched.
      page.targets.add(target);
      pageOf.set(target, webContents);
      dropAll(page, FRAME_REMOVED, (other) => other !== target && isGone(other));
      if (page.targets.size > MAX_FRAMES) {
        const oldest = [...page.targets].find((other) => other !== webContents);
        if (oldest) drop(oldest, "too many frames on one page");
      }
      return target;
    },
    send(target, channel, message) {
      if (isGone(target)) {
        dropUnseen(target);
        throw new Error("The page or frame is gone");
      }
      try {
        target.send(channel, message);
      } catch (thrown) {
        if (!isReachable(target, channel)) dropUnseen(target);
        throw thrown;
      }
    },
    close() {
      for (const { stop } of pages.values()) stop();
      pages.clear();
      pageOf.clear();
    },
  };
}

/** A page is reached through its window, which outlives the page's frame; a frame within it only through itself. */
function targetOf({ frame, webContents }: Sender): Target | undefined {
  try {
    return isInner(frame) && frame.send ? (frame as Target) : webContents;
  } catch {
    return undefined;
  }
}

function isGone(target: Target): boolean {
  try {
    if (target.isDestroyed?.() === true) return true;
    // Where a frame cannot be asked, as in older versions of Electron, reading of one that is gone throws.
    return "url" in target && (typeof target.url !== "string" || target.detached === true);
  } catch {
    return true;
  }
}

/** Whether these ids are the frame's. One in doubt counts: if it is still there it is met again when it next sends. */
function mayBe(target: Target, processId: unknown, routingId: unknown): boolean {
  try {
    if (isGone(target) || !("url" in target)) return true;
    const ids = [target.processId, target.routingId, processId, routingId];
    if (ids.some((id) => typeof id !== "number")) return true;
    return target.processId === processId && target.routingId === routingId;
  } catch {
    return true;
  }
}

/** Whether a message that cannot fail for its content gets out; it is outside of the protocol, and so ignored. */
function isReachable(target: Target, channel: string): boolean {
  try {
    target.send(channel, null);
    return !isGone(target);
  } catch {
    return false;
  }
}
