/** The spans of one run: of its nodes and their attempts, nested as the flow is. Made only with tracing. */
import type { ExecutionError } from "../types/errors.js";
import type { TracedNode, TraceSpan } from "../types/tracing.js";
import type { Call } from "./call.js";
import { constants } from "./constants.js";
import type { Plan } from "./plan.js";
import { State } from "./state.js";
import type { Values } from "./values.js";

/** Of a task that goes on in a later run of the same execution. */
const LEFT = -1;

/** A task that has begun and is not over. */
interface Begun {
  startTime: number;
  /** Missing for a leaf that was not called so far, and for one of which the span is left out. */
  span?: TraceSpan | undefined;
  /** There was no room for it. */
  isLeftOut?: boolean;
  /** Where there may be several tries, the one that goes on. */
  attempt?: { number: number; span: TraceSpan | undefined } | undefined;
  /** Why the latest try failed, or what failed inside. */
  error?: ExecutionError | undefined;
  /** When the last thing inside ended, in ms since the epoch. */
  insideEndedAt?: number;
  cached?: boolean;
}

/** A node that failed without a span. */
interface Unseen {
  parent: TraceSpan;
  node: TracedNode;
  error: ExecutionError | undefined;
  endTime: number;
}

/** Makes what follows the tasks of a run. Those who trace bring it along, so that others do without it. */
export type FollowTasks = (...run: ConstructorParameters<typeof TaskSpans>) => TaskSpans;

/** Follows the tasks of a run by what the engine says of their states, and by the calls of leaves. */
export class TaskSpans {
  private readonly begun = new Map<number, Begun>();
  private isFinished = false;
  /** The time of what happens now, in ms since the epoch: that of the engine's step, or of a call in it. */
  private at = 0;
  /** The latest; it has the last place, so that what ended the run can be seen. */
  private unseen: Unseen | undefined;

  /**
   * @param root the span of the execution
   * @param retries further tries of leaves that do not say themselves
   * @param now the time, in ms since the epoch
   */
  constructor(
    private readonly plan: Plan,
    private readonly values: Values,
    readonly root: TraceSpan,
    private readonly retries: number,
    private readonly now: () => number,
  ) {}

  /** A step of the engine is told at this time. */
  stepped(at: number): void {
    // A timer may fire before it is due, and its step then has the due time. Without the clock's time, all spans that follow
    // would begin at that one.
    this.at = Math.max(this.at, Math.min(at, this.now()));
  }

  /** The state of a task changed, or its progress did. */
  change(task: number, state: number): void {
    // The flow itself has the span of the execution.
    if (task === 0 && this.plan.length > 1) return;
    if (state === State.executing) {
      if (!this.begun.has(task)) this.enter(task);
    } else if (state === State.pending) this.drop(task);
    else this.over(task, state);
  }

  /** A leaf is called. */
  begin({ task, attemptNumber }: Call): void {
    // A step may be told as of the time at which it was due, long before a process was there to take it.
    this.stepped(this.now());
    const found = this.begun.get(task) ?? this.enter(task);
    found.span ??= this.spanOf(task, found);
    this.beginAttempt(task, found, attemptNumber);
  }

  /** A call was answered; with an error where it failed. */
  end({ task, isReused }: Call, error?: ExecutionError): void {
    const found = this.begun.get(task);
    if (found === undefined) return;
    found.error = error;
    if (isReused) found.cached = true;
    this.stepped(this.now());
    found.attempt?.span?.end({ error, endTime: this.at });
    found.attempt = undefined;
  }

  /** A group begins again. */
  reset(task: number): void {
    const found = this.begun.get(task);
    if (found === undefined) return;
    const number = found.attempt?.number ?? 1;
    // Its backoff lies between its tries.
    found.attempt?.span?.end({ error: found.error, endTime: found.insideEndedAt ?? this.at });
    found.error = undefined;
    this.beginAttempt(task, found, number + 1);
  }

  /** Nothing is known of these tasks any more: their numbers may be used again. */
  forget(from: number, to: number): void {
    for (const task of this.begun.keys()) if (task >= from && task < to) this.drop(task);
  }

