/** The leaves that are being run: starting their executables, taking what they answer. */
import type { FileAccess, NetworkAccess, NodeQuestion, Responder } from "@atomiton/nodes";
import { Redaction } from "../expressions/redaction.js";
import type { ErrorCode, ExecutionError } from "../types/errors.js";
import type { ConductorExecutionContext } from "../types/execution.js";
import type { LogLine } from "../types/execution-log.js";
import type { RetryRecord } from "../types/graph.js";
import type { TraceHeaders, TraceSpan } from "../types/tracing.js";
import { Activities } from "./activity.js";
import { type Asker, Call, ExecutableParams, type FlowRunner } from "./call.js";
import type { Constants } from "./constants.js";
import type { RunRequest } from "./driver.js";
import {
  type AnyExecutable,
  carriedApart,
  carriedParts,
  endsRun,
  isThenable,
  type NodeExecutorFactory,
  routedHandles,
} from "./executables.js";
import { failure, type Place, retryAdvice, safelyThrown, simulatedFailure } from "./failure.js";
import { fire, guardSignal } from "./guarded-signal.js";
import { IncompleteAnswers } from "./incomplete-answers.js";
import { type Items, itemsOf, toItems } from "./items.js";
import type { LeftOut } from "./left-out.js";
import type { Log } from "./log.js";
import { EventKind, FIRST_ATTEMPT, NEVER } from "./mailbox.js";
import { NodeExpressions, type RunTimes } from "./node-expressions.js";
import { keptLog, scopedLog } from "./node-log.js";
import { DEFAULT_HANDLE } from "./outline.js";
import type { Plan } from "./plan.js";
import { ProgressMessages } from "./progress-messages.js";
import type { Answer, InheritedAnswer, KnownItems, Recorder } from "./recorder.js";
import { getErrorRecoveryStrategy } from "./recovery.js";
import type { RunRedact } from "./redact.js";
import { takeOrExecute } from "./reused-outputs.js";
import { RunWarnings } from "./run-warnings.js";
import { Shown } from "./shown.js";
import { Sparse } from "./sparse.js";
import type { TaskSpans } from "./task-spans.js";
import type { Values } from "./values.js";

const LOOP_WITHOUT_ITEMS =
  "The loop found nothing to loop over, and ran its nodes once: give it an array over an edge (to the handle `default`, " +
  "`items` or `array`) or as parameter `array`, or a `count`";

