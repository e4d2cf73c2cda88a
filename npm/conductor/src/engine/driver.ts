/**
 * The pump: takes ops from the engine, runs executables, hands over what they answered.
 *
 * One per run. Answers that arrive in the same turn of the host cross to the engine in one call. Values never cross:
 * see `values.ts`; how executables are called is in `calls.ts`.
 */
import type { Redaction } from "../expressions/redaction.js";
import type { ExecutionError } from "../types/errors.js";
import type { ConductorExecutionContext, ExecutionTrace, RunWarning } from "../types/execution.js";
import type { NodeActivity } from "./activity.js";
import { backend } from "./backend.js";
import { type Answers, Calls, type ProgressReport } from "./calls.js";
import { constants } from "./constants.js";
import { coded, failure, safelyThrown } from "./failure.js";
import {
  AHEAD,
  AHEAD_WORDS,
  ATTEMPT_SHIFT,
  Command,
  EVENT_WORDS,
  EventKind,
  KIND_MASK,
  MAILBOX_HEADER_WORDS,
  MORE,
  NO_TASK,
  OpKind,
} from "./generated.js";
import { endRun, loseBranch, loseRound, takeFailure } from "./handled-failures.js";
import type { IncompleteAnswers } from "./incomplete-answers.js";
import { sealed } from "./journal.js";
import type { LeftOut, Standing } from "./left-out.js";
import { AHEAD_CAPACITY, FIRST_ATTEMPT, giveMailbox, Mailbox, NOTHING, takeMailbox } from "./mailbox.js";
import { writeOptions } from "./options.js";
import type { Outline } from "./outline.js";
import { Plan } from "./plan.js";
import {
  commandRecord,
  effectsOf,
  eventRecords,
  type History,
  type Inheritance,
  type JournalStep,
  persisting,
  persists,
  type Recorder,
  type ReplayObserver,
  type Rest,
  stepsOf,
} from "./recorder.js";
import type { RunRedact } from "./redact.js";
import type { Outcome, Recording, RunRequest } from "./run-request.js";
import type { TaskSpans } from "./task-spans.js";
import { hasToWait, seeWorking, type ThreadUser, waitForTurn } from "./thread.js";
import { Clock, giveWay, setTimer } from "./turn.js";
import { Values } from "./values.js";
import { roomForView, stateIn, stateOf, viewAtEnd } from "./view-numbers.js";

/** So long timers wait for answers of nodes that were due before them while no host had the run. */
const GRACE_MS = 1_000;

const REFUSED_RECORDS = "What was recorded of the execution does not fit its flow";

/** A timer that fires later than this was kept waiting by a busy thread. */
const LATE_MS = 2;

/** A microtask by way of a settled promise costs a third of one by `queueMicrotask`. */
const SETTLED = Promise.resolve();

/** One run. */
export class Run implements Answers, ThreadUser {
  /** Settles when the run is over; never rejects. */
  readonly done: Promise<Outcome>;
  /** What happened, once the run is over. */
  recording: Recording | undefined;
  /** Its trace, once it was read. */
  trace: ExecutionTrace | undefined;
  /** Increases with every step; tells whether an old view still holds. */
  steps = 0;
  /** It starts nothing more until it is resumed. */
  isPaused = false;
  threadTime = 0;
  allowance = 0;
  hostTurn = 0;
  waits = 0;
  private readonly engine = backend();
  private readonly clock = new Clock();
  private readonly tables = constants();
  private readonly values: Values;
  private readonly calls: Calls;
  /** Events to hand over, flat records. */
  private readonly inbox: number[] = [];
  /** Whether the next leaf in plan order may be started without asking the engine. */
  private mayRunAhead = false;
  /** Whether leaves start in plan order throughout. */
  private keepsOrder = false;
  /** Done while running ahead, and still to be told: flat pairs of task and time. Never made shorter, only overwritten. */
  private readonly doneAhead: number[] = [];
  private doneAheadLength = 0;
  /** Place in plan order of the leaf that was started last. */
  private position = 0;
  private watched = false;
  /** Missing without tracing. */
  private readonly spans: TaskSpans | undefined;
  private scheduled = false;
  private stepping = false;
  /** The executable of a node that was started ahead has not returned yet. */
  private startingAhead = false;
  private finished = false;
  /** What happened before is told to the engine again: nothing is asked of executables. */
  private replaying = false;
  /** The time of the step that is replayed. */
  private replayedAt = Number.NaN;
  private readonly inheritance: Inheritance | undefined;
  private readonly observer: ReplayObserver | undefined;
  /** Executables are called for whatever starts: nothing is replayed or taken over. */
  private callsAll: boolean;
  private outcome: Outcome = { data: undefined };
  private settle!: (outcome: Outcome) => void;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private timerAt = Number.POSITIVE_INFINITY;
  /** The engine's next timer in ms, NaN for none. */
  private deadline = Number.NaN;
  /** No timer is told before this time. */
  private timersFrom = 0;
  /** Leaves that wait for the disk. */
  private persisting = 0;
  /** NaN before the start. */
  private startedAt = Number.NaN;
  private endedAt = 0;

