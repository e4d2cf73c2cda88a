/** What connects this process's events to another's. */
import type { Unsubscribe } from "../event-map.js";
import type { LinkMessage } from "./message.js";

/**
 * Carries messages to one other process, or, with `many`, to several. Messages are plain data for the structured
 * clone algorithm. A link checks nothing: whatever arrives is given on, and read with suspicion on this side of it.
 */
export interface Link {
  /** Whether there may be several processes on the other side; `from` and `to` then tell them apart by identity. */
  readonly many?: boolean;
  /**
   * Sends a message to one process, or to all when `to` is left out. Throws, or returns a promise that rejects, when it
   * cannot be sent.
   */
  send(message: LinkMessage, to?: unknown): void | PromiseLike<void>;
  onMessage(callback: (message: unknown, from?: unknown) => void): Unsubscribe;
  /** Tells when a process went away for good, was reloaded or navigated, with a reason for people to read. */
  onGone?(callback: (reason: string, from?: unknown) => void): Unsubscribe;
  /** Lets go of everything that the link listens to. The process on the other side is left alone. */
  close?(): void;
}

/** A listener as Electron and Node declare it. */
// biome-ignore lint/suspicious/noExplicitAny: their own listeners take any, and only that fits them all
export type IpcListener = (...args: any[]) => void;

/** Names under which Electron's processes exchange messages: upward to main, downward to the windows. */
export interface ChannelNames {
  up: string;
  down: string;
}

/** `events:message` upward and `events:event:message` downward for the channel `events`, as the preload bridge has it. */
export function channelNames(channel: string): ChannelNames {
  return { up: `${channel}:message`, down: `${channel}:event:message` };
}

/** The channel used unless another one is given. */
export const DEFAULT_CHANNEL = "events";
