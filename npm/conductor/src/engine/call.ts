/** One leaf being run: what its executable receives, and what the driver must know to take its answer. */
import type { Ask, FileAccess, NetworkAccess, Responder, RunFlow, Sleep } from "@atomiton/nodes";

import type { ConductorExecutionContext } from "../types/execution.js";
import type { OpenQuestion } from "../types/question.js";
import type { TraceHeaders, TraceSpan } from "../types/tracing.js";
import type { NodeExecutorFactory } from "./executables.js";
import { fire, guardSignal } from "./guarded-signal.js";
import type { Log } from "./log.js";
import type { Plan } from "./plan.js";
import type { KeptWait, Recorder } from "./recorder.js";

/** As the node library has it, which is not loaded for it. */
const fileAccess: unique symbol = Symbol.for("@atomiton/file-access") as never;
const networkAccess: unique symbol = Symbol.for("@atomiton/network-access") as never;
const programAccess: unique symbol = Symbol.for("@atomiton/program-access") as never;
const parameterIsMade: unique symbol = Symbol.for("@atomiton/parameter-is-made") as never;
const ownParameters: unique symbol = Symbol.for("@atomiton/own-parameters") as never;
const responder: unique symbol = Symbol.for("@atomiton/responder") as never;
const inputRead: unique symbol = Symbol.for("@atomiton/input-read") as never;
const traceHeaders: unique symbol = Symbol.for("@atomiton/trace-headers") as never;
const runEnd: unique symbol = Symbol.for("@atomiton/run-end") as never;

/** What a call needs of the run that it belongs to. */
export interface CallOwner {
  readonly log: Log;
  /** The flow that it runs; missing where that is not at hand. */
  readonly plan?: Plan | undefined;
  /** The log of a call, where what it says is kept; else it is `log`. */
  logOf?(call: Call): Log | undefined;
  reportProgress(call: Call, percent: number, message: string | undefined): void;
  warn(call: Call, rule: string, message: string): void;
  /** Where nodes may read and write files, if not everywhere. */
  readonly files?: FileAccess | undefined;
  /** Where nodes may connect, if not everywhere. */
  readonly network?: NetworkAccess | undefined;
  /** Whether nodes may run programs, if the owner says. */
  readonly programs?: boolean | undefined;
  /** Fires when the run is over; missing where nodes cannot know. */
  readonly runEnd?: AbortSignal;
  /** What carries the trace on from a call; missing without tracing. */
  traceHeaders?(call: Call): TraceHeaders | undefined;
  /** The span of a call; missing without tracing, or where no span is made for it. */
  spanOf?(call: Call): TraceSpan | undefined;
  errorsHandled(call: Call): boolean;
  /** How often the groups around a call began again; missing where that is not known. */
  repeatsAround?(call: Call): number;
  /** In ms; 0 for none. */
  timeLimit(call: Call): number;
  /** Those of its nodes, for the flows that they run; missing where they run none here. */
  readonly executables?: NodeExecutorFactory | undefined;
  /** How it runs flows for its nodes; missing where it does not. */
  readonly flows: FlowRunner | undefined;
  /** How it puts questions to people for its nodes; missing where it does not. */
  readonly asker: Asker | undefined;
  /** Takes the answer to what began the run; missing where nothing waits for one. */
  readonly responder?: Responder | undefined;
  /** Keeps how nodes wait; missing for a run that ends with its process. */
  readonly recorder?: Recorder | undefined;
}

/** Runs another flow as a part of a run, for one of its calls. */
export type FlowRunner = (call: Call, ...flow: Parameters<RunFlow>) => Promise<unknown>;

/** Puts a question to people, for a call. */
export type Asker = (call: Call, ...asked: [...Parameters<Ask>, keeper?: QuestionKeeper]) => Promise<unknown>;

/** Keeps a question, and its answer, beyond the process. */
export interface QuestionKeeper {
  /** The question as a host before asked it. */
  before: OpenQuestion | undefined;
  asked(question: OpenQuestion): void;
  /** Settles when the answer is on disk. */
  answered(answer: unknown): Promise<void>;
}

