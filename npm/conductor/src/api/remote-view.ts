/** Executions on another side, as the store follows them: by questions, of which each is answered with what is new. */
import { messageOf } from "@atomiton/values";
import type { ViewedRun } from "../engine/followed-run.js";
import { Graph } from "../engine/graph.js";
import { Plan } from "../engine/plan.js";
import { RunView } from "../engine/view.js";
import { ViewCopy } from "../engine/view-copy.js";
import type { NodeApi } from "../services/node.js";
import { codeOf, isRetryable } from "../transports/failure.js";
import type { NodeDefinition } from "../types/definition.js";
import type { ExecutionTrace } from "../types/execution.js";
import type { Eta } from "../types/graph.js";
import type { ExecutionId, NodeId } from "../types/ids.js";
import type { LiveShape, LiveView } from "../types/live-view.js";
import type { StoreFeed, StoreSource } from "./store.js";

/** Before the next question where one was not answered, or at once with nothing, in ms; doubles. */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
/** How long the result of an execution waits at most for its last states, in ms. */
const GRACE_MS = 1_000;

/** What is known of an execution at its end. */
interface Ended {
  success?: boolean;
  trace?: ExecutionTrace | undefined;
}

/** A run on another side, as that last told of it. */
class RemoteRun extends ViewCopy implements ViewedRun {
  readonly plan: Plan;
  readonly context: ViewedRun["context"];
  readonly recording = undefined;
  readonly inheritsAnswers = true;
  isFinished = false;
  hasSucceeded = false;
  startTime = Date.now();
  endTime = Number.NaN;
  eta: Eta | undefined;
  expectedPath: string[] | undefined;

  constructor(
    executionId: string,
    readonly shape: LiveShape,
  ) {
    const { words, names, edges } = shape;
    // Ids are in the words; of a definition there is only what is seen of it.
    const nodes = shape.nodes as unknown as NodeDefinition[];
    const plan = new Plan({ words: Uint32Array.from(words), length: words.length, names, edges, nodes });
    super(plan.length);
    this.plan = plan;
    this.context = { executionId: executionId as ExecutionId, nodeId: plan.id(0) as NodeId };
  }

  watch(): void {}

  flush(): void {}

  /** Whether a whole view is one of this run. */
  has({ words, names }: LiveShape): boolean {
    const known = this.shape;
    return `${words}` === `${known.words}` && names.every((name, index) => name === known.names[index]);
  }

  /** Takes news, and tells of each change. */
  take(
    news: LiveView,
    tell: (node: number, packed: number, step: number, time: number) => void,
    isOver: () => boolean,
  ): void {
    const { numbers, told, end } = news;
    const changes = numbers && this.takeView(Float64Array.from(numbers, (number) => number ?? Number.NaN));
    this.isPaused = news.isPaused === true;
    this.eta = news.eta;
    this.expectedPath = news.expectedPath && (Object.freeze(news.expectedPath) as string[]);
    this.startTime = Math.round(end?.startTime ?? this.knownStart ?? this.startTime);
    this.takeChanges(changes ?? news.changes ?? [], told, tell, isOver);
    if (end !== undefined) this.finish(end.endTime, end.hasSucceeded);
    this.steps++;
  }

  finish(endTime: number, hasSucceeded: boolean): void {
    this.isFinished = true;
    this.hasSucceeded = hasSucceeded;
    this.endTime = endTime;
    this.steps++;
  }
}

/** Follows executions for a store. */
export class RemoteViews {
  #hasWarned = false;

  constructor(
    private readonly feed: StoreFeed,
    private readonly warn: (message: string) => void,
  ) {}