  /** Opens a run of an outline; `undefined` when it cannot be run. */
  static open(given: Outline, request: RunRequest): Run | undefined {
    const { held = [] } = request;
    const outline = held.length > 0 ? persisting(given, held) : given;
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
    this.values = new Values(plan, request.context);
    const { tracing } = request;
    if (tracing !== undefined) {
      const { span, follow } = tracing;
      this.spans = follow(plan, this.values, span, request.options.retries, () => this.now());
      // The engine tells it of states, as it tells who watches.
      this.engine.watch(handle, true);
    }
    this.calls = new Calls(plan, this.values, request, this.tables, this, this.spans);
    this.inheritance = request.inheritance?.(plan, this.values);
    this.observer = request.observe?.(plan, this.values);
    this.callsAll = this.inheritance === undefined;
    this.done = new Promise((resolve) => {
      this.settle = resolve;
    });
    const { recorder } = request;
    if (recorder === undefined) return;
    recorder.beforeWrite = () => this.flush();
    recorder.onLost = (error) => this.abandon(error);
    recorder.restOf = () => this.rest();
    recorder.onLeave = (wakeAt) => this.leave(wakeAt);
    const { redact } = request;
    if (redact !== undefined) {
      recorder.shown = (task, value) => {
        const node = task < 0 ? -1 : this.values.nodeOf(task);
        return redact.shown(value, [node, node + 1]);
      };
      recorder.namesParts = (task) => redact.namesParts(this.values.nodeOf(task));
    }
    recorder.onChanged = (task, what) => this.calls.warnOf(task, "kept-differently", `Not kept as it is, ${what}`);
  }

  /** Starts. What needs no waiting happens before this returns. */
  start(): void {
    const { history, past } = this.request;
    if (history !== undefined && (history.journal.length > 0 || past !== undefined)) return this.goOn(history);
    if (this.request.pauses) return this.pauseInStore();
    this.startedAt = this.clock.now();
    this.seeWorking(this.startedAt);
    this.step(Command.start, this.startedAt);
  }

  /** Brings the engine and the values to where they were, and starts again what was in flight then. */
  private goOn(history: History): void {
    let last = 0;
    const mailbox = takeMailbox();
    this.replaying = this.stepping = true;
    this.callsAll = false;
    try {
      for (const step of stepsOf(history.journal)) {
        if (Number.isNaN(this.startedAt)) this.startedAt = step.now;
        last = this.replayedAt = step.now;
        this.replayStep(mailbox, step, history);
        if (this.finished) break;
      }
    } finally {
      giveMailbox(mailbox);
    }
    for (const { task, rule, message } of history.warnings) this.calls.warnOf(task, rule, message);
    if (history.variables !== undefined) Object.assign(this.request.context.variables, history.variables);
    this.replaying = this.stepping = false;
    this.callsAll = this.inheritance === undefined;
    const { past } = this.request;
    if (this.finished || past !== undefined) {
      this.calls.earlier.incomplete?.tell(new Set());
      // What ended during the replay took its result before that.
      const { data } = this.outcome;
      if (data instanceof String) this.outcome = { ...this.outcome, data: String(data) };
      if (!this.finished && past?.error !== undefined) this.outcome = { data: undefined, error: past.error };
      // What its host lost is not in its journal.
      else this.failInSpite(past?.error);
      if (Number.isNaN(this.startedAt)) this.startedAt = last = past?.startedAt ?? last;
      this.finished = true;
      this.endedAt = last;
      this.seal();
      return;
    }
    const { incomplete } = this.calls.earlier;
    // In a pause nothing needs what is missing.
    if (incomplete === undefined || incomplete.all.length === 0 || this.request.pauses) this.takeOver(last, history);
    else void this.makeAgain(last, history, incomplete);
  }

