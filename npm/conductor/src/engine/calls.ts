/** The leaves that are being run: starting their executables, taking what they answer. */
import type { FileAccess, NetworkAccess, NodeQuestion, Responder } from "@atomiton/nodes";
import { Redaction } from "../expressions/redaction.js";
import type { ErrorCode, ExecutionError } from "../types/errors.js";
import type { ConductorExecutionContext } from "../types/execution.js";
import type { LogLine } from "../types/execution-log.js";
import type { RetryRecord } from "../types/graph.js";
import type { TraceHeaders, TraceSpan } from "../types/tracing.js";
import { Activities } from "./activity.js";
import { backend } from "./backend.js";
import { type Asker, Call, ExecutableParams, type FlowRunner } from "./call.js";
import type { Constants } from "./constants.js";
import { EarlierAnswers } from "./earlier-answers.js";
import {
  type AnyExecutable,
  carriedApart,
  carriedParts,
  endsRun,
  isThenable,
  leftOverIn,
  type NodeExecutorFactory,
  routedHandles,
} from "./executables.js";
import { type FailureLocation, failure, retryAdvice, safelyThrown, simulatedFailure } from "./failure.js";
import { EventKind, NEVER } from "./generated.js";
import { fire, guardSignal } from "./guarded-signal.js";
import type { Log } from "./log.js";
import { LoopItems } from "./loop-items.js";
import { FIRST_ATTEMPT } from "./mailbox.js";
import { NodeExpressions, type RunTimes } from "./node-expressions.js";
import { keptLog, scopedLog } from "./node-log.js";
import { DEFAULT_HANDLE } from "./outline.js";
import type { Plan } from "./plan.js";
import { ProgressMessages } from "./progress-messages.js";
import type { Recorder } from "./recorder.js";
import { getErrorRecoveryStrategy } from "./recovery.js";
import type { RunRedact } from "./redact.js";
import { takeOrExecute } from "./reused-outputs.js";
import type { RunRequest } from "./run-request.js";
import { RunWarnings } from "./run-warnings.js";
import { Shown } from "./shown.js";
import { Sparse } from "./sparse.js";
import type { TaskSpans } from "./task-spans.js";
import type { Values } from "./values.js";

/** What an executable said of its progress. */
export interface ProgressReport {
  /** 0–100. */
  percent: number;
  message: string | undefined;
}

/** How a call of a node ended; `cached`: its output was taken from the cache. */
export type CallOutcome = "completed" | "failed" | "cancelled" | "cached";

/** Where answers go. */
export interface Answers extends RunTimes {
  /** Hands an event over, together with the others of this turn. */
  post(kind: number, attempt: number, task: number, argument: number): void;
  /** Hands an event over at once. */
  tell(kind: number, attempt: number, task: number, argument: number): void;
  /** When what happens now does, in ms since the epoch: of what is replayed, when it did. */
  happening(): number;
  /** A leaf is done: whether the next one was started without a word to the engine. */
  ranAhead(task: number): boolean;
}

type Parameters = Record<string, unknown>;

/** The leaves of one run that are being executed: starts their executables and takes their answers. */
export class Calls {
  /** What executables said of their progress, by task. */
  readonly reports = new Sparse<ProgressReport>();
  /** What they said meanwhile, once there was something. */
  messages: ProgressMessages | undefined;
  /** What they warned of, once one did. */
  warnings: RunWarnings | undefined;
  /** What happened to nodes beyond their states, once something did. */
  activities: Activities | undefined;
  /** Asks loops for their items. */
  readonly items: LoopItems;
  /** Takes answers of hosts before this one, and of other executions. */
  readonly earlier: EarlierAnswers;
  /** Calls that are not answered. */
  running = 0;
  /** The most attempts that a leaf took so far. */
  attempts = 1;
  /** By task; also those that failed, of which another try gets what they got. */
  readonly all: (Call | undefined)[] = [];
  private runOver: AbortController | undefined;
  private closed = false;
  readonly errors: Sparse<ExecutionError>;
  private readonly begun: Uint8Array;
  /** Missing for a flow without expressions. */
  private readonly expressions: NodeExpressions | undefined;
  /** Missing where nothing that nodes say has to be left out. */
  private readonly seen: Shown | undefined;

