/** The view of one run, told to those who follow it elsewhere: as a whole first, then by its changes. */
import { unheld } from "@atomiton/values";
import type { LiveShape, LiveView } from "../types/live-view.js";
import { uuid } from "../types/uuid.js";
import { atAbort } from "./at-abort.js";
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

/** Changes that are kept for those who were told of earlier ones, or half as many; who comes later is told the whole view. */
const MOST_CHANGES = 10_000;

/** A question that is not answered. */
interface Question {
  /** When it may be answered, by the clock of the process in ms. */
  earliest: number;
  answer(): void;
}

/** The changes of one run since each question about it. Costs nothing before the first question, and while it rests. */
export class ViewStream {
  readonly #times: StreamTimes;
  readonly #nodes: number;
  readonly #id = uuid();
  #view: RunView | undefined;
  #changes: number[] = [];
  /** The number of the last change that is not kept any more. */
  #before = 0;
  /** Questions without news, those that were asked first before others. */
  readonly #waiting = new Set<Question>();
  /** Those with news, whose pace is not over. */
  readonly #due = new Set<Question>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When that is over. */
  #next = Number.POSITIVE_INFINITY;
  /** The whole view as it was told last, for the pace. */
  #whole: LiveView | undefined;
  #wholeSeq = 0;
  #isFollowing = false;
  #isPaused = false;
  #last: LiveView | undefined;

  constructor(view: RunView, times: StreamTimes) {
    this.#view = view;
    this.#nodes = view.run.plan.length;
    this.#times = times;
  }

  /** Whether the run is over. */
  get isOver(): boolean {
    return this.#last !== undefined;
  }

  /** How much is kept, in nodes and changes. */
  get size(): number {
    return this.#nodes + countOf(this.#changes);
  }

  /** Whether a cursor is one of this stream. */
  knows(cursor: string | undefined): boolean {
    return cursor?.split(":")[0] === this.#id;
  }

  /**
   * What is new since a cursor; all without one, or with one that is not known, to those who know the shape without that. Waits
   * where nothing is, until `signal` fires at most.
   */
  async news(after: string | undefined, signal: AbortSignal | undefined): Promise<LiveView> {
    this.#follow();
    const seq = this.#seqOf(after);
    if (seq !== undefined && !signal?.aborted) await this.#newer(seq, signal);
    if (seq !== undefined && seq >= this.#before) return this.#since(seq);
    const { shape, ...others } = this.whole();
    return this.knows(after) || shape === undefined ? others : { ...others, shape };
  }

  /** How the run looks, with all that is needed to know its nodes; made once for all who ask within the pace. */
  whole(): LiveView {
    this.#follow();
    const view = this.#view;
    if (view === undefined) return { ...this.#last, cursor: this.#cursor };
    // What is new since then is told as changes.
    if (this.#whole !== undefined && this.#wholeSeq >= this.#before) return this.#whole;
    if (this.#whole === undefined) {
      const forget = () => {
        this.#whole = undefined;
      };
      unheld(setTimeout(forget, this.#times.pace));
    }
    // What reports tell is told with the next changes as well.
    const numbers = sentNumbers(view.numbers());
    const told = reportsOf(view.run, this.#nodes);
    this.#wholeSeq = this.#seq;
    this.#whole = { cursor: this.#cursor, shape: shapeOf(view), numbers, told, ...this.#now(view) };
    return this.#whole;
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
    const told = reportsOf(view.run, this.#nodes);
    this.#last = { cursor: "", shape: shapeOf(view), numbers: sentNumbers(view.numbers()), told, end };
    this.close();
  }

  /** The run goes on without this. */
  close(): void {
    this.#view?.follow(undefined);
    this.#view = undefined;
    this.#whole = undefined;
    for (const { answer } of [...this.#waiting, ...this.#due]) answer();
    clearTimeout(this.#timer);
  }

  get #seq(): number {
    return this.#before + countOf(this.#changes);
  }

  #seqOf(cursor: string | undefined): number | undefined {
    const number = Number(cursor?.split(":")[1]);
    return this.knows(cursor) && Number.isInteger(number) && number <= this.#seq ? number : undefined;
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
    // What happens in rounds is not among the nodes.
    if (node >= this.#nodes) return;
    if (countOf(this.#changes) === MOST_CHANGES) {
      this.#before += MOST_CHANGES / 2;
      this.#changes = changesFrom(this.#changes, MOST_CHANGES / 2);
    }
    addChange(this.#changes, node, packed, step, time);
    const [first] = this.#waiting;
    if (first === undefined) return;
    for (const question of this.#waiting) this.#due.add(question);
    this.#waiting.clear();
    this.#answerAt(first.earliest);
  };

  #forget(): void {
    this.#before = this.#seq + 1;
    this.#changes = [];
  }

  /** Resolves once something is newer than `seq` and the pace is over, or nothing came in time. */
  #newer(seq: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#view === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const question: Question = {
        earliest: performance.now() + this.#times.pace,
        answer: () => {
          clearTimeout(timer);
          leave();
          this.#waiting.delete(question);
          this.#due.delete(question);
          resolve();
        },
      };
      const timer = setTimeout(question.answer, this.#times.wait);
      const leave = atAbort(signal, question.answer);
      if (this.#seq <= seq) return this.#waiting.add(question);
      this.#due.add(question);
      this.#answerAt(question.earliest);
    });
  }

  /** One timer for all questions: those that may be answered by then are. */
  #answerAt(time: number): void {
    if (time >= this.#next) return;
    this.#next = time;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#next = Number.POSITIVE_INFINITY;
      let next = Number.POSITIVE_INFINITY;
      // Timers may be early by a part of a ms.
      const now = performance.now() + 1;
      for (const { earliest, answer } of [...this.#due]) {
        if (earliest <= now) answer();
        else next = Math.min(next, earliest);
      }
      this.#answerAt(next);
    }, time - performance.now());
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

/** Numbers for JSON, which has no NaN. */
function sentNumbers(numbers: Float64Array): (number | null)[] {
  return Array.from(numbers, (number) => (Number.isNaN(number) ? null : number));
}
