/** The windows that are told what happens. */
import { messageOf } from "@atomiton/values";
import { createLog, type Log } from "../engine/log.js";
import type { WebContentsLike, WindowLike } from "./electron.js";
import type { SenderPolicy } from "./sender.js";

/** Windows, as long as they are open. */
export class WindowList {
  /** With what ends listening for their closing. */
  readonly #windows = new Map<WindowLike, () => void>();
  readonly #reported = new WeakSet<WindowLike>();
  readonly #policy: Pick<SenderPolicy, "trusts">;
  readonly #log: Pick<Log, "warn">;

  constructor(policy: Pick<SenderPolicy, "trusts">, log: Pick<Log, "warn"> = createLog()) {
    this.#policy = policy;
    this.#log = log;
  }

  get size(): number {
    return this.#windows.size;
  }

  /** From now on a window is told; what is returned ends that. */
  track(window: WindowLike): () => void {
    const forget = () => this.#forget(window);
    if (!this.#windows.has(window)) {
      window.once?.("closed", forget);
      this.#windows.set(window, () => window.removeListener?.("closed", forget));
    }
    return forget;
  }

  /** Sends to every window that is open and shows a trusted page. One that cannot be reached hurts no other. */
  send(channel: string, data: unknown): void {
    for (const window of this.#windows.keys()) {
      try {
        const contents = openContents(window);
        if (contents === undefined) this.#forget(window);
        else if (this.#policy.trusts(contents)) contents.send(channel, data);
      } catch (error) {
        if (this.#reported.has(window)) continue;
        this.#reported.add(window);
        this.#log.warn(`A window could not be told of "${channel}": ${messageOf(error)}`);
      }
    }
  }

  clear(): void {
    for (const window of [...this.#windows.keys()]) this.#forget(window);
  }

  #forget(window: WindowLike): void {
    const stopListening = this.#windows.get(window);
    if (stopListening === undefined) return;
    this.#windows.delete(window);
    stopListening();
  }
}

/** The page of a window; `undefined` when it is closed. */
function openContents(window: WindowLike): WebContentsLike | undefined {
  if (window.isDestroyed?.() === true) return undefined;
  const contents: WebContentsLike | undefined = window.webContents;
  return contents === undefined || contents.isDestroyed?.() === true ? undefined : contents;
}