  /** Starts again what was in flight at the host before. */
  private takeOver(last: number, history: History): void {
    // The clock of the host before may have been ahead of this one.
    this.clock.notBefore(last);
    if (this.request.pauses) return this.pauseInStore();
    if (history.isAsleep) return this.wake(last);
    this.calls.giveUpAll();
    this.tell(EventKind.takenOver, 0, 0, 0);
    if (this.isPaused) this.resume();
  }

  private pauseInStore(): void {
    this.pause();
    this.request.recorder?.leaveMemory();
  }

  /**
   * Goes on with a run that was at rest: nothing was lost, and calls that wait go on as the same attempts. What was due while no
   * host had the run happens in the order in which it was due.
   */
  private wake(last: number): void {
    const waiting = this.calls.open;
    const now = this.clock.now();
    const times = waiting.flatMap(({ kept }) => [...(kept?.values() ?? [])].flatMap(({ until }) => until ?? []));
    const at = Math.max(
      last,
      times.reduce((first, time) => Math.min(first, time), now),
    );
    if (at < now) this.timersFrom = now + GRACE_MS;
    this.seeWorking(now);
    this.step(Command.timeout, at);
    for (const call of waiting) if (!this.finished) this.calls.startAgain(call);
  }

  /** What the run waits for, where nothing but time, people or the end of a pause brings it on. */
  private rest(): Rest | undefined {
    const isBusy = this.stepping || this.scheduled || this.persisting > 0 || this.inbox.length > 0;
    if (this.finished || isBusy || this.doneAheadLength > 0) return undefined;
    if (this.calls.running > (this.request.recorder?.waiting ?? 0)) return undefined;
    return { deadline: this.deadline, isPaused: this.isPaused };
  }

  /** Leaves memory: from its records the run goes on later, here or elsewhere. */
  private leave(wakeAt: number | undefined): void {
    this.finished = true;
    this.endedAt = this.clock.now();
    this.steps++;
    this.outcome = { data: undefined, left: { wakeAt } };
    this.calls.abortAll("The execution leaves memory until it goes on");
    this.seal();
  }

  /**
   * Why an execution that was looked back at cannot go on: redacted parts of values are needed and cannot be had again.
   *
   * @param ofInput paths of what was left out of the run's input and variables as they were given
   */
  async whyBlocked(ofInput: readonly string[]): Promise<string | undefined> {
    const { plan, recording, request, calls } = this;
    if (recording === undefined) return undefined;
    const { whyBlocked } = await import("./left-out.js");
    return whyBlocked(this.standing(viewAtEnd(plan, recording)), {
      ofInput,
      ofVariables: request.history?.variablesLeftOut ?? [],
      ofOutputs: calls.earlier.incomplete?.all ?? [],
      writes: (node) => effectsOf(plan.node(node), plan.node(plan.parent(node)), request.executables) === "writes",
    });
  }

  private standing(look: Float64Array): Standing {
    const { plan, calls } = this;
    return {
      plan,
      stateOf: (node) => stateOf(look, node),
      isAnswered: (task) => calls.earlier.incomplete?.wasAnswered(task) === true,
    };
  }

  /** Has what is missing given again, and goes on. `last`: the time of the last step. */
  private async makeAgain(last: number, history: History, incomplete: IncompleteAnswers): Promise<void> {
    const { makeAgain } = await import("./left-out.js");
    if (this.finished) return;
    const { calls } = this;
    const look = roomForView(this.plan.length);
    this.engine.view(this.handle, last, look);
    const again = (leftOut: LeftOut) => calls.earlier.runAgain(leftOut);
    const unmade = await makeAgain(this.standing(look), incomplete, again, () => this.finished);
    if (this.finished) return;
    if (unmade === undefined) return this.takeOver(last, history);
    const { task, reason } = unmade;
    await this.request.recorder?.block(reason);
    this.abandon(failure("EXECUTION_FAILED", reason, calls.placeOf(task)));
  }