/** One attempt at executing a leaf: each has a call of its own, with the same input. */
export class Call {
  /** The attempt was answered, or stopped: whatever comes now is too late. */
  over = false;
  /** Works out the names of expressions that the node's user code reads; missing where it reads none. */
  declare names?: () => Record<string, unknown>;
  /** Its expressions read its input, or the output of a node. */
  declare readsInput?: true;
  /** Whether a parameter is made by an expression; missing where none is. */
  declare isMade?: (parameter: string) => boolean;
  /** How this try waited at hosts before; missing where it did not. */
  declare kept?: ReadonlyMap<number, KeptWait>;
  /** For a question for items: how many were known. */
  declare known?: number;
  /** Works out the key of the node's cache; missing where that has no expressions. */
  declare cacheKey?: () => unknown;
  /** Warnings of this attempt so far; missing where they are not kept for those who reuse its output. */
  declare told?: { rule: string; message: string }[];
  /** Its output was made by another attempt, maybe of another run. */
  declare isReused?: true;
  private controller: AbortController | undefined;
  private reason: unknown;

  /**
   * @param run the context of the node that was run: what is in it is the same for all nodes
   * @param attempt the engine's number, to tell late answers
   * @param attemptNumber 1 for the first try, 2 for the first retry
   */
  constructor(
    readonly owner: CallOwner,
    readonly task: number,
    readonly nodeId: unknown,
    readonly executionId: string,
    readonly input: unknown,
    readonly parentContext: ConductorExecutionContext | undefined,
    readonly run: ConductorExecutionContext,
    readonly attempt: number,
    readonly attemptNumber: number,
  ) {}

  /** The attempt's signal, made at its first use. What its listeners throw goes to the log. */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      guardSignal(this.controller.signal);
      if (this.reason !== undefined) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  /** Ends the attempt from outside and fires its signal. */
  abort(reason: unknown): void {
    this.over = true;
    this.reason = reason;
    if (this.controller) fire(this.controller, reason, (error) => this.report(error));
  }

  private report(error: unknown): void {
    const node = typeof this.nodeId === "string" ? ` of node "${this.nodeId}"` : "";
    this.owner.log.error(`A listener of the signal${node} threw; the execution goes on`, error);
  }
}

/** Names that live on the prototype. A parameter of the same name wins. */
const LAZY = new Set([
  "signal",
  "attempt",
  "idempotencyKey",
  "progress",
  "warn",
  "errorsHandled",
  "timeLimit",
  "names",
  "runFlow",
  "ask",
  "sleep",
  "log",
  "__proto__",
]);

/**
 * What an executable receives: the context's seven keys, then the node's parameters over them.
 *
 * What most executables never use is on the prototype and made on demand.
 */
export class ExecutableParams {
  readonly #call: Call;
  readonly #parameters: Record<string, unknown> | null | undefined;
  declare nodeId: unknown;
  declare executionId: unknown;
  declare variables: unknown;
  declare input: unknown;
  declare parentContext: unknown;
  declare slowMo: unknown;
  declare debug: unknown;
  declare [fileAccess]?: FileAccess;
  declare [networkAccess]?: NetworkAccess;
  declare [programAccess]?: boolean;
  [key: string]: unknown;

  constructor(call: Call, parameters: Record<string, unknown> | null | undefined) {
    this.#call = call;
    this.#parameters = parameters;
    const { run } = call;
    this.nodeId = call.nodeId;
    this.executionId = call.executionId;
    this.variables = run.variables;
    this.input = call.input;
    this.parentContext = call.parentContext;
    this.slowMo = run.slowMo;
    this.debug = run.debug;
    if (typeof parameters === "object" && parameters !== null) {
      // A list of the keys would be one more object for every node that runs.
      for (const key in parameters) {
        if (!Object.hasOwn(parameters, key)) continue;
        if (LAZY.has(key)) {
          const value = parameters[key];
          Object.defineProperty(this, key, { value, writable: true, enumerable: true, configurable: true });
        } else {
          this[key] = parameters[key];
        }
      }
    }
    const { files } = call.owner;
    if (files !== undefined) this[fileAccess] = files;
    const { network, programs } = call.owner;
    if (network !== undefined) this[networkAccess] = network;
    if (programs !== undefined) this[programAccess] = programs;
  }