  constructor(
    readonly plan: Plan,
    readonly values: Values,
    private readonly request: RunRequest,
    private readonly tables: Constants,
    private readonly answers: Answers,
    readonly spans: TaskSpans | undefined,
  ) {
    this.begun = new Uint8Array(plan.length);
    this.errors = values.errors;
    values.onLost = (task, message) => this.warnOf(task, "lost-input", message);
    const { outline } = plan;
    if (outline.expressions !== undefined || request.secrets !== undefined) {
      const { secrets = new Redaction(), log, recorder } = request;
      this.seen = new Shown(secrets, log);
      if (outline.expressions !== undefined) {
        const isKept = recorder !== undefined;
        this.expressions = new NodeExpressions(plan, values, request.expressions, answers, secrets, isKept);
      }
    }
    this.items = new LoopItems(this, request, answers, this.expressions);
    this.earlier = new EarlierAnswers(this, request, answers, this.expressions);
  }

  /** Takes what happens to nodes beyond their states. */
  get activity(): Activities {
    this.activities ??= new Activities();
    return this.activities;
  }

  get keepsGoing(): boolean {
    return this.request.options.keepGoing;
  }

  get log(): Log {
    return this.seen?.log ?? this.request.log;
  }

  /** Where a call logs to, if that is another log than that of the run. */
  logOf(call: Call): Log | undefined {
    const { recorder, inLogScope } = this.request;
    const kept = recorder && keptLog(this.log, (level, text) => this.keepLine(call, level, text));
    // Messages of an isolated process arrive outside of the call's async context.
    return inLogScope === undefined ? kept : scopedLog(kept ?? this.log, (say) => this.inLogScope(call, say));
  }

  private inLogScope<T>(call: Call, work: () => T): T {
    const { inLogScope } = this.request;
    if (inLogScope === undefined) return work();
    const nodeId = this.plan.id(this.values.nodeOf(call.task));
    return inLogScope({ nodeId, trace: this.spans?.of(call).ids() }, work);
  }

  private keepLine(call: Call, level: LogLine["level"], text: string): void {
    const { executionId, attemptNumber: attempt } = call;
    const nodeId = this.plan.id(this.values.nodeOf(call.task));
    const line = { time: Math.round(this.answers.now()), nodeId, executionId, attempt, level, text: this.shown(text) };
    this.request.recorder?.log(call.task, line);
  }

  get executables(): NodeExecutorFactory | undefined {
    return this.request.executables;
  }

  get flows(): FlowRunner | undefined {
    return this.request.flows;
  }

  get asker(): Asker | undefined {
    const { seen } = this;
    const { asker } = this.request;
    if (seen === undefined || asker === undefined) return asker;
    return (call, question, ...others) => asker(call, seen.value(question) as NodeQuestion, ...others);
  }

  get responder(): Responder | undefined {
    return this.request.responder;
  }

  get recorder(): Recorder | undefined {
    return this.request.recorder;
  }

  get redact(): RunRedact | undefined {
    return this.request.redact;
  }

  /** Whether there are secrets, or something redacted, so far. */
  get knowsSecrets(): boolean {
    return this.seen?.isNeeded === true;
  }

  /** Whether the parameters of a node, by its place in the outline, are made of secrets. */
  readsSecrets(node: number): boolean {
    return this.expressions?.readsSecrets(node) === true;
  }

  get files(): FileAccess | undefined {
    return this.request.files;
  }

  get network(): NetworkAccess | undefined {
    return this.request.network;
  }

  get programs(): boolean | undefined {
    return this.request.programs;
  }

  /** The innermost span around a call; missing without tracing. */
  spanOf(call: Call): TraceSpan | undefined {
    return this.spans?.of(call);
  }

  /** What carries the trace on from a call; missing without tracing. */
  traceHeaders(call: Call): TraceHeaders | undefined {
    return this.spans?.of(call).headers();
  }

  /** Fires when the run is over. Made at its first use: few nodes keep something for the run. */
  get runEnd(): AbortSignal {
    if (this.runOver === undefined) {
      this.runOver = new AbortController();
      guardSignal(this.runOver.signal);
      if (this.closed) this.runOver.abort();
    }
    return this.runOver.signal;
  }

  /** The run is over. */
  close(): void {
    this.closed = true;
    if (this.runOver === undefined) return;
    fire(this.runOver, undefined, (error) => this.log.error("What a node kept for its run could not be let go", error));
  }

  /** Whether a node began, by its place in the outline. */
  hasBegun(node: number): boolean {
    return this.begun[node] === 1;
  }

  markBegun(task: number): void {
    this.begun[this.values.nodeOf(task)] = 1;
  }