  private replayStep(mailbox: Mailbox, { kind, now, events }: JournalStep, history: History): void {
    if (kind !== "events") return this.turn(mailbox, kind === "start" ? Command.start : Command.timeout, now);
    for (let at = 0; at < events.length; at += EVENT_WORDS) {
      const head = events[at] as number;
      const task = events[at + 1] as number;
      const answer = history.answer(task, head >>> ATTEMPT_SHIFT);
      if (answer !== undefined && isAnswer(head & KIND_MASK)) {
        if (this.calls.earlier.answerAgain(task, head >>> ATTEMPT_SHIFT, answer))
          this.observer?.answered(task, head >>> ATTEMPT_SHIFT, answer);
      } else if ((head & KIND_MASK) === EventKind.pause || (head & KIND_MASK) === EventKind.resume) {
        this.isPaused = (head & KIND_MASK) === EventKind.pause;
      } else if ((head & KIND_MASK) === EventKind.takenOver) this.calls.giveUpAll();
    }
    this.turn(mailbox, mailbox.put(events, 0), now);
  }

  /** Keeps the records of what is about to be told to the engine. */
  private record(recorder: Recorder, { words }: Mailbox, command: number, now: number): void {
    if (command === Command.start || command === Command.timeout) {
      return recorder.step(commandRecord(command === Command.start, now));
    }
    if (command < AHEAD) return recorder.step(eventRecords(words, MAILBOX_HEADER_WORDS, command, now));
    for (let event = 0; event < command - AHEAD; event++) {
      const at = MAILBOX_HEADER_WORDS + event * AHEAD_WORDS;
      recorder.step(eventRecords(words, at, 1, this.doneAhead[event * 2 + 1] as number));
    }
  }

  /** Stops the run at once, also before its start. Nothing happens if it is over. */
  cancel(): void {
    if (Number.isNaN(this.startedAt))
      return this.abandon(failure("CANCELLED", "Execution cancelled", this.calls.placeOf(0)));
    this.tell(EventKind.cancel, 0, 0, 0);
  }

  /** Starts nothing more until it is resumed; what is in flight goes on. */
  pause(): void {
    if (this.finished) return;
    this.isPaused = true;
    this.steps++;
    this.request.recorder?.pause(true);
    if (!Number.isNaN(this.startedAt)) this.tell(EventKind.pause, 0, 0, 0);
  }

  /** Goes on after a pause. */
  resume(): void {
    if (this.finished) return;
    this.isPaused = false;
    this.steps++;
    this.request.recorder?.pause(false);
    if (!Number.isNaN(this.startedAt)) this.tell(EventKind.resume, 0, 0, 0);
  }

  /** Ends a run that was not started, or that its host cannot follow. */
  abandon(error: ExecutionError): void {
    if (this.finished) return;
    this.endedAt = this.clock.now();
    if (Number.isNaN(this.startedAt)) this.startedAt = this.endedAt;
    this.breakDown(error);
    this.seal();
  }

  /** Whether each change is told to the request's `onChange`. */
  watch(watched: boolean): void {
    if (this.finished) return;
    this.flush();
    this.watched = watched;
    if (this.spans === undefined) this.engine.watch(this.handle, watched);
  }

  /** What is shown of its values; `undefined` where all of them are. */
  get redact(): RunRedact | undefined {
    return this.request.redact;
  }

  /** What must not be told of it; `undefined` where that is nothing. */
  get secrets(): Redaction | undefined {
    const { secrets } = this.request;
    return secrets?.isEmpty === false ? secrets : undefined;
  }

  /** The context of the node that is run. */
  get context(): ConductorExecutionContext {
    return this.request.context;
  }

  happening(): number {
    return this.replaying ? this.replayedAt : Date.now();
  }

  /** The time, in ms since the epoch. */
  now(): number {
    return this.clock.now();
  }

