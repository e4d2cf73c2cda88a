/** In the page: runs that a worker carries out. */
import type { NodeExecutorFactory } from "../engine/executables.js";
import { failure } from "../engine/failure.js";
import type { FollowedRun } from "../engine/followed-run.js";
import type { Outline } from "../engine/outline.js";
import { Plan } from "../engine/plan.js";
import type { Outcome, Recording, RunRequest } from "../engine/run-request.js";
import { Clock, setTimer } from "../engine/turn.js";
import { type ChangeListener, ViewCopy } from "../engine/view-copy.js";
import type { ErrorCode, ExecutionError } from "../types/errors.js";
import type { ConductorExecutionContext, ExecutionTrace, RunWarning } from "../types/execution.js";
import type { NodeReports } from "../types/live-view.js";
import type { Command, FromWorker, RunEnd, SentError, ToWorker } from "./messages.js";
import { PageCalls } from "./page-calls.js";
import { send } from "./post-message.js";
import { sentOutline } from "./sent-outline.js";
import { SharedVariables } from "./shared-variables.js";

/** The way to the worker, as a run needs it. */
export interface RunConnection {
  readonly port: Pick<MessagePort, "postMessage">;
  /** Whether the worker answers within so many ms. */
  answersWithin(ms: number): Promise<boolean>;
  /** The run is over here; `stuck` when the worker did not say so in time. */
  leave(run: number, stuck: boolean): void;
}

/** How long the worker may take to end a cancelled run, or one that is over its deadline, in ms. */
const GRACE = 2000;

/**
 * A run that a worker carries out, as everybody else follows it: what the worker last said of it is how it is. It ends
 * when the worker says so, when the worker ends, or when the worker does not end it in time.
 */
export class WorkerRun extends ViewCopy implements FollowedRun {
  readonly plan: Plan;
  readonly opened: Promise<boolean>;
  readonly done: Promise<Outcome>;
  recording: Recording | undefined;
  trace: ExecutionTrace | undefined;
  /** Missing until the worker has said how it ended. */
  outputOf?: (node: number) => unknown;
  readonly #number: number;
  readonly #request: RunRequest;
  readonly #connection: RunConnection;
  readonly #calls: PageCalls;
  readonly #variables: SharedVariables;
  readonly #clock = new Clock();
  #open!: (can: boolean) => void;
  #settle!: (outcome: Outcome) => void;
  #end: Omit<RunEnd, "data" | "error" | "outputs"> | undefined;
  #isFinished = false;
  #startedAt = Number.NaN;
  #endedAt = 0;
  #viewAsked = false;
  #isWatched = false;
  #timers: ReturnType<typeof setTimeout>[] = [];

  /** Opens it in the worker. Whatever cannot go there ends it. */
  constructor(
    number: number,
    outline: Outline,
    request: RunRequest,
    connection: RunConnection,
    executables: NodeExecutorFactory | undefined,
  ) {
    const plan = new Plan(outline);
    super(plan.length);
    this.plan = plan;
    this.#number = number;
    this.#request = request;
    this.#connection = connection;
    this.done = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.opened = new Promise((resolve) => {
      this.#open = resolve;
    });
    const { context, options } = request;
    this.#variables = new SharedVariables(context.variables);
    const none: NodeExecutorFactory = { getNodeExecutable: () => undefined };
    const { port } = connection;
    const variables = this.#variables;
    this.#calls = new PageCalls({ port, plan: this.plan, request, executables: executables ?? none, variables });
    // An outline that was given up as too large is not sent.
    if (outline.words[0] === 0) {
      this.#refused();
      return;
    }
    const sent = sentOutline(outline, executables);
    const message: ToWorker = { type: "open", run: number, outline: sent, context, options };
    try {
      const parameters = () =>
        Object.fromEntries(sent.nodes.map((node, index) => [`parameters of ${this.plan.id(index)}`, node.parameters]));
      send(port, message, () => ({ context, ...parameters(), options }));
    } catch (error) {
      this.fail("SERIALIZATION_FAILED", (error as Error).message);
    }
  }

  get context(): ConductorExecutionContext {
    return this.#request.context;
  }

  get attempts(): number {
    return this.#end?.attempts ?? 1;
  }

  get duration(): number {
    return this.#end?.duration ?? (Number.isNaN(this.#startedAt) ? 0 : this.#endedAt - this.#startedAt);
  }

