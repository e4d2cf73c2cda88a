import type { StorageChange } from "../engine.js";

/** Tells the other tabs and workers of this site what was changed in a database, and hears it from them. */
export class Announcements {
  readonly #name: string;
  /** Open while there are listeners. A channel does not hear itself, so no engine hears of its own changes. */
  #channel: BroadcastChannel | undefined;
  readonly #listeners = new Set<(message: MessageEvent<unknown>) => void>();

  constructor(database: string) {
    this.#name = `atomiton-storage:${database}`;
  }

  /** Calls back for what others change, until what is returned is called. */
  readonly listen = (listener: (change: StorageChange) => void): (() => void) => {
    this.#channel ??= this.#open();
    const channel = this.#channel;
    const hear = ({ data }: MessageEvent<unknown>) => {
      if (isChange(data)) listener(data);
    };
    channel?.addEventListener("message", hear);
    this.#listeners.add(hear);
    return () => {
      channel?.removeEventListener("message", hear);
      if (this.#listeners.delete(hear) && this.#listeners.size === 0) this.close();
    };
  };

  /** What others cannot be told has happened all the same, so that this never fails. */
  tell(change: StorageChange): void {
    const channel = this.#channel ?? this.#open();
    try {
      channel?.postMessage(change);
    } catch {
      // The channel is closed, or the page is going away.
    } finally {
      if (channel !== this.#channel) channel?.close();
    }
  }

  /** Ends all listening. */
  close(): void {
    this.#listeners.clear();
    this.#channel?.close();
    this.#channel = undefined;
  }

  #open(): BroadcastChannel | undefined {
    return typeof BroadcastChannel === "function" ? new BroadcastChannel(this.#name) : undefined;
  }
}

function isChange(data: unknown): data is StorageChange {
  if (typeof data !== "object" || data === null) return false;
  const { key, kind, item } = data as Partial<Record<keyof StorageChange, unknown>>;
  return (
    typeof key === "string" && (kind === "saved" || kind === "deleted") && typeof item === "object" && item !== null
  );
}