  /** Warns of the run as a whole. */
  warn(rule: string, message: string): void {
    this.calls.warnOf(0, rule, message);
  }

  /** From start to end, in ms. */
  get duration(): number {
    return this.endedAt - this.startedAt;
  }

  /** When it started, in ms since the epoch; before that, now. */
  get startTime(): number {
    return Math.round(Number.isNaN(this.startedAt) ? this.clock.now() : this.startedAt);
  }

  /** When it ended, in ms since the epoch; before that, now. */
  get endTime(): number {
    return Math.round(this.finished ? Math.max(this.endedAt, this.startedAt) : this.clock.now());
  }

  /** Whether it is over without an error. */
  get hasSucceeded(): boolean {
    return this.finished && this.outcome.error === undefined;
  }

  /** Whether a node failed, for good or in an attempt that may be followed by another. */
  get hasErrors(): boolean {
    return this.values.errors.size > 0;
  }

  /** The most attempts that a node took. */
  get attempts(): number {
    return this.calls.attempts;
  }

  get isFinished(): boolean {
    return this.finished;
  }

  /** What its nodes warned of; `undefined` where none did. */
  get warnings(): RunWarning[] | undefined {
    return this.calls.warnings?.list(this.plan.id(0));
  }

  /** Hands pending events to the engine, so that readers of its state see them. */
  flush(): void {
    if (this.doneAheadLength === 0 || (this.stepping && !this.startingAhead)) return;
    this.step(NOTHING, this.clock.now());
    this.stepping = this.startingAhead;
  }

  /** Fills `numbers` with how the run looks now. Only while it is not over. */
  view(numbers: Float64Array): void {
    this.engine.view(this.handle, this.clock.now(), numbers);
  }

  /** Nodes that began, by their place in the outline. */
  hasBegun(node: number): boolean {
    return this.calls.hasBegun(node);
  }

  /** The value in the slot of a node of the outermost frame. */
  outputOf(node: number): unknown {
    return this.values.outputOf(node);
  }

  /** Whether an answer of another execution was taken over. */
  get inheritsAnswers(): boolean {
    return this.calls.activities?.inheritsAny === true;
  }

  /** The error with which a node failed, if it did. */
  errorOf(node: number): ExecutionError | undefined {
    return this.values.errors.get(node);
  }

  /** What a node's executable said of its progress, if it did. */
  reportOf(node: number): ProgressReport | undefined {
    return this.calls.reports.get(node);
  }

  /** What happened to a node beyond its state, if anything did. */
  activityOf(node: number): NodeActivity | undefined {
    return this.calls.activities?.of(node);
  }

  /** Hands over what was answered, if it is this run's turn. */
  readonly pump = (): void => {
    this.scheduled = false;
    if (this.finished || this.stepping) return;
    const now = this.clock.now();
    if (this.hasToWait(now)) this.wait();
    else this.step(0, now);
  };

  private hasToWait(now: number): boolean {
    return hasToWait(this, this.clock.onThread(now));
  }

  private seeWorking(now: number): void {
    seeWorking(this, this.clock.onThread(now));
  }

  private wait(): void {
    this.scheduled = true;
    waitForTurn(this);
  }

  private readonly onTimer = (): void => {
    const at = this.timerAt;
    this.timer = undefined;
    // Others kept the thread busy until now: answers that are here already count before a deadline.
    if (this.clock.now() - at > LATE_MS) giveWay(() => this.timeIsUp(at));
    else this.timeIsUp(at);
  };

  private timeIsUp(at: number): void {
    this.timerAt = Number.POSITIVE_INFINITY;
    // A timer that fired means that its time has come, whatever the clock says.
    if (this.finished) return;
    const now = this.clock.now();
    this.seeWorking(now);
    this.step(Command.timeout, Math.max(now, at));
  }

  /** Hands an event over at once, so that the next reader of the state sees it. */
  tell(kind: number, attempt: number, task: number, argument: number): void {
    if (this.finished) return;
    this.inbox.push(kind | (attempt << ATTEMPT_SHIFT), task, argument);
    if (this.stepping) return;
    const now = this.clock.now();
    this.seeWorking(now);
    this.step(0, now);
  }