  /** Notes that a leaf runs. */
  begin(task: number, attempt: number, attemptNumber: number): Call {
    const node = this.values.nodeOf(task);
    this.begun[node] = 1;
    const call = this.call(task, node, attempt, attemptNumber);
    if (this.request.history !== undefined) this.remember(call);
    if (attemptNumber > this.attempts) this.attempts = attemptNumber;
    if (attemptNumber > 1) this.activities?.tries(node, attemptNumber);
    this.track(call);
    if (this.reports.size > 0) this.reports.delete(task);
    return call;
  }

  /** Notes that a call waits for its answer. */
  track(call: Call): void {
    this.all[call.task] = call;
    this.running++;
  }

  /** Takes up how a try waited at hosts before: in this attempt, and in those that were lost with their hosts. */
  remember(call: Call): void {
    const before = this.all[call.task];
    const isSameTry = before?.over === true && before.attemptNumber === call.attemptNumber;
    const waits = this.request.history?.waits(call.task, call.attempt);
    const kept = new Map([...((isSameTry && before.kept) || []), ...(waits ?? [])]);
    if (kept.size > 0) call.kept = kept;
  }

  /** Calls that are not answered. */
  get open(): Call[] {
    return this.all.filter((call) => call?.over === false) as Call[];
  }

  /** Starts a call whose host left it at rest once more, as the same attempt. */
  startAgain(call: Call): void {
    if (call.over) return;
    if (call.known === undefined) return this.launch(call);
    this.giveUp(call);
    this.items.tell(call.task, call.attempt, call.known);
  }

  /** What was in flight is lost with the host that had it. */
  giveUpAll(): void {
    for (const call of this.all) if (call?.over === false) this.giveUp(call);
  }

  /** Waits for the answer of a call no longer. */
  giveUp(call: Call): void {
    call.over = true;
    this.running--;
  }

  /** Runs the executable of a leaf. */
  start(task: number, attempt: number, attemptNumber: number): void {
    this.launch(this.begin(task, attempt, attemptNumber));
  }

