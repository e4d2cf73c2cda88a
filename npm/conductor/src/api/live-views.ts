/** Executions of this process that are followed from elsewhere. */
import { unheld } from "@atomiton/values";
import { atAbort } from "../engine/at-abort.js";
import type { RunView } from "../engine/view.js";
import { ViewStream } from "../engine/view-stream.js";
import type { LiveView } from "../types/live-view.js";

/** A question without news is answered after so long: sooner than anything on the way gives it up. In ms. */
const WAIT_MS = 20_000;
/** Least time from a question to its answer where there is news, in ms; the end of an execution is told at once. */
const PACE_MS = 50;
/** What is followed, but not asked for any more, is told no changes after so long, and forgotten once it is over. In ms. */
const IDLE_MS = 30_000;
/** Executions that are expected at once. */
const MOST_EXPECTED = 10_000;
/** Questions for executions that have not begun. */
const MOST_EARLY = 10_000;
/** Streams of executions that are over, and how many nodes and changes they have in all; those that ended last are kept. */
const MOST_OVER = 100;
const MOST_OVER_SIZE = 200_000;

/** Gives the view of an execution that is under way; `coming`: it is about to begin. */
export type ViewOf = (executionId: string) => RunView | "coming" | undefined;

interface Followed {
  stream: ViewStream;
  /** Questions that are not answered. */
  asked: number;
  /** How it looked before it started, for the first question. */
  first?: LiveView | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** The streams of one conductor, by execution. An execution that is not asked for costs one look into an empty map. */
export class LiveViews {
  readonly #followed = new Map<string, Followed>();
  /** Those who ask for executions that have not begun, and how many these are. */
  readonly #early = new Map<string, Set<(first?: LiveView) => void>>();
  #waiting = 0;
  /** Executions that are asked for once they begin, until then. */
  readonly #expected = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #viewOf: ViewOf;

  constructor(viewOf: ViewOf) {
    this.#viewOf = viewOf;
  }

  /**
   * What is new of an execution since a cursor. Without one, an execution that is expected or about to begin is waited for;
   * nothing is known of any other.
   */
  async news(executionId: string, after: string | undefined, signal: AbortSignal | undefined): Promise<LiveView> {
    if (after === "") return this.#expect(executionId);
    if (after === undefined && this.#find(executionId) === undefined) {
      const first = await this.#beginning(executionId, signal);
      if (first !== undefined) return first;
    }
    const followed = this.#find(executionId);
    if (followed === undefined) return { cursor: "" };
    const { first, stream } = followed;
    if (after === undefined || stream.knows(after)) followed.first = undefined;
    if (after === undefined && first !== undefined) return first;
    followed.asked++;
    clearTimeout(followed.timer);
    try {
      return await stream.news(after, signal);
    } finally {
      if (--followed.asked === 0) this.#expectQuestion(executionId, followed);
    }
  }

  /** A run of an execution is about to start. */
  began(executionId: string, view: RunView): void {
    const before = this.#followed.get(executionId);
    if (before !== undefined) this.#leave(executionId, before);
    if (before === undefined && !this.#early.has(executionId) && !this.#expected.has(executionId)) return;
    this.#forget(executionId);
    const followed = this.#add(executionId, view);
    followed.first = followed.stream.whole();
    this.#tellEarly(executionId, followed.first);
  }

  /** An execution is over, or did not begin. */
  ended(executionId: string): void {
    this.#forget(executionId);
    const followed = this.#followed.get(executionId);
    if (followed !== undefined) {
      followed.stream.end();
      // If its followers left, no question comes after which it is forgotten.
      if (followed.asked === 0) this.#expectQuestion(executionId, followed);
      this.#followed.delete(executionId);
      this.#followed.set(executionId, followed);
      this.#makeRoom();
    }
    this.#tellEarly(executionId);
  }

  /** An execution left memory, and begins again later. */
  left(executionId: string): void {
    const followed = this.#followed.get(executionId);
    if (followed !== undefined) this.#leave(executionId, followed);
  }

  close(): void {
    for (const [executionId, followed] of [...this.#followed]) this.#leave(executionId, followed);
    for (const executionId of [...this.#early.keys()]) this.#tellEarly(executionId);
    for (const executionId of [...this.#expected.keys()]) this.#forget(executionId);
  }

  /** Forgets what ended first; what ended last stays however large it is. */
  #makeRoom(): void {
    const over = [...this.#followed].filter(([, { stream }]) => stream.isOver).reverse();
    let size = 0;
    for (const [index, [executionId, followed]] of over.entries()) {
      size += followed.stream.size;
      if (index >= MOST_OVER || (index > 0 && size > MOST_OVER_SIZE)) this.#leave(executionId, followed);
    }
  }

  #expect(executionId: string): LiveView {
    this.#forget(executionId);
    const [oldest] = this.#expected.keys();
    if (this.#expected.size === MOST_EXPECTED && oldest !== undefined) this.#forget(oldest);
    this.#expected.set(executionId, unheld(setTimeout(() => this.#forget(executionId), IDLE_MS)));
    return { cursor: "" };
  }

  #forget(executionId: string): void {
    clearTimeout(this.#expected.get(executionId));
    this.#expected.delete(executionId);
  }

  #find(executionId: string): Followed | undefined {
    const followed = this.#followed.get(executionId);
    if (followed !== undefined) return followed;
    const view = this.#viewOf(executionId);
    return view === undefined || view === "coming" ? undefined : this.#add(executionId, view);
  }

  #add(executionId: string, view: RunView): Followed {
    const stream = new ViewStream(view, { wait: WAIT_MS, pace: PACE_MS });
    view.onStepped = () => stream.stepped();
    const followed: Followed = { stream, asked: 0, timer: undefined };
    this.#followed.set(executionId, followed);
    this.#expectQuestion(executionId, followed);
    return followed;
  }

  #leave(executionId: string, { stream, timer }: Followed): void {
    clearTimeout(timer);
    this.#followed.delete(executionId);
    stream.close();
  }

  #expectQuestion(executionId: string, followed: Followed): void {
    clearTimeout(followed.timer);
    // What was left meanwhile may have another in its place.
    if (this.#followed.get(executionId) !== followed) return;
    followed.timer = setTimeout(() => {
      if (followed.asked > 0) return;
      if (followed.stream.isOver) return this.#leave(executionId, followed);
      followed.first = undefined;
      followed.stream.rest();
    }, IDLE_MS);
    unheld(followed.timer);
  }

  /** Resolves with how an execution looks before it starts; with nothing where it does not in time, or is not known. */
  async #beginning(executionId: string, signal: AbortSignal | undefined): Promise<LiveView | undefined> {
    const isExpected = this.#expected.has(executionId);
    if (!isExpected && this.#viewOf(executionId) !== "coming") return undefined;
    if (this.#waiting === MOST_EARLY || signal?.aborted) return undefined;
    this.#waiting++;
    const early = this.#early.get(executionId) ?? new Set();
    this.#early.set(executionId, early);
    return new Promise((resolve) => {
      const end = (first?: LiveView) => {
        clearTimeout(timer);
        leave();
        this.#waiting--;
        early.delete(end);
        if (early.size === 0) this.#early.delete(executionId);
        resolve(first);
      };
      const timer = setTimeout(() => {
        // It may wait for others for long: it is expected as long as it is asked for.
        if (isExpected) this.#expect(executionId);
        end();
      }, WAIT_MS);
      const leave = atAbort(signal, () => end());
      early.add(end);
    });
  }

  #tellEarly(executionId: string, first?: LiveView): void {
    for (const tell of [...(this.#early.get(executionId) ?? [])]) tell(first);
  }
}