  /** Hands an event over, together with the others that arrive in this turn of the host. */
  post(kind: number, attempt: number, task: number, argument: number): void {
    this.inbox.push(kind | (attempt << ATTEMPT_SHIFT), task, argument);
    if (this.stepping || this.scheduled) return;
    if (this.calls.running === 0 && kind <= EventKind.failed) {
      // Nothing else can be answered in this turn, so nothing is to be gained by waiting for its end.
      this.pump();
    } else {
      this.scheduled = true;
      void SETTLED.then(this.pump);
    }
  }

  /**
   * One or more steps of the engine, until nothing is left to hand over. `command` 0 hands over the inbox, which for
   * `Command.timeout` is done first: what was answered is not too late.
   */
  private step(command: number, now: number): void {
    const mailbox = takeMailbox();
    const { inbox } = this;
    this.stepping = true;
    if (this.doneAheadLength > 0) {
      const ahead = mailbox.putAhead(this.doneAhead, this.doneAheadLength);
      this.doneAheadLength = 0;
      this.turn(mailbox, ahead, now);
    }
    let sent = 0;
    let next = command;
    let answered = command === Command.timeout ? inbox.length : 0;
    if (answered > 0) next = 0;
    while (!this.finished) {
      if (next === 0) {
        const count = mailbox.put(inbox, sent);
        sent += count * EVENT_WORDS;
        next = count;
      }
      if (next !== NOTHING) this.turn(mailbox, next, now);
      if (this.finished) break;
      if (answered > 0) {
        if (sent >= answered) {
          answered = 0;
          next = Command.timeout;
        }
        continue;
      }
      if (inbox.length === sent) break;
      now = this.clock.now();
      if (this.hasToWait(now)) {
        this.wait();
        break;
      }
      next = 0;
    }
    if (sent === inbox.length) inbox.length = 0;
    else inbox.splice(0, sent);
    this.stepping = false;
    const { deadline } = mailbox;
    this.deadline = deadline;
    giveMailbox(mailbox);
    if (this.finished) {
      this.endedAt = now;
      this.seal();
    } else {
      this.armTimer(Math.max(deadline, this.timersFrom), now);
      this.request.onStep?.();
      this.request.recorder?.stepped();
    }
  }

  /** One call to the engine, and all that it asks for. */
  private turn(mailbox: Mailbox, command: number, now: number): void {
    try {
      this.follow(mailbox, command, now);
    } catch (error) {
      if (this.replaying) throw error;
      // A value, or a definition, that does not let itself be looked at. Half of a step cannot be taken.
      this.breakDown(safelyThrown(error, this.calls.placeOf(0)));
    }
  }

  private follow(mailbox: Mailbox, command: number, now: number): void {
    const { recorder } = this.request;
    if (recorder !== undefined && !this.replaying) this.record(recorder, mailbox, command, now);
    this.spans?.stepped(now);
    let result = this.engine.turn(this.handle, mailbox.number, command, now);
    this.steps++;
    // The engine says when a value is no longer needed, which must not wait until it hears what was done ahead.
    this.mayRunAhead = mailbox.mayRunAhead && this.request.options.keepOutputs && this.inheritance === undefined;
    if (command === Command.start) this.keepsOrder = this.mayRunAhead;
    while (result >= 0) {
      const ops = result & ~MORE;
      for (let op = 0; op < ops; op++) this.carryOut(mailbox.words, Mailbox.at(op));
      if ((result & MORE) === 0) return;
      result = this.engine.turn(this.handle, mailbox.number, Command.drain, now);
      this.steps++;
    }
    if (this.replaying) throw coded("DESERIALIZATION_FAILED", REFUSED_RECORDS, undefined);
    const message = `The engine refused to go on (status ${result}); please report this flow`;
    this.breakDown(failure("INTERNAL_ERROR", message, this.calls.placeOf(0)));
  }