  private launch(call: Call): void {
    this.spans?.begin(call);
    const node = this.values.nodeOf(call.task);
    const definition = this.plan.node(node);
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
      if (this.expressions?.has(node) === true) return this.resolve(call, node, parameters as Parameters, executable);
      this.execute(call, executable, parameters);
    } catch (error) {
      this.failed(call, error);
    }
  }

  private execute(call: Call, executable: AnyExecutable, parameters: Parameters | undefined): void {
    const { simulate } = this.request;
    const { task } = call;
    const simulated = simulate?.(
      this.plan.id(this.values.nodeOf(task)),
      () => call.signal,
      (ms, fails) => this.sayWait(task, ms, fails),
    );
    if (simulated === undefined) return this.executeNow(call, executable, parameters);
    simulated
      .then(() => {
        if (!call.over) this.executeNow(call, executable, parameters);
      })
      .catch((error) => this.failed(call, error));
  }

  private executeNow(call: Call, executable: AnyExecutable, parameters: Parameters | undefined): void {
    const isSeen = this.spans !== undefined || this.request.inLogScope !== undefined;
    const result = isSeen
      ? this.carryOutSeen(call, executable, parameters)
      : this.carryOut(call, executable, parameters);
    if (isThenable(result)) this.await(call, result);
    else this.answered(call, result);
  }

  private carryOut(call: Call, executable: AnyExecutable, parameters: Parameters | undefined): unknown {
    const { recorder } = this.request;
    if (recorder?.isUnproven !== true) return this.carryOutNow(call, executable, parameters);
    return recorder.persist().then(() => (call.over ? undefined : this.carryOutNow(call, executable, parameters)));
  }

  private carryOutNow(call: Call, executable: AnyExecutable, parameters: Parameters | undefined): unknown {
    const { reuse } = this.request;
    if (reuse === undefined) return executable.execute(new ExecutableParams(call, parameters));
    return takeOrExecute(this, reuse, call, this.values.nodeOf(call.task), executable, parameters);
  }

  /** Carries a leaf out as what is active, and what is logged about. */
  private carryOutSeen(call: Call, executable: AnyExecutable, parameters: Parameters | undefined): unknown {
    const carryOut = () => this.carryOut(call, executable, parameters);
    return this.inLogScope(call, () => {
      const span = this.spanOf(call);
      return span === undefined ? carryOut() : span.active(carryOut);
    });
  }

  /** Executes with what expressions gave. */
  private resolve(call: Call, node: number, parameters: Parameters, executable: AnyExecutable): void {
    const resolved = (this.expressions as NodeExpressions).resolve(call, node, parameters);
    if (!(resolved instanceof Promise)) return this.execute(call, executable, resolved);
    resolved
      .then((values) => {
        if (!call.over) this.execute(call, executable, values);
      })
      .catch((error) => this.failed(call, error));
  }

  reportProgress(call: Call, percent: number, message: string | undefined): void {
    if (call.over) return;
    const bounded = Math.min(Math.max(Number(percent) || 0, 0), 100);
    const before = this.reports.get(call.task)?.message;
    const text = message === undefined ? before : this.shown(String(message));
    this.reports.set(call.task, { percent: bounded, message: text });
    if (call.task < this.plan.length) {
      this.messages ??= new ProgressMessages();
      this.messages.add(text === before ? undefined : text);
    }
    if (this.request.recorder !== undefined && text !== undefined && text !== before) {
      this.keepLine(call, "progress", text);
    }
    this.answers.tell(EventKind.progress, call.attempt, call.task, Math.round(bounded));
  }

  warn(call: Call, rule: string, message: string): void {
    if (call.over) return;
    this.warnOf(call.task, rule, message);
    call.told?.push({ rule, message: this.shown(message) });
    this.request.recorder?.warning(call.task, rule, this.shown(message));
  }

  /** Warns of a node. `round`: in which rounds of loops it came, in words. */
  warnOf(task: number, rule: string, message: string, round?: string): void {
    this.warnings ??= new RunWarnings();
    this.warnings.add(this.plan.id(this.values.nodeOf(task)), rule, this.shown(message), round);
  }

  /** Text of an executable without secrets. */
  shown(text: string): string {
    return this.seen === undefined ? text : this.seen.text(String(text));
  }

  /** Warns of paths in `redact` at which no output had anything. */
  warnUnmatched(): void {
    for (const { node, message } of this.redact?.unmatched(this.plan) ?? []) {
      this.warnOf(node, "unmatched-redact", message);
      this.request.recorder?.warning(node, "unmatched-redact", message);
    }
  }

  /** Tries that failed and were followed by others, if there were any. */
  get retries(): RetryRecord[] | undefined {
    const { retries = [] } = this.activities ?? {};
    return retries.length === 0 ? undefined : retries;
  }

  /** A round of a loop begins (1), or is done (-1). */
  round(task: number, by: 1 | -1): void {
    this.activities?.round(this.values.nodeOf(task), by);
  }

  /** How many tries a node may take, if a failure of this code is worth another; 1 when it is not. */
  private mostTries(node: number, code: ErrorCode): number {
    if (getErrorRecoveryStrategy(code)?.retryable !== true) return 1;
    return 1 + (this.plan.retries(node) ?? this.request.options.retries);
  }

  /** Notes that a try failed, if another one follows. `least`: the shortest backoff in ms that the failure asks for. */
  noteRetry(task: number, number: number, error: ExecutionError, least: number): void {
    const node = this.values.nodeOf(task);
    const of = this.mostTries(node, error.code);
    if (number >= of) return;
    const { retryDelay, jitter, seed } = this.request.options;
    const base = this.plan.retryDelay(node) ?? retryDelay;
    const backoff = backend().backoff(base, number, seed, task, this.plan.retryJitter(node) ?? jitter);
    const delay = Math.max(backoff, least);
    const now = this.answers.happening();
    const attempts = { number, of, error: error.message, retryAt: Math.round(now + delay) };
    const { executionId } = this.all[task] ?? this.request.context;
    this.activity.willRetry(node, this.plan.id(node), executionId, attempts, now);
    if (task < this.plan.length) this.request.onRetry?.(node);
  }

  /** Stops every call; nothing will be asked of them any more. */
  abortAll(message: string): void {
    for (const call of this.all) call?.abort(new DOMException(message, "AbortError"));
  }

  /** Whether the flow does something about the failure of a node. */
  errorsHandled(call: Call): boolean {
    const node = this.values.nodeOf(call.task);
    return this.plan.handlesErrors(node);
  }

  /** How often the groups around a call began again. */
  repeatsAround(call: Call): number {
    return this.values.repeatsAround(call.task);
  }

  /** The deadline of one try at a node in ms; 0 for none. */
  timeLimit(call: Call): number {
    return this.plan.timeout(this.values.nodeOf(call.task));
  }

  /** Forgets tasks whose numbers are used again. `isReset`: what they gave does not count any more. */
  forget(from: number, to: number, isReset = false): void {
    this.earlier.incomplete?.forget(from, to, isReset);
    this.spans?.forget(from, to);
    for (let task = from; task < to; task++) {
      this.all[task] = undefined;
      this.reports.delete(task);
    }
  }

  /** Says that a simulation holds a node up. */
  sayWait(task: number, ms: number, fails: boolean): void {
    const id = this.plan.id(this.values.nodeOf(task));
    this.log.debug(
      fails
        ? `[DEBUG] Waiting ${ms}ms before throwing error on node '${id}'`
        : `[DEBUG] Adding ${ms}ms delay to node '${id}'`,
    );
  }

  /** Where something went wrong. */
  placeOf(task: number): FailureLocation {
    return { nodeId: this.plan.id(this.values.nodeOf(task)), executionId: this.request.context.executionId };
  }

  /** What the error of a task's deadline says; without a task, that of the run's. */
  timeoutMessage(task?: number): string {
    const own = task === undefined ? 0 : this.plan.timeout(this.values.nodeOf(task));
    return `Execution timed out after ${own || this.request.options.timeout}ms`;
  }

  private await(call: Call, result: PromiseLike<unknown>): void {
    Promise.resolve(result).then(
      (value) => this.answered(call, value),
      (error) => this.failed(call, error),
    );
  }

  /** `inherited`: the number of the answer, where it was taken over from another execution. */
  answered(call: Call, value: unknown, inherited?: number): void {
    if (call.over) return;
    const { attempt } = call;
    let handles: readonly string[] | undefined;
    let ends = false;
    let isSplit = false;
    let leftOver = 0;
    try {
      handles = routedHandles(value);
      if (handles !== undefined) {
        isSplit = carriedApart(value) !== undefined;
        if (isSplit) this.values.hasCarried = true;
        ends = endsRun(value);
        leftOver = leftOverIn(value);
      }
    } catch {
      handles = undefined;
    }
    const { recorder, redact } = this.request;
    try {
      redact?.noteOutput(this.values.nodeOf(call.task), carriedParts(value));
      if (inherited !== undefined) recorder?.inherited(call.task, attempt, inherited);
      else recorder?.output(call.task, attempt, value, call.isReused === true);
    } catch (error) {
      // Of what cannot be looked into nothing is known: neither whether it may be shown, nor how to keep it.
      return this.failed(call, error);
    }
    if (inherited === undefined) this.count(call, call.isReused ? "cached" : "completed");
    if (leftOver > 0) this.warnOfLeftOver(call.task, leftOver, isSplit);
    this.keepOutput(call, value);
    if (handles === undefined) {
      if (attempt === FIRST_ATTEMPT && this.answers.ranAhead(call.task)) return;
      this.answers.post(EventKind.done, attempt, call.task, 0);
      return;
    }
    if (ends) return this.answers.post(EventKind.end, attempt, call.task, 0);
    for (const handle of handles) {
      const name = this.plan.nameNumber(handle);
      if (name > 0) this.answers.post(EventKind.route, attempt, call.task, name);
      // By which edges leave that name no handle.
      if (handle === DEFAULT_HANDLE) this.answers.post(EventKind.route, attempt, call.task, 0);
    }
    this.answers.post(EventKind.done, attempt, call.task, 1);
  }

  /** Warns of what fits no case where it goes nowhere. `count`: how many things, one where the whole does not. */
  private warnOfLeftOver(task: number, count: number, isSplit: boolean): void {
    if (!this.plan.losesDefault(this.values.nodeOf(task))) return;
    // Warnings of rounds are told as one where their words are the same.
    const items = task >= this.plan.length ? "Items fit" : count === 1 ? "1 item fits" : `${count} items fit`;
    const what = isSplit ? items : "What came in fits";
    const message = `${what} no case, and no edge leaves by \`default\`, so that nothing comes of it. Let an edge lead to what is to happen then, or set \`fallback\` to "fail", or to "ignore" where it may be left out`;
    this.warnOf(task, "unconnected-default", message);
    this.request.recorder?.warning(task, "unconnected-default", message);
  }

  keepOutput(call: Call, value: unknown): void {
    this.end(call);
    // What an earlier attempt failed with is past.
    if (this.errors.size > 0) this.errors.delete(call.task);
    this.values.keep(call.task, value);
  }

  end(call: Call): void {
    this.settle(call);
    this.all[call.task] = undefined;
  }

  /** A call is answered; kept, so that another try gets what it got. */
  settle(call: Call, error?: ExecutionError): void {
    this.spans?.end(call, error);
    this.giveUp(call);
  }

  private failed(call: Call, error: unknown): void {
    if (call.over) return;
    const advice = retryAdvice(error);
    if (advice !== undefined) {
      const delay = advice === false ? NEVER : advice;
      this.answers.post(EventKind.advice, call.attempt, call.task, delay);
    }
    const found = this.errorOf(error, call.task);
    if (advice !== false) this.noteRetry(call.task, call.attemptNumber, found, advice ?? 0);
    else found.recovery = { ...found.recovery, retryable: false };
    this.fail(call, found, advice);
  }

  errorOf(error: unknown, task: number): ExecutionError {
    const found = safelyThrown(error, this.placeOf(task));
    return this.seen === undefined ? found : this.seen.error(found);
  }

  private refuse(call: Call, code: ErrorCode, message: string): void {
    this.fail(call, failure(code, message, this.placeOf(call.task)));
  }

  private fail(call: Call, error: ExecutionError, advice?: false | number): void {
    this.settle(call, error);
    this.count(call, "failed");
    this.errors.set(call.task, this.withRounds(call.task, error));
    this.request.recorder?.error(call.task, call.attempt, error, advice);
    this.answers.post(EventKind.failed, call.attempt, call.task, this.numberOf(error.code));
  }

  private count({ task }: Call, outcome: CallOutcome): void {
    this.request.countCall?.(this.plan.node(this.values.nodeOf(task)).type, outcome);
  }

  /** The engine ends an attempt: its signal fires, its error is kept. */
  abort(task: number, codeNumber: number): void {
    const code = this.tables.codes[codeNumber] ?? "INTERNAL_ERROR";
    const call = this.all[task];
    const place = this.placeOf(task);
    this.markBegun(task);
    if (code === "EXECUTION_FAILED") {
      const { debug } = this.request.context;
      this.errors.set(task, simulatedFailure(typeof debug === "object" ? debug?.simulateError : undefined, place));
      return;
    }
    const error = failure(code, code === "TIMEOUT" ? this.timeoutMessage(task) : "Execution cancelled", place);
    if (code === "TIMEOUT") {
      if (call !== undefined) this.noteRetry(task, call.attemptNumber, error, 0);
      this.withRounds(task, error);
    } else {
      this.activity.cancel(this.values.nodeOf(task));
    }
    if (!this.errors.has(task) || code === "TIMEOUT") this.errors.set(task, error);
    const name = code === "TIMEOUT" ? "TimeoutError" : "AbortError";
    if (call === undefined || call.over) return;
    this.spans?.end(call, error);
    this.count(call, code === "TIMEOUT" ? "failed" : "cancelled");
    this.running--;
    call.abort(new DOMException(error.message, name));
  }

  /** Says in an error in which rounds of which loops it happened, the outermost first. */
  private withRounds(task: number, error: ExecutionError): ExecutionError {
    if (task >= this.plan.length) {
      const rounds = this.values.roundsOf(task).map((round) => ({ ...round, item: this.shown(round.item) }));
      if (rounds.length > 0) error.context = { ...error.context, rounds };
    }
    return error;
  }

  numberOf(code: ErrorCode): number {
    return this.tables.numbers.get(code) ?? 0;
  }

  /** A call of a leaf; a retry gets what the first try got. */
  private call(task: number, node: number, attempt: number, attemptNumber: number): Call {
    const { context } = this.request;
    if (task === 0) return this.callIn(context, task, attempt, attemptNumber);
    const before = this.all[task];
    const id = this.plan.id(node);
    if (before !== undefined) {
      const { executionId, input, parentContext } = before;
      return new Call(this, task, id, executionId, input, parentContext, context, attempt, attemptNumber);
    }
    const parent = this.values.enclosingContext(task, node);
    const executionId = `${parent.own.executionId}/${id}`;
    const input = this.values.inputOf(task, node, parent);
    return new Call(this, task, id, executionId, input, parent.shown, context, attempt, attemptNumber);
  }

  callIn(of: ConductorExecutionContext, task: number, attempt: number, attemptNumber: number): Call {
    const { nodeId, executionId, input, parentContext } = of;
    const { context } = this.request;
    return new Call(this, task, nodeId, executionId, input, parentContext, context, attempt, attemptNumber);
  }
}