  /** A leaf has its failure from another execution: it is not called here, and has no span. */
  inherited(task: number): void {
    this.begun.delete(task);
  }

  private drop(task: number): void {
    const found = this.begun.get(task);
    if (found === undefined) return;
    found.attempt?.span?.end({ endTime: this.at });
    found.span?.end({ state: "left", endTime: this.at });
    this.begun.delete(task);
  }

  /**
   * The run is over, or leaves memory.
   *
   * @param error of what was under way
   */
  finish(error: ExecutionError | undefined): void {
    this.stepped(this.now());
    const state = error === undefined ? LEFT : State.error;
    for (const task of [...this.begun.keys()].reverse()) this.over(task, state, error);
    this.isFinished = true;
    const { unseen } = this;
    if (unseen !== undefined && this.root.room.takeLast()) {
      unseen.parent.node(unseen.node).end({ error: unseen.error, state: "error", endTime: unseen.endTime });
    }
  }

  /** The innermost span that there is around what a call does. */
  of({ task, over }: Call): TraceSpan {
    return over || this.isFinished ? this.root : this.innermost(task);
  }

  private enter(task: number): Begun {
    const found: Begun = { startTime: this.at };
    this.begun.set(task, found);
    if (this.plan.isLeaf(this.values.nodeOf(task))) return found;
    found.span = this.spanOf(task, found);
    this.beginAttempt(task, found, 1);
    return found;
  }

  private beginAttempt(task: number, found: Begun, number: number): void {
    const node = this.values.nodeOf(task);
    const tries = this.plan.retries(node) ?? (this.plan.isLeaf(node) ? this.retries : 0);
    if (tries === 0) return;
    const span = this.root.room.take() ? found.span?.attempt(number, this.at) : undefined;
    found.attempt = { number, span };
  }

  private spanOf(task: number, found: Begun): TraceSpan | undefined {
    if (found.isLeftOut) return undefined;
    if (this.root.room.take()) return this.parentOf(task).node(this.described(task, found));
    found.isLeftOut = true;
    return undefined;
  }

  private over(task: number, state: number, otherwise?: ExecutionError): void {
    const found = this.begun.get(task);
    if (found === undefined) return;
    const hasFailed = state === State.error;
    const error = hasFailed ? (this.values.errors.get(task) ?? found.error ?? otherwise) : undefined;
    if (hasFailed && this.plan.isLeaf(this.values.nodeOf(task))) {
      // A failure that is simulated calls nothing.
      found.span ??= this.spanOf(task, found);
      if (found.span === undefined) this.miss(task, found, error);
    }
    this.begun.delete(task);
    const around = task > 0 ? this.begun.get(this.values.parentOf(task)) : undefined;
    if (around !== undefined) {
      around.insideEndedAt = this.at;
      if (hasFailed) around.error = error;
    }
    const endTime = this.at;
    found.attempt?.span?.end({ error, endTime });
    found.span?.end({
      error,
      state: state === LEFT ? "left" : (constants().states[state] as string),
      endTime,
      ...(found.cached === true && { cached: true }),
    });
  }

  private miss(task: number, found: Begun, error: ExecutionError | undefined): void {
    const node = this.described(task, found);
    this.unseen = { parent: this.parentOf(task), node, error, endTime: this.at };
  }

  private parentOf(task: number): TraceSpan {
    return task === 0 ? this.root : this.innermost(this.values.parentOf(task));
  }

  private innermost(task: number): TraceSpan {
    for (let inner = task; inner > 0; inner = this.values.parentOf(inner)) {
      // Of a run that was brought back, groups began before.
      const found = this.begun.get(inner) ?? this.enter(inner);
      const span = found.attempt?.span ?? found.span;
      if (span !== undefined) return span;
    }
    return (this.plan.length === 1 && this.begun.get(0)?.span) || this.root;
  }

  private described(task: number, { startTime }: Begun): TracedNode {
    const node = this.values.nodeOf(task);
    const { type, name } = this.plan.node(node);
    const rounds = this.values.positionOf(task);
    return { id: this.plan.id(node), type, name: String(name || type), rounds, startTime };
  }
}
