/**
 * The pump: takes ops from the engine, runs executables, hands over what they answered.
 *
 * One per run. Answers that arrive in the same turn of the host cross to the engine in one call, and values never
 * cross at all: they stay in `values`, by slot.
 */
import type { ErrorCode, ExecutionError } from "../types/errors.js";
import type { ConductorExecutionContext } from "../types/execution.js";
import { backend } from "./backend.js";
import { Call, ExecutableParams } from "./call.js";
import { constants } from "./constants.js";
import { isThenable, type NodeExecutorFactory, routedHandles } from "./executables.js";
import { failure, type Place, safelyThrown, simulatedFailure } from "./failure.js";
import { FrameTable } from "./frames.js";
import { itemsOf, toItems } from "./items.js";
import type { Log } from "./log.js";
import {
  AHEAD_CAPACITY,
  Command,
  EVENT_LENGTH,
  EventKind,
  FIRST_ATTEMPT,
  giveMailbox,
  Mailbox,
  MORE,
  NOBODY,
  OpKind,
  takeMailbox,
} from "./mailbox.js";
import { type RunOptions, writeOptions } from "./options.js";
import { type Outline, Plan } from "./outline.js";
import { Sparse } from "./sparse.js";
import { Clock, giveWay, setTimer } from "./turn.js";

/** What a run is given. */
export interface RunRequest {
  /** Of the node that is run: exactly the seven keys. */
  context: ConductorExecutionContext;
  executables: NodeExecutorFactory | undefined;
  options: RunOptions;
  log: Log;
  /** Told once per change while watched: the task, its state and progress packed, and the step of the animation. */
  onChange?: (task: number, packed: number, step: number) => void;
  /** Told after each step in which something happened. */
  onStep?: () => void;
}

/** How a run ended. */
export interface Outcome {
  /** Why it did not succeed. */
  error?: ExecutionError;
  /** Output of the node that was run. */
  data: unknown;
}

/** What an executable said of its progress. */
export interface ProgressReport {
  /** 0–100. */
  percent: number;
  message: string | undefined;
}

/** What is left of a run to look back at: its journal, and the options it ran with. */
export interface Recording {
  options: Float64Array;
  journal(): Uint32Array;
}

/** A microtask by way of a settled promise costs a third of one by `queueMicrotask`. */
const SETTLED = Promise.resolve();

/** One run. */
export class Run {
  /** Settles when the run is over; never rejects. */
  readonly done: Promise<Outcome>;
  /** What executables said of their progress, by task. */
  readonly reports = new Sparse<ProgressReport>();
  readonly log: Log;
  /** What happened, once the run is over. */
  recording: Recording | undefined;
  /** Increases with every step; tells whether an old view still holds. */
  steps = 0;
  private readonly engine = backend();
  private readonly clock = new Clock();
  private readonly values: unknown[];
  private readonly calls: (Call | undefined)[] = [];
  private readonly errors = new Sparse<ExecutionError>();
  /** Inputs that carry nothing: task × 2³² + input. */
  private readonly blocked = new Sparse<true>();
  private readonly contexts: (ConductorExecutionContext | undefined)[] = [];
  private readonly frames: FrameTable;
  private readonly begun: Uint8Array;
  /** Events to hand over, flat records. */
  private readonly inbox: number[] = [];
  /** Whether the next leaf in plan order may be started without asking the engine. */
  private mayRunAhead = false;
  /** Whether leaves start in plan order throughout. */
  private keepsOrder = false;
  /** Done while running ahead, and still to be told: flat pairs of task and time. */
  private readonly doneAhead: number[] = [];
  /** Place in plan order of the leaf that was started last. */
  private position = 0;
  private watched = false;
  /** Calls that are not answered. */
  private running = 0;
  private scheduled = false;
  private stepping = false;
  /** The executable of a node that was started ahead has not returned yet. */
  private startingAhead = false;
  private finished = false;
  private outcome: Outcome = { data: undefined };
  private settle!: (outcome: Outcome) => void;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private timerAt = Number.POSITIVE_INFINITY;
  /** NaN before the start. */
  private startedAt = Number.NaN;
  private endedAt = 0;

