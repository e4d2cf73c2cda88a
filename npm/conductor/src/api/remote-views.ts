/** Executions on another side, for the store. */
import { messageOf } from "@atomiton/values";
import type { NodeApi } from "../services/node.js";
import { codeOf } from "../transports/failure.js";
import { type Ended, inTime, RemoteView } from "./remote-view.js";
import type { StoreFeed } from "./store.js";

/** Follows executions for a store. */
export class RemoteViews {
  #hasWarned = false;

  constructor(
    private readonly feed: StoreFeed,
    private readonly warn: (message: string) => void,
  ) {}

  /**
   * Lets the store show an execution from now on, until the work on it is done. Where the store is used, the work begins once it is
   * asked how the execution looks, so that no step is missed, and its result comes once the store shows the end.
   */
  async follow<T>(executionId: string, ask: NodeApi["view"], work: () => Promise<T>): Promise<T> {
    const view = new RemoteView(executionId, ask, this.feed, this.#failed);
    this.feed.expect(view);
    if (view.expected !== undefined) await inTime(view.expected);
    let result: unknown;
    try {
      result = await work();
      return result as T;
    } finally {
      await view.ended((result ?? {}) as Ended);
    }
  }

  readonly #failed = (error: unknown): void => {
    if (this.#hasWarned || codeOf(error) === "CANCELLED") return;
    this.#hasWarned = true;
    this.warn(`[CONDUCTOR] \`node.store\` cannot follow executions where they run now: ${messageOf(error)}`);
  };
}
