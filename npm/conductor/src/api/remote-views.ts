/** Executions on another side, for the store: what follows them is loaded once that is looked at. */
import { loadedOnce, messageOf } from "@atomiton/values";
import type { NodeApi } from "../services/node.js";
import { codeOf } from "../transports/failure.js";
import type { Ended, RemoteView } from "./remote-view.js";
import type { StoreFeed, StoreSource } from "./store.js";

const load = loadedOnce(() => import("./remote-view.js"));

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
    const expected = new Expected(executionId, async (source) => {
      try {
        const { RemoteView } = await load();
        const view = new RemoteView(source, ask, this.feed, this.#failed);
        view.look();
        return view;
      } catch (error) {
        this.#failed(error);
        return undefined;
      }
    });
    this.feed.expect(expected);
    if (expected.view !== undefined) await expected.view;
    let result: unknown;
    try {
      result = await work();
      return result as T;
    } finally {
      const view = await expected.view;
      if (view === undefined) this.feed.missed(expected, expected.view !== undefined);
      else await view.ended((result ?? {}) as Ended);
    }
  }

  readonly #failed = (error: unknown): void => {
    if (this.#hasWarned || codeOf(error) === "CANCELLED") return;
    this.#hasWarned = true;
    this.warn(`[CONDUCTOR] \`node.store\` cannot follow executions where they run now: ${messageOf(error)}`);
  };
}

/** An execution that is not followed before it is looked at. */
class Expected implements StoreSource {
  /** What follows it, which has asked by then. */
  view: Promise<RemoteView | undefined> | undefined;
  #isStopped = false;

  constructor(
    readonly executionId: string,
    private readonly make: (source: StoreSource) => Promise<RemoteView | undefined>,
  ) {}

  look(): void {
    if (this.#isStopped) return;
    if (this.view === undefined) this.view = this.make(this);
    else void this.view.then((view) => view?.look());
  }

  stop(): void {
    this.#isStopped = true;
    void this.view?.then((view) => view?.stop());
  }
}
