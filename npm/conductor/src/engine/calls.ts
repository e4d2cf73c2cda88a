/** The leaves that are being run: starting their executables, taking what they answer. */
import type { FileAccess, NetworkAccess, NodeQuestion } from "@atomiton/nodes";
import { Redaction } from "../expressions/redaction.js";
import type { ErrorCode, ExecutionError } from "../types/errors.js";
import type { ConductorExecutionContext } from "../types/execution.js";
import type { LogLine } from "../types/execution-log.js";
import type { RetryRecord } from "../types/graph.js";
import { Activities } from "./activity.js";
import { type Asker, Call, ExecutableParams, type FlowRunner } from "./call.js";
import type { Constants } from "./constants.js";
import type { RunRequest } from "./driver.js";
import { type AnyExecutable, carriedApart, endsRun, isThenable, routedHandles } from "./executables.js";
import { failure, type Place, retryAdvice, safelyThrown, simulatedFailure } from "./failure.js";
import type { Round } from "./frames.js";
import { fire, guardSignal } from "./guarded-signal.js";
import { type Items, itemsOf, toItems } from "./items.js";
import type { LeftOut } from "./left-out.js";
import type { Log } from "./log.js";
import { EventKind, FIRST_ATTEMPT, NEVER } from "./mailbox.js";
import { NodeExpressions, type RunTimes } from "./node-expressions.js";
import { keptLog } from "./node-log.js";
import { DEFAULT_HANDLE, Section } from "./outline.js";
import type { Plan } from "./plan.js";
import { ProgressMessages } from "./progress-messages.js";
import type { Answer, InheritedAnswer, KnownItems, Recorder } from "./recorder.js";
import { getErrorRecoveryStrategy } from "./recovery.js";
import type { OutputReuse, ReusedOutput } from "./reuse.js";
import { RunWarnings } from "./run-warnings.js";
import { Shown } from "./shown.js";
import { Sparse } from "./sparse.js";
import { replaceIn, type Values } from "./values.js";

const LOOP_WITHOUT_ITEMS =
  "The loop found nothing to loop over, and ran its nodes once: give it an array over an edge (to the handle `default`, " +
  "`items` or `array`) or as parameter `array`, or a `count`";

const NOTHING_LEFT_OUT: readonly LeftOut[] = Object.freeze([]);

/** Nodes that a message lists. */
const MOST_LOST = 5;