  /** Fires when this attempt is cancelled or has taken too long. */
  get signal(): AbortSignal {
    return this.#call.signal;
  }

  /** 1 for the first try, 2 for the first retry. */
  get attempt(): number {
    return this.#call.attemptNumber;
  }

  /**
   * The same for every attempt at this step, also after a restart; for effects that must not happen twice. Where a group
   * begins again, its steps are others: what they are given may have changed.
   */
  get idempotencyKey(): string {
    const repeats = this.#call.owner.repeatsAround?.(this.#call) ?? 0;
    return `${String(this.#call.executionId)}${repeats === 0 ? "" : `~${repeats + 1}`}`;
  }

  /** Reports progress, 0–100, with a word about it. */
  get progress(): (percent: number, message?: string) => void {
    const call = this.#call;
    return (percent, message) => call.owner.reportProgress(call, percent, message);
  }

  /** Puts something that its author should know of into the result's `warnings`; `rule` names its kind in kebab case. */
  get warn(): (rule: string, message: string) => void {
    const call = this.#call;
    return (rule, message) => call.owner.warn(call, rule, message);
  }

  /** Whether the flow does something about this node's failure: it asks for retries, takes its error, or goes on after it. */
  get errorsHandled(): boolean {
    return this.#call.owner.errorsHandled(this.#call);
  }

  /** How long this attempt may take in ms, if the flow says. */
  get timeLimit(): number | undefined {
    return this.#call.owner.timeLimit(this.#call) || undefined;
  }

  /** The names of expressions that the node's user code reads, with their values. Throws where one cannot be read. */
  get names(): Record<string, unknown> | undefined {
    return this.#call.names?.();
  }

  /** Runs another flow as a part of this run; missing where the conductor cannot. */
  get runFlow(): RunFlow | undefined {
    const call = this.#call;
    const { flows } = call.owner;
    return flows && ((flow, given) => flows(call, flow, given));
  }

  /** Puts a question to people; missing where the conductor cannot. */
  get ask(): Ask | undefined {
    const call = this.#call;
    const { asker, recorder } = call.owner;
    if (asker === undefined || recorder === undefined) return asker && ((...asked) => asker(call, ...asked));
    return (...asked) => recorder.ask(call, asker, ...asked);
  }

  /** Waits in a way that outlasts the process; missing for a run that ends with it. */
  get sleep(): Sleep | undefined {
    const call = this.#call;
    const { recorder } = call.owner;
    return recorder && ((ms, signal) => recorder.sleep(call, ms, signal));
  }

  /** Answers what began the run; missing where nothing waits for an answer. */
  get [responder](): Responder | undefined {
    return this.#call.owner.responder;
  }

  /** Whether its expressions read its input, or the output of a node. */
  get [inputRead](): boolean {
    return this.#call.readsInput === true;
  }

  /** Whether a parameter is made by an expression; missing where none is. */
  get [parameterIsMade](): ((name: string) => boolean) | undefined {
    return this.#call.isMade;
  }

  /** Headers for requests of the node, by which a trace goes on; missing without tracing. */
  get [traceHeaders](): TraceHeaders | undefined {
    return this.#call.owner.traceHeaders?.(this.#call);
  }

  /** Fires when the run of this node is over. */
  get [runEnd](): AbortSignal | undefined {
    return this.#call.owner.runEnd;
  }

  /** The node's parameters by themselves. */
  get [ownParameters](): Record<string, unknown> {
    return this.#parameters ?? {};
  }

  /** Writes to the conductor's log, as far as its level lets it. */
  get log(): Log {
    const call = this.#call;
    return call.owner.logOf?.(call) ?? call.owner.log;
  }
}