  get startTime(): number {
    const known = this.#end?.startTime ?? this.knownStart ?? this.#startedAt;
    return Math.round(Number.isNaN(known) ? this.#clock.now() : known);
  }

  get endTime(): number {
    return Math.round(this.#end?.endTime ?? (this.#isFinished ? this.#endedAt : this.#clock.now()));
  }

  get hasSucceeded(): boolean {
    return this.#end?.hasSucceeded ?? false;
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  get warnings(): RunWarning[] | undefined {
    return this.#end?.warnings;
  }

  start(): void {
    if (this.#isFinished) return;
    this.#startedAt = this.#clock.now();
    this.#command("start");
    const { timeout } = this.#request.options;
    if (timeout > 0) this.#timers.push(setTimer(() => void this.#probe(timeout), timeout + GRACE));
  }

  cancel(): void {
    if (this.#isFinished) return;
    this.#command("cancel");
    this.#calls.abortAll(CANCELLED);
    // Nothing is under way yet that could have to be waited for.
    if (Number.isNaN(this.#startedAt)) return this.fail("CANCELLED", CANCELLED);
    this.#timers.push(setTimer(() => this.fail("CANCELLED", CANCELLED, true), GRACE));
  }

  pause(): void {
    this.isPaused = true;
    this.steps++;
    this.#command("pause");
  }

  resume(): void {
    this.isPaused = false;
    this.steps++;
    this.#command("resume");
  }

  abandon(error: ExecutionError): void {
    if (this.#isFinished) return;
    this.#command("cancel");
    this.#finish({ data: undefined, error }, false);
  }

  watch(watched: boolean): void {
    this.#isWatched = watched;
    this.#command(watched ? "watch" : "unwatch");
  }

  /** Who looks wants to see what comes next, too. */
  flush(): void {
    if (this.#viewAsked || this.#isFinished) return;
    this.#viewAsked = true;
    this.#command("view");
  }

  hasBegun(node: number): boolean {
    return this.#end?.begun[node] === 1;
  }

  /** Ends it here, whatever the worker does. `stuck`: the worker should have ended it. */
  fail(code: ErrorCode, message: string, stuck = false): void {
    const { nodeId, executionId } = this.context;
    if (!this.#isFinished)
      this.#finish({ data: undefined, error: failure(code, message, { nodeId, executionId }) }, stuck);
  }

  /** Takes what the worker says of this run. */
  take(message: Extract<FromWorker, { run: number }>): void {
    if (this.#isFinished) return;
    switch (message.type) {
      case "opened":
        return message.can ? this.#open(true) : this.#refused();
      case "broken":
        return this.#finish({ data: undefined, error: this.#error(message.error) }, false);
      case "stepped":
        return this.#stepped();
      case "view":
        return this.#seen(message);
      case "changes":
        return this.#changed(message.changes, message.told);
      case "done":
        return this.#done(message);
      case "call":
        this.#variables.give(message.variables);
        return this.#calls.begin(message.call);
      case "abort":
        return this.#calls.abort(message);
      case "log":
        return this.#request.log[message.level](message.message, ...message.details);
    }
  }

  /** A flow that cannot be run is not shown. */
  #refused(): void {
    this.#open(false);
    this.#isFinished = true;
    this.#connection.leave(this.#number, false);
  }

  #seen({ numbers, told }: Extract<FromWorker, { type: "view" }>): void {
    this.#viewAsked = false;
    const changes = this.takeView(numbers);
    // Those who watch were shown the last view, and know nothing but changes since.
    this.#changed(this.#isWatched ? changes : [], told);
  }

  #changed(changes: number[], told: NodeReports): void {
    this.takeChanges(changes, told, this.#tell, () => this.#isFinished);
    // Those who were told may have ended it.
    if (!this.#isFinished) this.#stepped();
  }

  readonly #tell: ChangeListener = (node, packed, step, time) => this.#request.onChange?.(node, packed, step, time);

  #stepped(): void {
    this.steps++;
    this.#request.onStep?.();
  }

  #done({ end, told, variables }: Extract<FromWorker, { type: "done" }>): void {
    const { data, error, outputs, ...rest } = end;
    const { outline } = this.plan;
    this.forgetErrors();
    this.hear(told);
    this.#variables.give(variables);
    this.#end = rest;
    outline.words.set(rest.table, outline.length);
    this.recording = {
      options: rest.options,
      journal: () => rest.journal,
      messages: rest.messages,
      retries: rest.retries,
    };
    this.outputOf = (node) => outputs[node];
    this.#finish({ data, ...(error !== undefined && { error: this.#error(error) }) }, false);
  }

  #finish(outcome: Outcome, stuck: boolean): void {
    this.#isFinished = true;
    this.steps++;
    this.#endedAt = this.#clock.now();
    for (const timer of this.#timers) clearTimeout(timer);
    const { message = CANCELLED } = outcome.error ?? {};
    this.#calls.abortAll(message);
    // Of a run that the worker did not end, this is how it looks from now on.
    if (this.#end === undefined)
      this.takeChanges(this.endView(this.#endedAt, message), undefined, this.#tell, () => false);
    this.#open(true);
    this.#settle(outcome);
    this.#connection.leave(this.#number, stuck);
    this.#request.onStep?.();
  }

  /** The deadline has passed: the worker keeps it itself, if it can do anything at all. */
  async #probe(timeout: number): Promise<void> {
    if (await this.#connection.answersWithin(GRACE)) return;
    this.fail("TIMEOUT", `Execution timed out after ${timeout}ms`, true);
  }

  #error({ cause, ...error }: SentError): ExecutionError {
    if (cause === undefined) return error;
    return { ...error, cause: "call" in cause ? this.#calls.thrownBy(cause.call) : cause.value };
  }

  #command(command: Command): void {
    if (!this.#isFinished)
      this.#connection.port.postMessage({ type: "command", run: this.#number, command } satisfies ToWorker);
  }
}

const CANCELLED = "Execution cancelled";