  /** Lets the store show an execution from now on, until the work on it is done. What that gives comes once the store shows its end. */
  async follow<T>(executionId: string, view: NodeApi["view"], work: () => Promise<T>): Promise<T> {
    const source = new RemoteView(executionId, view, this.feed, (error) => this.#failed(error));
    this.feed.expect(source);
    let result: unknown;
    try {
      result = await work();
      return result as T;
    } finally {
      await source.ended((result ?? {}) as Ended);
    }
  }

  #failed(error: unknown): void {
    if (this.#hasWarned || codeOf(error) === "CANCELLED") return;
    this.#hasWarned = true;
    this.warn(`[CONDUCTOR] \`node.store\` cannot follow executions where they run now: ${messageOf(error)}`);
  }
}

/** One execution. Nothing is asked before the store is looked at, and no more than that it is over while it is not. */
class RemoteView implements StoreSource {
  #isAsking = false;
  #isOver = false;
  #isLookedAt = false;
  #ended: Ended | undefined;
  #view: RunView<RemoteRun> | undefined;
  #wake = () => {};
  #tellOver = () => {};
  readonly #over = new Promise<void>((resolve) => {
    this.#tellOver = resolve;
  });

  constructor(
    readonly executionId: string,
    private readonly ask: NodeApi["view"],
    private readonly feed: StoreFeed,
    private readonly failed: (error: unknown) => void,
  ) {}

  look(): void {
    this.#isLookedAt = true;
    if (!this.#isAsking && !this.#isOver) void this.#follow();
    this.#wake();
  }

  stop(): void {
    this.#isOver = true;
    this.#wake();
    this.#tellOver();
  }

  async ended(ended: Ended): Promise<void> {
    this.#ended = ended;
    if (!this.#isAsking) return this.#finish();
    this.#wake();
    if (this.#view === undefined && ended.success !== true) return this.#finish();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, GRACE_MS);
    });
    await Promise.race([this.#over, late]);
    clearTimeout(timer);
    this.#finish();
  }

  async #follow(): Promise<void> {
    this.#isAsking = true;
    let cursor: string | undefined;
    let delay = FIRST_DELAY_MS;
    while (!this.#isOver) {
      this.#isLookedAt = false;
      const asked = performance.now();
      try {
        const news = await this.ask(this.executionId, cursor);
        if (this.#isOver) return;
        this.#take(news);
        if (news.end !== undefined || (news.cursor === "" && this.#ended !== undefined)) return this.#finish();
        const next = news.cursor || undefined;
        const isNew = next !== cursor || performance.now() - asked >= FIRST_DELAY_MS;
        cursor = next;
        if (isNew) delay = FIRST_DELAY_MS;
        else await this.#pause(delay);
        const isWanted = () => this.feed.isWatched || this.#isLookedAt || this.#ended !== undefined;
        // Of one that has not begun it is asked for all the same: its beginning comes only once.
        while (cursor !== undefined && !this.#isOver && !isWanted()) await this.#pause(undefined);
      } catch (error) {
        if (this.#isOver) return;
        if (this.#ended === undefined && isRetryable(error)) {
          await this.#pause(delay);
          delay = Math.min(delay * 2, LONGEST_DELAY_MS);
          continue;
        }
        if (this.#ended === undefined) this.failed(error);
        return this.#finish();
      }
    }
  }

  #take(news: LiveView): void {
    const { shape, numbers } = news;
    let view = this.#view;
    const isNew = shape !== undefined && numbers !== undefined && !view?.run.has(shape);
    if (isNew) {
      const run = new RemoteRun(this.executionId, shape);
      const scope = Float64Array.from(shape.scope);
      const levels = Float64Array.from(shape.levels);
      view = new RunView(run, new Graph(run.plan, { scope: () => scope, levels: () => levels }));
      this.#view = view;
    }
    if (view === undefined) return;
    const shown = view;
    const tell = (node: number, packed: number, step: number, time: number) => {
      const state = shown.change(node, packed, step, time);
      if (state !== undefined) this.feed.changed(shown, state);
    };
    const { run } = view;
    run.take(news, tell, () => this.#isOver);
    if (news.eta !== undefined || news.expectedPath !== undefined) {
      view.estimate({ eta: () => run.eta, path: () => run.expectedPath });
    }
    if (isNew) this.feed.show(view, this);
    else if (run.isFinished) this.feed.stepped(view);
  }

  /** What the other side does not tell any more is known by the result alone. */
  #finish(): void {
    if (this.#isOver && this.#ended === undefined) return;
    const view = this.#view;
    const { success = false, trace } = this.#ended ?? {};
    if (!this.#isOver) {
      if (view === undefined) this.feed.missed(this, this.#isAsking);
      else if (!view.run.isFinished && this.#ended !== undefined) view.run.finish(Date.now(), success);
    }
    if (view !== undefined) this.feed.stepped(view, trace && (() => trace));
    this.stop();
  }

  /** Waits so many ms, or until it is looked at or over. */
  #pause(ms: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