  /** Opens a run of an outline; `undefined` when it cannot be run. */
  static open(outline: Outline, request: RunRequest): Run | undefined {
    const options = writeOptions(request.options, outline);
    const handle = backend().open(outline.words, outline.length, options);
    return handle === 0 ? undefined : new Run(new Plan(outline), handle, options, request);
  }

  private constructor(
    readonly plan: Plan,
    private readonly handle: number,
    private readonly optionNumbers: Float64Array,
    private readonly request: RunRequest,
  ) {
    this.log = request.log;
    this.values = new Array(plan.length);
    this.begun = new Uint8Array(plan.length);
    this.contexts[0] = request.context;
    this.frames = new FrameTable(plan);
    this.done = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** Starts. What needs no waiting happens before this returns. */
  start(): void {
    this.startedAt = this.clock.now();
    this.step(Command.start, this.startedAt);
  }

  /** Stops the run at once, also before its start. Nothing happens if it is over. */
  cancel(): void {
    if (Number.isNaN(this.startedAt)) return this.abandon(failure("CANCELLED", "Execution cancelled", this.placeOf(0)));
    this.tell(EventKind.cancel, 0, 0, 0);
  }

  /** Ends a run that was not started, or that its host cannot follow. */
  abandon(error: ExecutionError): void {
    if (this.finished) return;
    this.endedAt = this.clock.now();
    if (Number.isNaN(this.startedAt)) this.startedAt = this.endedAt;
    this.breakDown(error);
    this.seal();
  }

  /** Starts nothing more until `resume`; what is in flight goes on. */
  pause(): void {
    this.tell(EventKind.pause, 0, 0, 0);
  }

  /** Goes on after `pause`. */
  resume(): void {
    this.tell(EventKind.resume, 0, 0, 0);
  }

  /** Whether each change is told to the request's `onChange`. */
  watch(watched: boolean): void {
    if (this.finished) return;
    this.flush();
    this.watched = watched;
    this.engine.watch(this.handle, watched);
  }

  /** The context of the node that is run. */
  get context(): ConductorExecutionContext {
    return this.request.context;
  }

  /** From start to end, in ms. */
  get duration(): number {
    return this.endedAt - this.startedAt;
  }

  /** When it started, in ms since the epoch; before that, now. */
  get startTime(): number {
    return Math.round(this.startedAt === 0 ? this.clock.now() : this.startedAt);
  }

  /** When it ended, in ms since the epoch; before that, now. */
  get endTime(): number {
    return Math.round(this.finished ? Math.max(this.endedAt, this.startedAt) : this.clock.now());
  }

  /** Whether it is over without an error. */
  get hasSucceeded(): boolean {
    return this.finished && this.outcome.error === undefined;
  }

  get isFinished(): boolean {
    return this.finished;
  }

  /** Tells the engine what it does not know yet, so that whoever looks sees it. */
  flush(): void {
    if (this.doneAhead.length === 0 || (this.stepping && !this.startingAhead)) return;
    this.step(Command.nothing, this.clock.now());
    this.stepping = this.startingAhead;
  }

  /** Fills `numbers` with how the run looks now. Only while it is not over. */
  view(numbers: Float64Array): void {
    this.engine.view(this.handle, this.clock.now(), numbers);
  }

  /** Nodes that began, by their place in the outline. */
  hasBegun(node: number): boolean {
    return this.begun[node] === 1;
  }

  /** The value in the slot of a node of the outermost frame. */
  outputOf(node: number): unknown {
    return this.values[this.frames.isEach(node) ? node : this.plan.output(node)];
  }

  /** The error with which a node failed, if it did. */
  errorOf(node: number): ExecutionError | undefined {
    return this.errors.get(node);
  }

  reportProgress(call: Call, percent: number, message: string | undefined): void {
    if (call.over || this.finished) return;
    const bounded = Math.min(Math.max(Number(percent) || 0, 0), 100);
    const text = message === undefined ? this.reports.get(call.task)?.message : String(message);
    this.reports.set(call.task, { percent: bounded, message: text });
    this.tell(EventKind.progress, call.attempt, call.task, Math.round(bounded));
  }

  private readonly pump = (): void => {
    this.scheduled = false;
    if (this.finished || this.stepping) return;
    const now = this.clock.now();
    if (this.clock.isBusyTooLong(now)) {
      this.scheduled = true;
      giveWay(this.pump);
      return;
    }
    this.step(0, now);
  };

  private readonly onTimer = (): void => {
    const at = this.timerAt;
    this.timer = undefined;
    this.timerAt = Number.POSITIVE_INFINITY;
    // A timer that fired means that its time has come, whatever the clock says.
    if (!this.finished) this.step(Command.timeout, Math.max(this.clock.now(), at));
  };

  /** Hands an event over at once, so that whoever looks next sees it. */
  private tell(kind: number, attempt: number, task: number, argument: number): void {
    if (this.finished) return;
    this.inbox.push(kind | (attempt << 8), task, argument);
    if (!this.stepping) this.step(0, this.clock.now());
  }

  private post(kind: number, attempt: number, task: number, argument: number): void {
    this.inbox.push(kind | (attempt << 8), task, argument);
    if (this.stepping || this.scheduled) return;
    if (this.running === 0 && kind <= EventKind.failed) {
      // Nothing else can be answered in this turn, so nothing is to be gained by waiting for its end.
      this.pump();
    } else {
      this.scheduled = true;
      void SETTLED.then(this.pump);
    }
  }

  /** One or more steps of the engine, until nothing is left to hand over. `command` 0 hands over the inbox. */
  private step(command: number, now: number): void {
    const mailbox = takeMailbox();
    const { inbox } = this;
    this.stepping = true;
    if (this.doneAhead.length > 0) {
      const ahead = mailbox.putAhead(this.doneAhead);
      this.doneAhead.length = 0;
      this.turn(mailbox, ahead, now);
    }
    let sent = 0;
    let next = command;
    while (!this.finished) {
      if (next === 0) {
        const count = mailbox.put(inbox, sent);
        sent += count * EVENT_LENGTH;
        next = count;
      }
      if (next !== Command.nothing) this.turn(mailbox, next, now);
      if (this.finished || inbox.length === sent) break;
      now = this.clock.now();
      if (this.clock.isBusyTooLong(now)) {
        this.scheduled = true;
        giveWay(this.pump);
        break;
      }
      next = 0;
    }
    if (sent === inbox.length) inbox.length = 0;
    else inbox.splice(0, sent);
    this.stepping = false;
    const { deadline } = mailbox;
    giveMailbox(mailbox);
    if (this.finished) {
      this.endedAt = now;
      this.seal();
    } else {
      this.armTimer(deadline, now);
      this.request.onStep?.();
    }
  }

  /** One call to the engine, and all that it asks for. */
  private turn(mailbox: Mailbox, command: number, now: number): void {
    try {
      this.follow(mailbox, command, now);
    } catch (error) {
      // A value, or a definition, that does not let itself be looked at. Half of a step cannot be taken.
      this.breakDown(safelyThrown(error, this.placeOf(0)));
    }
  }

  private follow(mailbox: Mailbox, command: number, now: number): void {
    let result = this.engine.turn(this.handle, mailbox.number, command, now);
    this.steps++;
    // The engine says when a value is no longer needed, which must not wait until it hears what was done ahead.
    this.mayRunAhead = mailbox.mayRunAhead && this.request.options.keepOutputs;
    if (command === Command.start) this.keepsOrder = this.mayRunAhead;
    while (result >= 0) {
      const ops = result & ~MORE;
      for (let op = 0; op < ops; op++) this.carryOut(mailbox.words, Mailbox.at(op));
      if ((result & MORE) === 0) return;
      result = this.engine.turn(this.handle, mailbox.number, Command.drain, now);
      this.steps++;
    }
    const message = `The engine refused to go on (status ${result}); please report this flow`;
    this.breakDown(failure("INTERNAL_ERROR", message, this.placeOf(0)));
  }

  /**
   * A leaf is done, and the engine has said that nothing but the next one can follow: starts it, and tells the engine
   * with others later. False when it has to be told now.
   */
  private ranAhead(task: number): boolean {
    if (!this.mayRunAhead || this.watched || this.stepping || this.scheduled) return false;
    const now = this.clock.now();
    const next = this.nextLeaf();
    if (next === -1 || this.doneAhead.length >= AHEAD_CAPACITY * 2 || this.clock.isBusyTooLong(now)) return false;
    this.doneAhead.push(task, now);
    this.steps++;
    this.stepping = this.startingAhead = true;
    this.startCall(next, FIRST_ATTEMPT, 1);
    this.stepping = this.startingAhead = false;
    // What was answered at once is told at once, so that no stack is built up.
    if (this.inbox.length > 0) this.step(0, this.clock.now());
    else this.request.onStep?.();
    return true;
  }

  /** Keeps the place of the leaf that was started last; leaves start in plan order. */
  private moveTo(leaf: number): void {
    while (this.position < this.plan.length && this.plan.order(this.position) !== leaf) this.position++;
  }

  /** The leaf after the one that was started last, or -1. */
  private nextLeaf(): number {
    for (let position = this.position + 1; position < this.plan.length; position++) {
      const node = this.plan.order(position);
      if (this.plan.isLeaf(node)) return node;
    }
    return -1;
  }

  private carryOut(words: Uint32Array, at: number): void {
    const head = words[at] as number;
    const task = words[at + 1] as number;
    const first = words[at + 2] as number;
    switch (head & 0xff) {
      case OpKind.start:
        // The engine catches up with what was started ahead.
        if (this.keepsOrder && head >>> 8 === FIRST_ATTEMPT && this.begun[task] === 1) return;
        return this.startCall(task, head >>> 8, first);
      case OpKind.drop:
        this.values[task] = undefined;
        return;
      case OpKind.enter:
        this.markBegun(task);
        return;
      case OpKind.change:
        return this.request.onChange?.(task, first, words[at + 3] as number);
      case OpKind.finish:
        return this.finish(task, first);
      case OpKind.abort:
        return this.abort(task, first);
      case OpKind.pass:
        this.values[task] = passedOn(this.inputOf(task));
        return;
      case OpKind.wait:
        return this.sayWait(task, first, words[at + 3] === 1);
      case OpKind.block:
        this.blocked.set(task * 2 ** 32 + first, true);
        return;
      case OpKind.catch:
        return this.catch(task, this.errors.get(first));
      case OpKind.ask:
        return this.tellItems(task, head >>> 8, first);
      case OpKind.open:
        return this.openFrame(task, first, words[at + 3] as number);
      case OpKind.close:
        return this.closeFrame(task, first, words[at + 3] as number);
      case OpKind.gather:
        this.values[task] = this.frames.gather(task);
        return;
    }
  }

  private startCall(task: number, attempt: number, attemptNumber: number): void {
    const node = this.frames.nodeOf(task);
    const definition = this.plan.node(node);
    this.begun[node] = 1;
    if (this.keepsOrder) this.moveTo(node);
    const call = this.call(task, node, attempt, attemptNumber);
    this.calls[task] = call;
    this.running++;
    if (this.reports.size > 0) this.reports.delete(task);
    try {
      const { type, parameters } = definition;
      const factory = this.request.executables;
      if (factory === undefined) {
        return this.refuse(call, "NO_EXECUTOR_FACTORY", "No executor factory provided for local execution");
      }
      const executable = factory.getNodeExecutable(type);
      if (executable === undefined || executable === null) {
        return this.refuse(call, "NODE_TYPE_NOT_FOUND", `No implementation found for node type: ${type}`);
      }
      const result = executable.execute(new ExecutableParams(call, parameters));
      if (isThenable(result)) this.await(call, result);
      else this.answered(call, result);
    } catch (error) {
      this.failed(call, error);
    }
  }

  private await(call: Call, result: PromiseLike<unknown>): void {
    Promise.resolve(result).then(
      (value) => this.answered(call, value),
      (error) => this.failed(call, error),
    );
  }

  private answered(call: Call, value: unknown): void {
    if (call.over) return;
    const { attempt } = call;
    let handles: readonly string[] | undefined;
    try {
      handles = routedHandles(value);
    } catch {
      handles = undefined;
    }
    this.end(call);
    // What an earlier attempt failed with is past.
    if (this.errors.size > 0) this.errors.delete(call.task);
    this.values[call.task] = value;
    if (handles === undefined) {
      if (attempt === FIRST_ATTEMPT && this.ranAhead(call.task)) return;
      this.post(EventKind.done, attempt, call.task, 0);
      return;
    }
    for (const handle of handles) {
      const name = this.plan.nameNumber(handle);
      if (name > 0) this.post(EventKind.route, attempt, call.task, name);
    }
    this.post(EventKind.done, attempt, call.task, 1);
  }

  private end(call: Call): void {
    call.over = true;
    this.running--;
    this.calls[call.task] = undefined;
  }

  private failed(call: Call, error: unknown): void {
    if (call.over) return;
    this.fail(call, safelyThrown(error, this.placeOf(call.task)));
  }

  private refuse(call: Call, code: ErrorCode, message: string): void {
    this.fail(call, failure(code, message, this.placeOf(call.task)));
  }

  private fail(call: Call, error: ExecutionError): void {
    call.over = true;
    this.running--;
    this.errors.set(call.task, error);
    this.post(EventKind.failed, call.attempt, call.task, constants(this.engine).numbers.get(error.code) ?? 0);
  }

  private abort(task: number, codeNumber: number): void {
    const code = constants(this.engine).codes[codeNumber] ?? "INTERNAL_ERROR";
    const call = this.calls[task];
    const place = this.placeOf(task);
    this.markBegun(task);
    if (code === "EXECUTION_FAILED") {
      const { debug } = this.request.context;
      this.errors.set(task, simulatedFailure(typeof debug === "object" ? debug?.simulateError : undefined, place));
      return;
    }
    const error = failure(code, code === "TIMEOUT" ? this.timeoutMessage(task) : "Execution cancelled", place);
    if (!this.errors.has(task) || code === "TIMEOUT") this.errors.set(task, error);
    const name = code === "TIMEOUT" ? "TimeoutError" : "AbortError";
    if (call === undefined || call.over) return;
    this.running--;
    call.abort(new DOMException(error.message, name));
  }

  private finish(cause: number, codeNumber: number): void {
    this.finished = true;
    this.steps++;
    if (codeNumber === 0) {
      this.outcome = { data: this.outputOf(0) };
      return;
    }
    const code = constants(this.engine).codes[codeNumber] ?? "INTERNAL_ERROR";
    const known = cause === NOBODY ? undefined : this.errors.get(cause);
    const message = code === "TIMEOUT" ? this.timeoutMessage(0) : "Execution cancelled";
    this.outcome = { data: undefined, error: known ?? failure(code, message, this.placeOf(0)) };
  }

  /** The run cannot go on; it is lost, the process is not. */
  private breakDown(error: ExecutionError): void {
    this.finished = true;
    this.steps++;
    this.outcome = { data: undefined, error };
    for (const call of this.calls) call?.abort(new DOMException(error.message, "AbortError"));
  }

  private seal(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = undefined;
    this.recording = { options: this.optionNumbers, journal: this.takeJournal() };
    this.settle(this.outcome);
    this.request.onStep?.();
  }

  /** Ends the run in the engine and keeps what happened. */
  private takeJournal(): () => Uint32Array {
    const { words } = this.plan.outline;
    const at = this.plan.journalStart;
    const length = this.engine.seal(this.handle, words, at);
    if (at + length <= words.length) return () => words.subarray(at, at + Math.max(length, 0));
    const journal = new Uint32Array(length);
    this.engine.seal(this.handle, journal, 0);
    return () => journal;
  }

  private armTimer(deadline: number, now: number): void {
    // A timer that fires too early only asks again; so one is set anew only for an earlier deadline.
    if (Number.isNaN(deadline) || deadline >= this.timerAt) return;
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timerAt = deadline;
    this.timer = setTimer(this.onTimer, deadline - now);
  }

  private tellItems(task: number, attempt: number, known: number): void {
    this.markBegun(task);
    const node = this.plan.node(this.frames.nodeOf(task));
    const context = this.scopeContext(task);
    let call: Call | undefined;
    const take = (answer: unknown) => {
      if (call?.over) return;
      const { items, more } = toItems(answer);
      const count = this.frames.addItems(task, known, items, context);
      if (call !== undefined) this.end(call);
      this.post(more ? EventKind.itemsOpenEnded : EventKind.items, attempt, task, count);
    };
    const fail = (error: unknown) => {
      if (call?.over) return;
      if (call !== undefined) this.end(call);
      const found = safelyThrown(error, this.placeOf(task));
      this.errors.set(task, found);
      this.post(EventKind.failed, attempt, task, constants(this.engine).numbers.get(found.code) ?? 0);
    };
    try {
      const executable = this.request.executables?.getNodeExecutable(node.type);
      if (typeof executable?.items !== "function") return take(itemsOf(node, context.input, known));
      // Kept, so that it can be stopped like that of a leaf.
      call = this.callOf(context, task, attempt, 1);
      this.calls[task] = call;
      this.running++;
      const answer = executable.items(new ExecutableParams(call, node.parameters), known);
      if (isThenable(answer)) Promise.resolve(answer).then(take).catch(fail);
      else take(answer);
    } catch (error) {
      fail(error);
    }
  }

  private openFrame(task: number, base: number, item: number): void {
    // Its tasks may have belonged to a frame that was given up half-way.
    const end = base + this.frames.length(task);
    for (let inner = base; inner < end; inner++) this.forget(inner);
    for (const key of this.blocked.keys()) {
      const owner = Math.floor(key / 2 ** 32);
      if (owner >= base && owner < end) this.blocked.delete(key);
    }
    this.frames.open(task, base, item);
  }

  private forget(task: number): void {
    this.values[task] = undefined;
    this.calls[task] = undefined;
    this.contexts[task] = undefined;
    this.errors.delete(task);
    this.reports.delete(task);
  }

  private closeFrame(task: number, base: number, item: number): void {
    const slot = this.frames.resultSlot(task, base);
    this.frames.close(task, base, item, this.values[slot]);
    const end = base + this.frames.length(task);
    for (let inner = base; inner < end; inner++) this.forget(inner);
  }

  /** A scope that hands on what went wrong inside has failed as well. */
  private catch(task: number, error: ExecutionError | undefined): void {
    this.values[this.slotOf(task)] = error;
    if (error !== undefined) this.errors.set(task, error);
  }

  private sayWait(task: number, ms: number, fails: boolean): void {
    const id = this.plan.id(this.frames.nodeOf(task));
    this.log.debug(
      fails
        ? `[DEBUG] Waiting ${ms}ms before throwing error on node '${id}'`
        : `[DEBUG] Adding ${ms}ms delay to node '${id}'`,
    );
  }

  private markBegun(task: number): void {
    this.begun[this.frames.nodeOf(task)] = 1;
  }

  private slotOf(task: number): number {
    const node = this.frames.nodeOf(task);
    return this.frames.isEach(node) ? task : this.plan.output(node) + (task - node);
  }

  private placeOf(task: number): Place {
    return { nodeId: this.plan.id(this.frames.nodeOf(task)), executionId: this.request.context.executionId };
  }

  private timeoutMessage(task: number): string {
    const own = task === 0 ? undefined : this.plan.node(this.frames.nodeOf(task)).parameters?.timeout;
    const ms = typeof own === "number" && own > 0 ? own : this.request.options.timeout;
    return `Execution timed out after ${ms}ms`;
  }

  /** A call of a leaf; a retry gets what the first try got. */
  private call(task: number, node: number, attempt: number, attemptNumber: number): Call {
    const { context } = this.request;
    if (task === 0) return this.callOf(context, task, attempt, attemptNumber);
    const before = this.calls[task];
    const parent = before?.parentContext ?? this.enclosingContext(task, node);
    const id = this.plan.id(node);
    const executionId = before?.executionId ?? `${parent.executionId}/${id}`;
    const input = before === undefined ? this.inputOf(task, node, parent) : before.input;
    return new Call(this, task, id, executionId, input, parent, context, attempt, attemptNumber);
  }

  private callOf(of: ConductorExecutionContext, task: number, attempt: number, attemptNumber: number): Call {
    const { nodeId, executionId, input, parentContext } = of;
    const { context } = this.request;
    return new Call(this, task, nodeId, executionId, input, parentContext, context, attempt, attemptNumber);
  }

  /** The context of a scope; the same object for all of its children. */
  private scopeContext(task: number): ConductorExecutionContext {
    let context = this.contexts[task];
    if (context === undefined) {
      const node = this.frames.nodeOf(task);
      context = this.childContext(task, node, this.enclosingContext(task, node));
      this.contexts[task] = context;
    }
    return context;
  }

  private enclosingContext(task: number, node: number): ConductorExecutionContext {
    const parent = this.plan.parent(node);
    return this.frames.contextFor(task, parent) ?? this.scopeContext(parent + (task - node));
  }

  private childContext(task: number, node: number, parent: ConductorExecutionContext): ConductorExecutionContext {
    const id = this.plan.id(node);
    return {
      nodeId: id,
      executionId: `${parent.executionId}/${id}`,
      variables: parent.variables,
      input: this.inputOf(task, node, parent) as Record<string, unknown>,
      parentContext: parent,
      slowMo: parent.slowMo as number,
      debug: parent.debug as NonNullable<ConductorExecutionContext["debug"]>,
    };
  }

  /** What edges bring, by target handle; the scope's own input where they bring nothing. */
  private inputOf(
    task: number,
    node = this.frames.nodeOf(task),
    parent: ConductorExecutionContext | undefined = undefined,
  ): unknown {
    const { plan, values, blocked } = this;
    const offset = task - node;
    const start = plan.firstInput(node);
    const end = plan.firstInput(node + 1);
    let input: Record<string, unknown> | undefined;
    for (let at = start; at < end; at++) {
      const value = values[plan.inputSlot(at) + offset];
      if (value === undefined || (blocked.size > 0 && blocked.has(task * 2 ** 32 + at - start))) continue;
      input ??= {};
      const key = plan.inputKey(at);
      if (key === "__proto__") {
        Object.defineProperty(input, key, { value, writable: true, enumerable: true, configurable: true });
      } else {
        input[key] = value;
      }
    }
    if (input !== undefined) return input;
    if (task === 0) return this.request.context.input;
    return (parent ?? this.enclosingContext(task, node)).input ?? {};
  }
}

/** What a disabled node hands on: the one value that came in, or all of them by key. */
function passedOn(input: unknown): unknown {
  if (typeof input !== "object" || input === null) return input;
  let keys: string[];
  try {
    keys = Object.keys(input);
  } catch {
    return input;
  }
  return keys.length === 1 && keys[0] === "default" ? (input as { default: unknown }).default : input;
}
