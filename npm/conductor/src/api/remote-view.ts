/** Executions on another side, as the store follows them: by questions, of which each is answered with what is new. */
import { messageOf, within } from "@atomiton/values";
import type { ViewedRun } from "../engine/followed-run.js";
import { Graph } from "../engine/graph.js";
import { Plan } from "../engine/plan.js";
import { RunView } from "../engine/view.js";
import { type ChangeListener, ViewCopy } from "../engine/view-copy.js";
import type { NodeApi } from "../services/node.js";
import { isRetryable } from "../transports/failure.js";
import type { NodeDefinition } from "../types/definition.js";
import type { ExecutionTrace } from "../types/execution.js";
import type { Eta } from "../types/graph.js";
import type { ExecutionId, NodeId } from "../types/ids.js";
import type { LiveShape, LiveView } from "../types/live-view.js";
import type { StoreFeed, StoreSource } from "./store.js";

/** Before the next question where one was not answered, or at once with nothing, in ms; doubles. */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
/** How long an execution waits at most for the other side to expect it, and its result for the last states, in ms. */
const GRACE_MS = 1_000;

/** What is known of an execution at its end. */
export interface Ended {
  success?: boolean;
  error?: unknown;
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
  take(news: LiveView, tell: ChangeListener, isOver: () => boolean): void {
    const { numbers, told, end } = news;
    const changes = numbers && this.takeView(Float64Array.from(numbers, (number) => number ?? Number.NaN));
    this.isPaused = news.isPaused === true;
    this.eta = news.eta;
    this.expectedPath = news.expectedPath && (Object.freeze(news.expectedPath) as string[]);
    this.startTime = Math.round(end?.startTime ?? this.knownStart ?? this.startTime);
    this.takeChanges(changes ?? news.changes ?? [], told, tell, isOver);
    if (end !== undefined) this.#finish(end.endTime, end.hasSucceeded);
    this.steps++;
  }

  /** The run is over, and the other side does not tell how its nodes ended. */
  endWith(hasSucceeded: boolean, message: string, tell: ChangeListener): void {
    const now = Date.now();
    if (!hasSucceeded) this.takeChanges(this.endView(now, message), undefined, tell, () => false);
    this.#finish(now, hasSucceeded);
  }

  #finish(endTime: number, hasSucceeded: boolean): void {
    this.isFinished = true;
    this.hasSucceeded = hasSucceeded;
    this.endTime = endTime;
    this.steps++;
  }
}

/** One execution, from the first look at the store to its end. While the store is not looked at it is only waited for its beginning. */
export class RemoteView implements StoreSource {
  #isAsking = false;
  /** Fires once nothing is to be told any more, which ends the question that is open. */
  readonly #over = new AbortController();
  #isLookedAt = false;
  #ended: Ended | undefined;
  #view: RunView<RemoteRun> | undefined;
  /** Settles once the other side expects the execution; missing before the first look. */
  expected: Promise<unknown> | undefined;
  #wake = (_isLook?: boolean) => {};
  #tellAll = () => {};
  /** Settles once there is no more news. */
  readonly #all = new Promise<void>((resolve) => {
    this.#tellAll = resolve;
  });

  constructor(
    readonly executionId: string,
    private readonly ask: NodeApi["view"],
    private readonly feed: StoreFeed,
    private readonly failed: (error: unknown) => void,
  ) {}

  get #isStopped(): boolean {
    return this.#over.signal.aborted;
  }

  look(): void {
    this.#isLookedAt = true;
    if (!this.#isAsking && !this.#isStopped) void this.#follow().finally(this.#tellAll);
    this.#wake(true);
  }

  stop(): void {
    this.#over.abort();
    this.#wake();
    this.#tellAll();
  }

  /** Resolves once the store shows the end; what the other side does not tell in time is known by the result alone. */
  async ended(ended: Ended): Promise<void> {
    this.#ended = ended;
    this.#wake();
    if (this.#isAsking) await inTime(this.#view === undefined ? this.#known() : this.#all);
    const { success = false, trace } = ended;
    const view = this.#view;
    if (this.#isStopped) return;
    if (view === undefined) this.feed.missed(this, this.#isAsking);
    else {
      if (!view.run.isFinished) view.run.endWith(success, messageOf(ended.error ?? ""), this.#tell(view));
      this.feed.stepped(view, trace && (() => trace));
    }
    this.stop();
  }

  #ask(after: string | undefined): Promise<LiveView> {
    return this.ask(this.executionId, after, this.#over.signal);
  }

  /** Settles once there is no more news: at once where the other side knows nothing. */
  async #known(): Promise<void> {
    // What is no cursor is answered at once.
    const news = await this.#ask("-").catch(() => undefined);
    if (news?.cursor !== "") await this.#all;
  }

  async #follow(): Promise<void> {
    this.#isAsking = true;
    // What goes wrong with it goes wrong again.
    this.expected = this.#ask("").catch(() => undefined);
    await this.expected;
    let cursor: string | undefined;
    let delay = FIRST_DELAY_MS;
    while (!this.#isStopped) {
      this.#isLookedAt = false;
      const asked = performance.now();
      let isNew = false;
      try {
        const news = await this.#ask(cursor);
        if (this.#isStopped) return;
        this.#take(news);
        if (news.end !== undefined || (news.cursor === "" && this.#ended !== undefined)) return;
        const next = news.cursor || undefined;
        isNew = next !== cursor || performance.now() - asked >= FIRST_DELAY_MS;
        cursor = next;
      } catch (error) {
        if (this.#isStopped || this.#ended !== undefined) return;
        if (!isRetryable(error)) return this.failed(error);
      }
      if (isNew) delay = FIRST_DELAY_MS;
      else {
        await this.#pause(delay);
        delay = Math.min(delay * 2, LONGEST_DELAY_MS);
      }
      const isWanted = () => this.feed.isWatched || this.#isLookedAt || this.#ended !== undefined;
      // Of one that has not begun it is asked for all the same: its beginning comes only once.
      while (cursor !== undefined && !this.#isStopped && !isWanted()) await this.#pause(undefined);
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
    }
    if (view === undefined) return;
    const { run } = view;
    run.take(news, this.#tell(view), () => this.#isStopped);
    this.#view = view;
    if (news.eta !== undefined || news.expectedPath !== undefined) {
      view.estimate({ eta: () => run.eta, path: () => run.expectedPath });
    }
    if (isNew) this.feed.show(view, this);
    else if (run.isFinished) this.feed.stepped(view);
  }

  #tell(view: RunView<RemoteRun>): ChangeListener {
    return (node, packed, step, time) => {
      const state = view.change(node, packed, step, time);
      if (state !== undefined) this.feed.changed(view, state);
    };
  }

  /** Waits so many ms, or until it is over; without a time until it is looked at. */
  #pause(ms: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      this.#wake = (isLook) => {
        if (isLook && timer !== undefined) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Waits no longer than the store is worth. */
export const inTime = (work: Promise<unknown>) => within(GRACE_MS, work);