const COUNTED_LOOP =
  "No list came to the loop, which ran its nodes `count` times instead: give it an array over an edge or as parameter `array`, or take " +
  "`loopType: forEach` away";

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
  /** Answers of a host before this one of which parts are left out, once there was one. */
  incomplete: IncompleteAnswers | undefined;
  /** Calls that are not answered. */
  running = 0;
  /** The most attempts that a leaf took so far. */
  attempts = 1;
  private readonly calls: (Call | undefined)[] = [];
  /** What loops whose items come bit by bit were first asked with, by task. */
  private readonly loops = new Sparse<{ parameters: Parameters; names: Call["names"] | undefined }>();
  private runOver: AbortController | undefined;
  private closed = false;
  private readonly errors: Sparse<ExecutionError>;
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
    private readonly spans: TaskSpans | undefined,
  ) {
    this.begun = new Uint8Array(plan.length);
    this.errors = values.errors;
    values.onLost = (task, message) => this.warnOf(task, "lost-input", message);
    const { outline } = plan;
    if (outline.expressions === undefined && request.secrets === undefined) return;
    const { secrets = new Redaction(), log, recorder } = request;
    this.seen = new Shown(secrets, log);
    if (outline.expressions !== undefined) {
      const isKept = recorder !== undefined;
      this.expressions = new NodeExpressions(plan, values, request.expressions, answers, secrets, isKept);
    }
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
    this.calls[task] = call;
    this.running++;
    if (this.reports.size > 0) this.reports.delete(task);
    return call;
  }

  /** Notes that the items of a scope are asked for. */
  beginItems(task: number, attempt: number, known: number): Call {
    this.markBegun(task);
    const call = this.callOf(this.values.scopeContext(task).own, task, attempt, 1);
    call.known = known;
    this.remember(call);
    this.calls[task] = call;
    this.running++;
    return call;
  }

  /** Takes up how a try waited at hosts before: in this attempt, and in those that were lost with their hosts. */
  private remember(call: Call): void {
    const before = this.calls[call.task];
    const isSameTry = before?.over === true && before.attemptNumber === call.attemptNumber;
    const waits = this.request.history?.waits(call.task, call.attempt);
    const kept = new Map([...((isSameTry && before.kept) || []), ...(waits ?? [])]);
    if (kept.size > 0) call.kept = kept;
  }

  /** Calls that are not answered. */
  get open(): Call[] {
    return this.calls.filter((call) => call?.over === false) as Call[];
  }

  /** Starts a call whose host left it at rest once more, as the same attempt. */
  startAgain(call: Call): void {
    if (call.over) return;
    if (call.known === undefined) return this.launch(call);
    call.over = true;
    this.running--;
    this.tellItems(call.task, call.attempt, call.known);
  }

  /** Takes an answer that a host before this one was given; false for one that came too late. */
  answerAgain(task: number, attempt: number, answer: Answer): boolean {
    const call = this.calls[task];
    if (call === undefined || call.over || call.attempt !== attempt) return false;
    const isInRound = task >= this.plan.length;
    if (!isInRound) this.incomplete?.supersede(task);
    switch (answer.kind) {
      case "output":
        if (routedHandles(answer.value) !== undefined && carriedApart(answer.value) !== undefined) {
          this.values.hasCarried = true;
        }
        if (answer.isReused && !answer.inherited) this.activity.reuse(this.values.nodeOf(task));
        this.redact?.noteOutput(this.values.nodeOf(task), carriedParts(answer.value));
        this.keepOutput(call, this.standIn(call, answer.value, answer.redacted, false));
        if (isInRound) this.incomplete?.noteAnswered(task);
        return true;
      case "error":
        if (answer.advice !== false && !answer.inherited) {
          this.noteRetry(task, call.attemptNumber, answer.error, answer.advice ?? 0);
        }
        this.end(call);
        this.errors.set(task, answer.inherited ? this.ownError(answer.error) : answer.error);
        // A further try gets what this one got.
        this.calls[task] = call;
        return true;
      case "items":
        this.standIn(call, answer.items, answer.redacted, true);
        this.keepItems(task, answer.items);
        this.end(call);
        return true;
    }
  }

  /** Answers a leaf, or the question for items, with what it was answered in another execution. */
  inherit(task: number, attempt: number, attemptNumber: number, { number, answer, variables }: InheritedAnswer): void {
    if (variables !== undefined) {
      const own = this.request.context.variables;
      Object.assign(own, variables.set);
      for (const name of variables.removed) delete own[name];
    }
    if (answer.kind === "items") {
      const call = this.beginItems(task, attempt, answer.items.known);
      return this.takeItems(task, attempt, answer.items.known, answer.items, call, number);
    }
    const call = this.begin(task, attempt, attemptNumber);
    if (answer.kind === "output") {
      const { value, redacted = [] } = answer;
      if (redacted.length > 0) this.warnOfMissing(task, redacted);
      return this.answered(call, value, number);
    }
    // It has failed for good.
    this.answers.post(EventKind.advice, attempt, task, NEVER);
    call.over = true;
    this.running--;
    this.errors.set(task, this.ownError(answer.error));
    this.spans?.inherited(task);
    this.request.recorder?.inherited(task, attempt, number);
    this.answers.post(EventKind.failed, attempt, task, this.numberOf(answer.error.code));
  }

  /** Notes whether an answer of a task was taken over from another execution. */
  noteAnswer(task: number, isInherited: boolean): void {
    this.activity.answer(this.values.nodeOf(task), isInherited);
  }

  /** An error of another execution, as one of this. */
  private ownError(error: ExecutionError): ExecutionError {
    return { ...error, executionId: this.request.context.executionId };
  }

  /** An answer of a host before this one, or what stands in for it where parts of it are left out. */
  private standIn(call: Call, kept: unknown, paths: readonly string[] = [], isItems: boolean): unknown {
    if (paths.length === 0) return kept;
    this.incomplete ??= new IncompleteAnswers(this.values, this.calls, (...missing) => this.warnOfMissing(...missing));
    return this.incomplete.add(call, kept, paths, isItems);
  }

  private warnOfMissing(task: number, paths: readonly string[]): void {
    const parts = paths.map((path) => (path === "" ? "the whole of it" : `\`${path}\``)).join(", ");
    this.warnOf(task, "redacted-value", `Of its output, ${parts} was not kept: the result has \`[redacted]\` there`);
  }

  /** Runs a node once more for what its answer lacks, as it was called before. Rejects with an `ExecutionError`. */
  async runAgain({ node, value: kept, call: before }: LeftOut): Promise<unknown> {
    const { task, nodeId, executionId, input, parentContext, run, attempt, attemptNumber } = before;
    const call = new Call(this, task, nodeId, executionId, input, parentContext, run, attempt, attemptNumber);
    // What it says was said before.
    call.over = true;
    this.runEnd.addEventListener("abort", () => call.abort(new DOMException("The run is over", "AbortError")));
    const { type, parameters } = this.plan.node(node);
    try {
      const executable = this.request.executables?.getNodeExecutable(type);
      if (executable == null) throw new Error(`No implementation found for node type: ${type}`);
      const resolved = await (this.expressions?.has(node) === true
        ? this.expressions.resolve(call, node, parameters as Parameters)
        : parameters);
      const made = await executable.execute(new ExecutableParams(call, resolved));
      if (String(routedHandles(made)) !== String(routedHandles(kept)) && routedHandles(kept) !== undefined) {
        throw new Error("its output takes another way than the one that was recorded");
      }
      this.redact?.noteOutput(node, carriedParts(made));
      this.request.recorder?.output(task, attempt, made, false);
      return made;
    } catch (error) {
      throw this.errorOf(error, task);
    }
  }

  /** What was in flight is lost with the host that had it. */
  giveUpAll(): void {
    for (const call of this.calls) {
      if (call === undefined || call.over) continue;
      call.over = true;
      this.running--;
    }
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

  /** Notes that a try failed, if another one follows. `least`: the shortest backoff in ms. */
  private noteRetry(task: number, number: number, error: ExecutionError, least: number): void {
    const node = this.values.nodeOf(task);
    const of = this.mostTries(node, error.code);
    if (number >= of) return;
    const { retryDelay } = this.request.options;
    const delay = Math.max((this.plan.retryDelay(node) ?? retryDelay) * 2 ** Math.min(number - 1, 30), least);
    const now = Date.now();
    const attempts = { number, of, error: error.message, retryAt: Math.round(now + delay) };
    const { executionId } = this.calls[task] ?? this.request.context;
    this.activity.willRetry(node, this.plan.id(node), executionId, attempts, now);
    if (task < this.plan.length) this.request.onRetry?.(node);
  }

  /** Stops every call; nothing will be asked of them any more. */
  abortAll(message: string): void {
    for (const call of this.calls) call?.abort(new DOMException(message, "AbortError"));
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
    this.incomplete?.forget(from, to, isReset);
    this.spans?.forget(from, to);
    for (let task = from; task < to; task++) {
      this.calls[task] = undefined;
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

  /** Tells how many items a scope has. */
  tellItems(task: number, attempt: number, known: number): void {
    this.markBegun(task);
    const index = this.values.nodeOf(task);
    const node = this.plan.node(index);
    const context = this.values.scopeContext(task).own;
    let call: Call | undefined;
    const list = (parameters: Parameters | undefined) => (most?: number) =>
      itemsOf(
        parameters === node.parameters ? node : { ...node, parameters: parameters ?? {} },
        context.input,
        known,
        most,
      );
    const take = (answer: unknown) => {
      if (call?.over) return;
      this.takeItems(task, attempt, known, toItems(answer), call);
    };
    const fail = (error: unknown) => {
      if (call?.over) return;
      if (call !== undefined) this.end(call);
      const found = this.errorOf(error, task);
      this.errors.set(task, found);
      this.request.recorder?.error(task, attempt, found, undefined);
      this.answers.post(EventKind.failed, attempt, task, this.numberOf(found.code));
    };
    try {
      const executable = this.request.executables?.getNodeExecutable(node.type);
      const hasExpressions = this.expressions?.has(index) === true;
      const tells = typeof executable?.items === "function";
      if (!tells && !hasExpressions) {
        return this.takeItems(task, attempt, known, list(node.parameters)(), undefined);
      }
      // Kept, so that it can be stopped like that of a leaf.
      call = this.callOf(context, task, attempt, 1);
      if (this.request.history !== undefined) this.remember(call);
      this.calls[task] = call;
      this.running++;
      const ask = (parameters: Parameters | undefined) => {
        const listed = list(parameters);
        if (!tells) return listed();
        const rounds = { results: this.values.resultsOf(task), list: listed };
        return executable.items?.(new ExecutableParams(call as Call, parameters), known, rounds);
      };
      const answer = hasExpressions ? this.askResolved(call, task, index, known, ask) : ask(node.parameters);
      if (isThenable(answer)) Promise.resolve(answer).then(take).catch(fail);
      else take(answer);
    } catch (error) {
      fail(error);
    }
  }

  /** Asks for items with what expressions gave when the first ones were asked for. */
  private askResolved(
    call: Call,
    task: number,
    index: number,
    known: number,
    ask: (parameters: Parameters) => unknown,
  ): unknown {
    const before = known === 0 ? undefined : this.loops.get(task);
    if (before !== undefined) {
      if (before.names !== undefined) call.names = before.names;
      return ask(before.parameters);
    }
    const expressions = this.expressions as NodeExpressions;
    const node = this.plan.node(index);
    const begin = (parameters: Parameters) => {
      expressions.checkItems(index, node, parameters);
      this.loops.set(task, { parameters, names: call.names });
      return ask(parameters);
    };
    const resolved = expressions.resolve(call, index, node.parameters as Parameters);
    return resolved instanceof Promise ? resolved.then(begin) : begin(resolved);
  }

  /** `inherited`: the number of the answer, where it was taken over from another execution. */
  private takeItems(
    task: number,
    attempt: number,
    known: number,
    found: Items,
    call: Call | undefined,
    inherited?: number,
  ): void {
    const items = { ...found, known };
    this.redact?.note(this.values.nodeOf(task), found.items, false);
    if (inherited === undefined) this.request.recorder?.items(task, attempt, items);
    else this.request.recorder?.inherited(task, attempt, inherited);
    const count = this.keepItems(task, items);
    if (found.counted && known === 0) this.warnOf(task, "loop-without-items", COUNTED_LOOP);
    if (call !== undefined) this.end(call);
    this.answers.post(found.more ? EventKind.itemsOpenEnded : EventKind.items, attempt, task, count);
  }

  /** Keeps the items of a scope; returns how many are known in all. */
  private keepItems(task: number, found: KnownItems): number {
    const { items, more, known, once = false, total = more ? undefined : known + items.length } = found;
    const count = this.values.addItems(task, known, found);
    if (!once) {
      this.activity.knowsRounds(this.values.nodeOf(task), total, known);
    }
    if (once) this.warnOf(task, "loop-without-items", LOOP_WITHOUT_ITEMS);
    return count;
  }

  /** Where something went wrong. */
  placeOf(task: number): Place {
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
  private answered(call: Call, value: unknown, inherited?: number): void {
    if (call.over) return;
    const { attempt } = call;
    let handles: readonly string[] | undefined;
    let ends = false;
    try {
      handles = routedHandles(value);
      if (handles !== undefined) {
        if (carriedApart(value) !== undefined) this.values.hasCarried = true;
        ends = endsRun(value);
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

  private keepOutput(call: Call, value: unknown): void {
    this.end(call);
    // What an earlier attempt failed with is past.
    if (this.errors.size > 0) this.errors.delete(call.task);
    this.values.keep(call.task, value);
  }

  private end(call: Call): void {
    this.spans?.end(call);
    call.over = true;
    this.running--;
    this.calls[call.task] = undefined;
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

  private errorOf(error: unknown, task: number): ExecutionError {
    const found = safelyThrown(error, this.placeOf(task));
    return this.seen === undefined ? found : this.seen.error(found);
  }

  private refuse(call: Call, code: ErrorCode, message: string): void {
    this.fail(call, failure(code, message, this.placeOf(call.task)));
  }

  private fail(call: Call, error: ExecutionError, advice?: false | number): void {
    this.spans?.end(call, error);
    this.count(call, "failed");
    call.over = true;
    this.running--;
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
    const call = this.calls[task];
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

  private numberOf(code: ErrorCode): number {
    return this.tables.numbers.get(code) ?? 0;
  }

  /** A call of a leaf; a retry gets what the first try got. */
  private call(task: number, node: number, attempt: number, attemptNumber: number): Call {
    const { context } = this.request;
    if (task === 0) return this.callOf(context, task, attempt, attemptNumber);
    const before = this.calls[task];
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

  private callOf(of: ConductorExecutionContext, task: number, attempt: number, attemptNumber: number): Call {
    const { nodeId, executionId, input, parentContext } = of;
    const { context } = this.request;
    return new Call(this, task, nodeId, executionId, input, parentContext, context, attempt, attemptNumber);
  }
}
