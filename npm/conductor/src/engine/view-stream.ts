/** The view of one run, told to those who follow it elsewhere: as a whole first, then by its changes. */
import type { LiveShape, LiveView } from "../types/live-view.js";
import { Step } from "./generated.js";
import type { RunView } from "./view.js";
import { type ChangeListener, reportsOf } from "./view-copy.js";
import { addChange, changesFrom, countOf, nodeAt, TOUCHED } from "./view-numbers.js";

/** Times of a stream, in ms. */
export interface StreamTimes {
  /** A question without news is answered after so long. */
  wait: number;
  /** And one with news no sooner, so that what comes one after the other goes together. */
  pace: number;
}

/** Changes that are kept for those who were told of earlier ones; who comes later is told the whole view. */
const MOST_CHANGES = 10_000;

/** See the description of the module. Costs nothing before the first question, and while it rests. */
export class ViewStream {
  readonly #times: StreamTimes;
  readonly #id = Math.random().toString(36).slice(2);
  #view: RunView | undefined;
  #changes: number[] = [];
  /** The number of the last change that is not kept any more. */
  #before = 0;
  readonly #waiting = new Set<() => void>();
  #isFollowing = false;
  #isPaused = false;
  #last: LiveView | undefined;

  constructor(view: RunView, times: StreamTimes) {
    this.#view = view;
    this.#times = times;
  }

  /** Whether the run is over. */
  get isOver(): boolean {
    return this.#last !== undefined;
  }

  /** What is new since a cursor; all without one, or with one that is not known. Waits where nothing is, until `signal` fires at most. */
  async news(after: string | undefined, signal: AbortSignal | undefined): Promise<LiveView> {
    this.#follow();
    const seq = this.#seqOf(after);
    if (seq !== undefined) await this.#newer(seq, signal);
    return seq === undefined || seq < this.#before ? this.whole() : this.#since(seq);
  }

  /** How the run looks now, with all that is needed to know its nodes. */
  whole(): LiveView {
    this.#follow();
    const view = this.#view;
    if (view === undefined) return { ...this.#last, cursor: this.#cursor };
    // What was not told of yet is, so that it is in both.
    const numbers = sentNumbers(view.numbers());
    const told = reportsOf(view.run, view.run.plan.length);
    return { cursor: this.#cursor, shape: shapeOf(view), numbers, told, ...this.#now(view) };
  }

  /** Something else than a node is different, such as that the run is paused. */
  stepped(): void {
    const isPaused = this.#view?.run.isPaused === true;
    if (!this.#isFollowing || isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    this.#add(0, TOUCHED, Step.none, Date.now());
  }

  /** Tells no changes for now. */
  rest(): void {
    this.#isFollowing = false;
    this.#view?.follow(undefined);
    this.#forget();
  }

  /** The run is over: what is left to be told is kept without it. */
  end(): void {
    const view = this.#view;
    if (view === undefined) return;
    const { startTime, endTime, hasSucceeded } = view.run;
    const end = { startTime, endTime, hasSucceeded };
    const told = reportsOf(view.run, view.run.plan.length);
    this.#last = { cursor: "", shape: shapeOf(view), numbers: sentNumbers(view.numbers()), told, end };
    this.close();
  }

  /** The run goes on without this. */
  close(): void {
    this.#view?.follow(undefined);
    this.#view = undefined;
    for (const look of [...this.#waiting]) look();
  }

  get #seq(): number {
    return this.#before + countOf(this.#changes);
  }

  #seqOf(cursor: string | undefined): number | undefined {
    const [id, number] = cursor?.split(":") ?? [];
    return id === this.#id && Number(number) <= this.#seq ? Number(number) : undefined;
  }

  #follow(): void {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    // What happened meanwhile is not among the changes.
    this.#forget();
    this.#isPaused = this.#view?.run.isPaused === true;
    this.#view?.follow(this.#add);
  }

  readonly #add: ChangeListener = (node, packed, step, time) => {
    if (countOf(this.#changes) === MOST_CHANGES) this.#forget();
    addChange(this.#changes, node, packed, step, time);
    for (const look of this.#waiting) look();
  };

  #forget(): void {
    this.#before = this.#seq + 1;
    this.#changes = [];
  }

  #newer(seq: number, signal: AbortSignal | undefined): Promise<void> {
    const earliest = performance.now() + this.#times.pace;
    return new Promise((resolve) => {
      let isDue = false;
      const end = () => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const look = () => {
        if (this.#view === undefined || signal?.aborted) return end();
        if (isDue || this.#seq <= seq) return;
        isDue = true;
        clearTimeout(timer);
        timer = setTimeout(end, earliest - performance.now());
      };
      let timer = setTimeout(end, this.#times.wait);
      this.#waiting.add(look);
      signal?.addEventListener("abort", end);
      look();
    });
  }

  #since(seq: number): LiveView {
    const view = this.#view;
    const changes = changesFrom(this.#changes, seq - this.#before);
    const news = { cursor: this.#cursor, ...(changes.length > 0 && { changes }) };
    if (view === undefined) {
      const { told, end } = this.#last ?? {};
      return { ...news, ...(told && { told }), ...(end && { end }) };
    }
    const nodes = new Set(Array.from({ length: countOf(changes) }, (_, change) => nodeAt(changes, change)));
    return { ...news, told: reportsOf(view.run, nodes), ...this.#now(view) };
  }

  get #cursor(): string {
    return this.#view === undefined && this.#last === undefined ? "" : `${this.#id}:${this.#seq}`;
  }

  /** What is known beside the nodes. */
  #now(view: RunView): Pick<LiveView, "isPaused" | "eta" | "expectedPath"> {
    const { eta, criticalPath, criticalPathKind } = view.state();
    return {
      ...(view.run.isPaused && { isPaused: true as const }),
      ...(eta && { eta }),
      ...(criticalPathKind === "expected" && { expectedPath: [...criticalPath] }),
    };
  }
}

function shapeOf({ graph }: RunView): LiveShape {
  const { outline, outlineWords } = graph.plan;
  return {
    words: [...outlineWords],
    names: outline.names,
    edges: outline.edges,
    nodes: outline.nodes.map((_, index) => ({
      type: String(graph.node(index).type),
      name: String(graph.node(index).name),
    })),
    scope: [...graph.numbers.scope(0)],
    levels: [...graph.numbers.levels()],
  };
}

/** JSON has no numbers that are none. */
function sentNumbers(numbers: Float64Array): (number | null)[] {
  return Array.from(numbers, (number) => (Number.isNaN(number) ? null : number));
}