  /**
   * A leaf is done, and the engine has said that nothing but the next one can follow: starts it, and tells the engine
   * with others later. False when it has to be told now.
   */
  ranAhead(task: number): boolean {
    if (!this.mayRunAhead || this.watched || this.spans !== undefined || this.stepping || this.scheduled) return false;
    const next = this.nextPosition();
    if (next === this.plan.length || this.doneAheadLength === AHEAD_CAPACITY * 2) return false;
    if (this.request.held !== undefined && persists(this.plan.outline, this.plan.order(next))) return false;
    const now = this.clock.now();
    if (this.hasToWait(now)) return false;
    this.doneAhead[this.doneAheadLength++] = task;
    this.doneAhead[this.doneAheadLength++] = now;
    this.steps++;
    this.position = next;
    this.stepping = this.startingAhead = true;
    this.calls.start(this.plan.order(next), FIRST_ATTEMPT, 1);
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

  /** The place of the leaf after the one that was started last, or one past the last place. */
  private nextPosition(): number {
    const { plan } = this;
    const end = plan.length;
    let position = this.position + 1;
    while (position < end && !plan.isLeaf(plan.order(position))) position++;
    return Math.min(position, end);
  }

  private carryOut(words: Uint32Array, at: number): void {
    const head = words[at] as number;
    const task = words[at + 1] as number;
    const first = words[at + 2] as number;
    const second = words[at + 3] as number;
    const { calls, values } = this;
    switch (head & KIND_MASK) {
      case OpKind.start:
        // The engine catches up with what was started ahead.
        if (this.keepsOrder && head >>> ATTEMPT_SHIFT === FIRST_ATTEMPT && calls.hasBegun(task)) return;
        return this.startLeaf(task, head >>> ATTEMPT_SHIFT, first);
      case OpKind.drop:
        return values.drop(task);
      case OpKind.persist:
        return this.persist(task, head >>> ATTEMPT_SHIFT);
      case OpKind.enter:
        values.enter(task);
        return calls.markBegun(task);
      case OpKind.change:
        if (!this.replaying) this.spans?.change(task, stateIn(first));
        return this.watched ? this.request.onChange?.(task, first, second) : undefined;
      case OpKind.finish:
        return this.finish(task, first);
      case OpKind.abort:
        this.observer?.stopped(task);
        return calls.abort(task, first);
      case OpKind.pass:
        return values.passOn(task);
      case OpKind.wait:
        return calls.sayWait(task, first, second === 1);
      case OpKind.block:
        return values.block(task, first);
      case OpKind.catch:
        this.observer?.caught(task, first);
        return takeFailure(calls, task, first);
      case OpKind.ask:
        return this.callsAll
          ? calls.items.tell(task, head >>> ATTEMPT_SHIFT, first)
          : this.askAgain(task, head >>> ATTEMPT_SHIFT, first);
      case OpKind.open:
        calls.round(task, 1);
        return calls.forget(first, values.openFrame(task, first, second));
      case OpKind.close:
        if (values.hasBranches(task)) return values.endBranch(task, first);
        calls.round(task, -1);
        return calls.forget(first, values.closeFrame(task, first, second));
      case OpKind.lose:
        this.observer?.lost(task, first, second);
        if (values.hasBranches(task)) return loseBranch(calls, task, first, second);
        calls.round(task, -1);
        return calls.forget(first, loseRound(calls, task, first, second));
      case OpKind.reset:
        this.observer?.reset(task);
        this.inheritance?.reset();
        calls.forget(task + 1, values.resetScope(task), true);
        return this.spans?.reset(task);
      case OpKind.gather:
        this.observer?.gathered(task);
        return values.gather(task);
    }
  }

  private startLeaf(task: number, attempt: number, attemptNumber: number): void {
    if (this.keepsOrder) this.moveTo(task);
    if (this.callsAll) this.calls.start(task, attempt, attemptNumber);
    else this.startAgain(task, attempt, attemptNumber);
  }

  /** A leaf starts whose answer may be known: from the records of this execution, or of another one. */
  private startAgain(task: number, attempt: number, attemptNumber: number): void {
    const { calls, observer } = this;
    const inherited = this.inheritance?.leaf(task);
    if (this.inheritance !== undefined) calls.earlier.note(task, inherited !== undefined);
    if (this.replaying) {
      const call = calls.begin(task, attempt, attemptNumber);
      observer?.begun(task, call.input);
    } else if (inherited !== undefined) calls.earlier.inherit(task, attempt, attemptNumber, inherited);
    else calls.start(task, attempt, attemptNumber);
  }

  /** The same where a loop is asked for items. */
  private askAgain(task: number, attempt: number, known: number): void {
    const { calls, observer } = this;
    const inherited = this.inheritance?.items(task, known);
    if (this.inheritance !== undefined) calls.earlier.note(task, inherited !== undefined);
    if (this.replaying) {
      const call = calls.items.begin(task, attempt, known);
      observer?.begun(task, call.input);
    } else if (inherited !== undefined) calls.earlier.inherit(task, attempt, 1, inherited);
    else calls.items.tell(task, attempt, known);
  }

  /** Says when all that was told so far is on disk. */
  private persist(task: number, attempt: number): void {
    if (this.replaying) return;
    this.persisting++;
    void this.request.recorder?.persist().then(() => {
      this.persisting--;
      if (!this.finished) this.post(EventKind.persisted, attempt, task, 0);
    });
  }

  private finish(cause: number, codeNumber: number): void {
    this.finished = true;
    this.steps++;
    if (codeNumber === 0) {
      this.outcome = { data: cause === NO_TASK ? this.outputOf(0) : this.values.valueOf(cause) };
      if (cause !== NO_TASK) endRun(this.calls, cause);
      return;
    }
    const code = this.tables.codes[codeNumber] ?? "INTERNAL_ERROR";
    const known = cause === NO_TASK ? undefined : this.values.errors.get(cause);
    if (!this.request.options.keepGoing) endRun(this.calls, cause === NO_TASK ? undefined : cause);
    const message = code === "TIMEOUT" ? this.calls.timeoutMessage() : "Execution cancelled";
    this.outcome = { data: undefined, error: known ?? failure(code, message, this.calls.placeOf(0)) };
  }

  /** The run cannot go on; it is lost, the process is not. */
  private breakDown(error: ExecutionError): void {
    this.finished = true;
    this.steps++;
    this.outcome = { data: undefined, error };
    this.calls.abortAll(error.message);
  }

  private seal(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = undefined;
    if (this.outcome.left === undefined) this.failInSpite(this.request.lost?.());
    // Of a run that leaves memory more is to come.
    const isOver = this.request.past === undefined && this.outcome.left === undefined;
    if (this.request.redact !== undefined && isOver) this.calls.warnUnmatched();
    this.spans?.finish(this.outcome.error);
    const journal = sealed(this.engine, this.handle, this.plan.length);
    this.recording = {
      options: this.optionNumbers,
      journal,
      messages: this.calls.messages?.kept,
      retries: this.calls.retries,
    };
    this.calls.close();
    const { recorder } = this.request;
    if (recorder === undefined || this.outcome.left !== undefined) this.settle(this.outcome);
    else {
      this.request.onEnding?.();
      void recorder.end(this.outcome.error, this.warnings?.length).then((lost) => this.settleUnless(lost));
    }
    this.request.onStep?.();
  }

  /** Fails a run that succeeded for its engine, or was cancelled because of what was lost. */
  private failInSpite(lost: ExecutionError | undefined): void {
    const { error } = this.outcome;
    if (lost === undefined || lost.code === "CANCELLED") return;
    if (error === undefined || error.code === "CANCELLED") this.outcome = { data: undefined, error: lost };
  }

  /** Settles with the outcome, unless it could not be kept. */
  private settleUnless(lost: ExecutionError | undefined): void {
    if (lost !== undefined) this.outcome = { data: undefined, error: lost };
    this.settle(this.outcome);
  }

  private armTimer(deadline: number, now: number): void {
    // A timer that fires too early only asks again; so one is set anew only for an earlier deadline.
    if (Number.isNaN(deadline) || deadline >= this.timerAt) return;
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timerAt = deadline;
    this.timer = setTimer(this.onTimer, deadline - now);
  }
}

/** Whether an event says what an executable answered. */
function isAnswer(kind: number): boolean {
  return (
    kind <= EventKind.failed || kind === EventKind.end || kind === EventKind.items || kind === EventKind.itemsOpenEnded
  );
}