/** What an executable said of its progress. */
export interface ProgressReport {
  /** 0–100. */
  percent: number;
  message: string | undefined;
}

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
  /** Calls that are not answered. */
  running = 0;
  /** The most attempts that a leaf took so far. */
  attempts = 1;
  private readonly calls: (Call | undefined)[] = [];
  /** What loops whose items come bit by bit were first asked with, by task. */
  private readonly loops = new Sparse<{ parameters: Parameters; names: Call["names"] | undefined }>();
  /** Answers of a host before this one that were kept without some of their parts. */
  leftOut: readonly LeftOut[] = NOTHING_LEFT_OUT;
  /** Tasks of rounds that are not over that gave their outputs at a host before this one, once something is in `leftOut`. */
  private answeredBefore: Set<number> | undefined;
  private runOver: AbortController | undefined;
  private closed = false;
  private readonly errors: Sparse<ExecutionError>;
  private readonly begun: Uint8Array;
  /** Missing for a flow without expressions. */
  private readonly expressions: NodeExpressions | undefined;
  /** Missing where nothing that nodes say has to be left out. */
  private readonly seen: Shown | undefined;

  constructor(
    private readonly plan: Plan,
    private readonly values: Values,
    private readonly request: RunRequest,
    private readonly tables: Constants,
    private readonly answers: Answers,
  ) {
    this.begun = new Uint8Array(plan.length);
    this.errors = values.errors;
    values.onLost = (task, handle, used, lost) => this.tellLost(task, handle, used, lost);
    const { outline } = plan;
    if (outline.expressions === undefined && request.secrets === undefined) return;
    const { secrets = new Redaction(), log, recorder } = request;
    this.seen = new Shown(secrets, log);
    if (outline.expressions !== undefined) {
      const isKept = recorder !== undefined;
      this.expressions = new NodeExpressions(plan, values, request.expressions, answers, secrets, isKept);
    }
  }

  get log(): Log {
    return this.seen?.log ?? this.request.log;
  }

  /** Where a call logs to, if what it says is kept. */
  logOf(call: Call): Log | undefined {
    if (this.request.recorder === undefined) return undefined;
    return keptLog(this.log, (level, text) => this.keepLine(call, level, text));
  }

  private keepLine(call: Call, level: LogLine["level"], text: string): void {
    const { executionId, attemptNumber: attempt } = call;
    const nodeId = this.plan.id(this.values.nodeOf(call.task));
    const line = { time: Math.round(this.answers.now()), nodeId, executionId, attempt, level, text: this.shown(text) };
    this.request.recorder?.log(call.task, line);
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

  get recorder(): Recorder | undefined {
    return this.request.recorder;
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
    if (this.leftOut.length > 0 && task < this.plan.length) {
      this.leftOut = this.leftOut.filter((other) => other.task !== task);
    }
    switch (answer.kind) {
      case "output":
        if (routedHandles(answer.value) !== undefined && carriedApart(answer.value) !== undefined) {
          this.values.hasCarried = true;
        }
        if (answer.isReused && !answer.inherited) this.noteReuse(task);
        this.request.redact?.noteOutput(this.values.nodeOf(task), answer.value);
        this.keepOutput(call, this.withoutParts(call, answer.value, answer.redacted, false));
        if (this.leftOut.length > 0 && task >= this.plan.length) {
          this.answeredBefore ??= new Set();
          this.answeredBefore.add(task);
        }
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
        this.withoutParts(call, answer.items, answer.redacted, true);
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
      if (redacted.length > 0) this.tellMissing(task, redacted);
      return this.answered(call, value, number);
    }
    // It has failed for good.
    this.answers.post(EventKind.advice, attempt, task, NEVER);
    call.over = true;
    this.running--;
    this.errors.set(task, this.ownError(answer.error));
    this.request.recorder?.inherited(task, attempt, number);
    this.answers.post(EventKind.failed, attempt, task, this.numberOf(answer.error.code));
  }

  /** Notes whether an answer of a task was taken over from another execution. */
  noteAnswer(task: number, isInherited: boolean): void {
    this.activities ??= new Activities();
    this.activities.answer(this.values.nodeOf(task), isInherited);
  }

  /** An error of another execution, as one of this. */
  private ownError(error: ExecutionError): ExecutionError {
    return { ...error, executionId: this.request.context.executionId };
  }

  /** Notes a value that was kept without some of its parts; returns what stands for it, which is no other value. */
  private withoutParts(call: Call, kept: unknown, paths: readonly string[] = [], isItems: boolean): unknown {
    if (paths.length === 0) return kept;
    const value = typeof kept === "object" && kept !== null ? kept : Object(kept);
    const leftOut = { task: call.task, node: this.values.nodeOf(call.task), paths, isItems, value, call };
    if (this.leftOut === NOTHING_LEFT_OUT) this.leftOut = [];
    (this.leftOut as LeftOut[]).push(leftOut);
    return value;
  }

  /** Runs a node again of whose output parts are missing, and lets others have what it gives. Rejects with what went wrong. */
  async makeAgain({ task, node, value, call: before }: LeftOut): Promise<void> {
    const { executionId, input, parentContext, attempt, attemptNumber } = before;
    const call = new Call(
      this,
      task,
      before.nodeId,
      executionId,
      input,
      parentContext,
      before.run,
      attempt,
      attemptNumber,
    );
    // What it says was said before.
    call.over = true;
    this.runEnd.addEventListener("abort", () => call.abort(new DOMException("The run is over", "AbortError")));
    const { type, parameters } = this.plan.node(node);
    const executable = this.request.executables?.getNodeExecutable(type);
    if (executable == null) throw new Error(`No implementation found for node type: ${type}`);
    const resolved = await (this.expressions?.has(node) === true
      ? this.expressions.resolve(call, node, parameters as Parameters)
      : parameters);
    const made = await executable.execute(new ExecutableParams(call, resolved));
    if (String(routedHandles(made)) !== String(routedHandles(value)) && routedHandles(value) !== undefined) {
      throw new Error("its output takes another way than the one that was recorded");
    }
    this.request.redact?.noteOutput(node, made);
    this.request.recorder?.output(task, attempt, made, false);
    this.replace(value, made);
  }

  /** Puts a value in the place of what stood for it. */
  private replace(old: object, value: unknown): void {
    const carried = routedHandles(old) === undefined ? undefined : carriedApart(old);
    const parts = routedHandles(value) === undefined ? undefined : carriedApart(value);
    for (const [handle, part] of carried ?? []) {
      if (typeof part === "object" && part !== null) this.replace(part, parts?.get(handle));
    }
    this.values.replace(old, value);
    for (const call of this.calls) replaceIn(call?.input, old, value);
    for (const { call } of this.leftOut) replaceIn(call.input, old, value);
  }

  /** What is missing of outputs that nothing needs any more is missing in the result as well, which says so. */
  tellLeftOut(made: ReadonlySet<LeftOut>): void {
    for (const leftOut of this.leftOut) {
      if (made.has(leftOut)) continue;
      const { task, paths, value } = leftOut;
      if (value instanceof String) this.replace(value, String(value));
      this.tellMissing(task, paths);
    }
  }

  private tellMissing(task: number, paths: readonly string[]): void {
    const parts = paths.map((path) => (path === "" ? "the whole of it" : `\`${path}\``)).join(", ");
    this.add(task, "redacted-value", `Of its output, ${parts} was not kept: the result has \`[redacted]\` there`);
  }

  /** What was in flight is lost with the host that had it. */
  giveUpAll(): void {
    for (const call of this.calls) {
      if (call === undefined || call.over) continue;
      call.over = true;
      this.running--;
    }
  }

  /** A warning that a host before this one was told. */
  warnAgain(task: number, rule: string, message: string): void {
    this.add(task, rule, message);
  }

  /** Runs the executable of a leaf. */
  start(task: number, attempt: number, attemptNumber: number): void {
    this.launch(this.begin(task, attempt, attemptNumber));
  }

  private launch(call: Call): void {
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
    const { reuse } = this.request;
    const result =
      reuse === undefined
        ? executable.execute(new ExecutableParams(call, parameters))
        : this.reused(reuse, call, executable, parameters);
    if (isThenable(result)) this.await(call, result);
    else this.answered(call, result);
  }

  /** Executes, or takes an output that was made before. */
  private reused(
    reuse: OutputReuse,
    call: Call,
    executable: AnyExecutable,
    parameters: Parameters | undefined,
  ): unknown {
    const node = this.values.nodeOf(call.task);
    const run = () => executable.execute(new ExecutableParams(call, parameters));
    const taken = reuse.take({
      call,
      node: this.plan.node(node),
      executable,
      parameters,
      readsSecrets: this.expressions?.readsSecrets(node) === true || this.request.redact?.hidesSome === true,
      isSecret: (text) => this.shown(text) !== text,
      knowsSecrets: () => this.seen?.isNeeded === true,
      hides: (value) => this.request.redact?.hides(node, value) === true,
      run,
    });
    return taken === undefined ? run() : taken.then((output) => this.takeReused(call, node, output));
  }

  private takeReused(call: Call, node: number, { value, isReused, warnings = [], reason }: ReusedOutput): unknown {
    if (call.over) return value;
    for (const { rule, message } of warnings) this.warn(call, rule, message);
    if (isReused) {
      call.isReused = true;
      this.noteReuse(call.task);
    } else if (reason !== undefined) {
      this.activities ??= new Activities();
      this.activities.keepsNothing(node, this.shown(reason));
      // Where the owner asks for all that can be reused, what cannot is nothing to warn of.
      if (this.plan.asksForCache(node)) this.warn(call, "not-cached", `Its output is not reused: ${reason}`);
    }
    return value;
  }

  private noteReuse(task: number): void {
    this.activities ??= new Activities();
    this.activities.reuse(this.values.nodeOf(task));
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
    this.add(call.task, rule, message);
    call.told?.push({ rule, message: this.shown(message) });
    this.request.recorder?.warning(call.task, rule, this.shown(message));
  }

  private add(task: number, rule: string, message: string, round?: string): void {
    this.warnings ??= new RunWarnings();
    this.warnings.add(this.plan.id(this.values.nodeOf(task)), rule, this.shown(message), round);
  }

  /** Text of an executable without secrets. */
  shown(text: string): string {
    return this.seen === undefined ? text : this.seen.text(String(text));
  }

  /** A scope that hands on what went wrong inside has failed as well. */
  catch(task: number, cause: number): void {
    const error = this.errors.get(cause);
    if (error !== undefined) this.errors.set(task, error);
    const taker = this.values.nodeOf(task);
    const continues = this.plan.continuesOnError(taker);
    if (!continues && !this.plan.catches(taker)) return;
    // In a run that keeps going, a loop takes the error of a round before it is over itself.
    if (continues && this.request.options.keepGoing && cause !== task && this.plan.isEach(taker)) return;
    this.activities ??= new Activities();
    for (let node = this.values.nodeOf(cause); node !== taker; node = this.plan.parent(node)) {
      this.activities.handle(node);
    }
    this.activities.handle(taker);
    if (!continues) return;
    // The slot of a group is that of its last node, which may have gone well.
    this.values.forgetOutput(task);
    this.tellContinued(task, cause, error);
  }

  /** Warns of values that a node does not get. */
  private tellLost(task: number, handle: string, used: number, lost: readonly number[]): void {
    const names = lost.slice(0, MOST_LOST).map((node) => `\`${this.plan.id(node)}\``);
    if (lost.length > MOST_LOST) names.push(`${lost.length - MOST_LOST} more`);
    const what = lost.length === 1 ? "that" : "those";
    this.add(
      task,
      "lost-input",
      `${lost.length + 1} values came by the handle \`${handle}\`: the node gets that of \`${this.plan.id(used)}\`, and not ` +
        `${what} of ${names.join(", ")}; give each edge a \`targetHandle\` of its own`,
    );
  }

  /** Warns of a failure that the run went on after. */
  private tellContinued(task: number, cause: number, error: ExecutionError | undefined): void {
    const what = cause === task ? "Failed" : `\`${this.plan.id(this.values.nodeOf(cause))}\` in it failed`;
    const rounds = task < this.plan.length ? [] : this.values.roundsOf(task);
    const words = rounds.map(({ nodeId, index }) => `round ${index + 1} of ${nodeId}`).reverse();
    const round = words.length === 0 ? undefined : words.join(" in ");
    this.add(task, "continued-after-error", `${what}, and the run went on: ${error?.message ?? ""}`, round);
  }

  /** A round of a loop failed, and the loop goes on. Returns the tasks of the round, from `base` up to this one. */
  lose(task: number, base: number, cause: number): number {
    const error = this.errors.get(cause) ?? failure("INTERNAL_ERROR", "The cause is not known", this.placeOf(cause));
    const rounds = this.values.roundsOf(base);
    const words = rounds.map(({ nodeId, index }) => `round ${index + 1} of ${nodeId}`).reverse();
    const what = `\`${this.plan.id(this.values.nodeOf(cause))}\` failed, and the loop went on: ${error.message}`;
    this.add(task, "continued-after-error", what, words.join(" in "));
    return this.values.loseFrame(task, base, error);
  }

  /** A branch or a section of a group failed, and the group goes on. */
  loseBranch(task: number, base: number, cause: number): void {
    const error = this.errors.get(cause) ?? failure("INTERNAL_ERROR", "The cause is not known", this.placeOf(cause));
    const group = this.values.nodeOf(task);
    if (this.plan.branchMode(group) === "try") return this.loseSection(task, base, cause, error);
    this.activities ??= new Activities();
    for (let node = this.values.nodeOf(cause); node !== group; node = this.plan.parent(node)) {
      this.activities.handle(node);
    }
    const what = `\`${this.plan.id(this.values.nodeOf(cause))}\` failed, and the other branches went on: ${error.message}`;
    this.add(task, "continued-after-error", what);
    this.values.endBranch(task, base, error);
  }

  /** A section of a `try` failed, which has the error from now on: for its catch, or to fail with it in the end. */
  private loseSection(task: number, base: number, cause: number, error: ExecutionError): void {
    const scope = this.values.nodeOf(task);
    this.errors.set(task, error);
    this.values.endBranch(task, base, error);
    if (this.plan.section(this.values.nodeOf(base)) !== Section.body || !this.plan.hasCatch(scope)) return;
    this.activities ??= new Activities();
    for (let node = this.values.nodeOf(cause); node !== scope; node = this.plan.parent(node)) {
      this.activities.handle(node);
    }
  }

  /** Warns of paths in `redact` at which no output had anything. */
  warnUnmatched(): void {
    for (const { node, path } of this.request.redact?.unmatched(this.plan) ?? []) {
      const outputs = this.plan.isLeaf(node) ? "its output has" : "the outputs of its nodes have";
      const message = `\`redact\` names \`${path}\`, and ${outputs} nothing there: nothing was redacted by it. Correct the path, or remove it`;
      this.add(node, "unmatched-redact", message);
      this.request.recorder?.warning(node, "unmatched-redact", message);
    }
  }

  /** Tries that failed and were followed by others, if there were any. */
  get retries(): RetryRecord[] | undefined {
    const { retries = [] } = this.activities ?? {};
    return retries.length === 0 ? undefined : retries;
  }

  /** The run is over because a task failed, or was stopped as a whole: scopes that were open then did not fail by themselves. */
  endedBy(cause: number | undefined): void {
    const { activities = new Activities(), plan } = this;
    this.activities = activities;
    const around = new Set<number>([0]);
    if (cause !== undefined) {
      const first = this.values.nodeOf(cause);
      for (let node = first; node !== 0; node = plan.parent(node)) around.add(node);
      const error = this.errors.get(cause);
      const [round] = (error?.context?.rounds ?? []) as Round[];
      const loop = [...around].find((node) => plan.id(node) === round?.nodeId && plan.isEach(node));
      if (error !== undefined && round !== undefined && loop !== undefined) {
        const where = `${plan.id(first)} in round ${round.index + 1}, item ${round.item}`;
        activities.failInRound(loop, `${where}: ${error.message}`);
      }
    }
    for (let node = 1; node < plan.length; node++) {
      if (!around.has(node) && !plan.isLeaf(node)) activities.cancel(node);
    }
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
    this.activities ??= new Activities();
    const attempts = { number, of, error: error.message, retryAt: Math.round(now + delay) };
    const { executionId } = this.calls[task] ?? this.request.context;
    this.activities.willRetry(node, this.plan.id(node), executionId, attempts, now);
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
    if (this.leftOut.length > 0) this.forgetLeftOut(from, to, isReset);
    for (let task = from; task < to; task++) {
      this.calls[task] = undefined;
      this.reports.delete(task);
    }
  }

  /** Whether a task of a round that is not over gave its output at a host before this one. */
  wasAnswered(task: number): boolean {
    return this.answeredBefore?.has(task) === true;
  }

  private forgetLeftOut(from: number, to: number, isReset: boolean): void {
    const isIn = ({ task }: LeftOut) => task >= from && task < to;
    if (isReset) this.leftOut = this.leftOut.filter((each) => !isIn(each));
    for (const each of this.leftOut) if (isIn(each)) each.isPast = true;
    for (let task = from; task < to; task++) this.answeredBefore?.delete(task);
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
    this.request.redact?.note(this.values.nodeOf(task), found.items, false);
    if (inherited === undefined) this.request.recorder?.items(task, attempt, items);
    else this.request.recorder?.inherited(task, attempt, inherited);
    const count = this.keepItems(task, items);
    if (call !== undefined) this.end(call);
    this.answers.post(found.more ? EventKind.itemsOpenEnded : EventKind.items, attempt, task, count);
  }

  /** Keeps the items of a scope; returns how many are known in all. */
  private keepItems(task: number, found: KnownItems): number {
    const { items, more, known, once = false, total = more ? undefined : known + items.length } = found;
    const count = this.values.addItems(task, known, found);
    if (!once) {
      this.activities ??= new Activities();
      this.activities.knowsRounds(this.values.nodeOf(task), total, known);
    }
    if (once) this.add(task, "loop-without-items", LOOP_WITHOUT_ITEMS);
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
    redact?.noteOutput(this.values.nodeOf(call.task), value);
    if (recorder !== undefined) {
      try {
        if (inherited === undefined) recorder.output(call.task, attempt, value, call.isReused === true);
        else recorder.inherited(call.task, attempt, inherited);
      } catch (error) {
        return this.failed(call, error);
      }
    }
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
    call.over = true;
    this.running--;
    this.errors.set(call.task, this.withRounds(call.task, error));
    this.request.recorder?.error(call.task, call.attempt, error, advice);
    this.answers.post(EventKind.failed, call.attempt, call.task, this.numberOf(error.code));
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
      this.activities ??= new Activities();
      this.activities.cancel(this.values.nodeOf(task));
    }
    if (!this.errors.has(task) || code === "TIMEOUT") this.errors.set(task, error);
    const name = code === "TIMEOUT" ? "TimeoutError" : "AbortError";
    if (call === undefined || call.over) return;
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
