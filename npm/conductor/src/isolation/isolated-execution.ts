/** In the server: one execution, whose nodes a process of its own carries out. */
import { AsyncResource } from "node:async_hooks";
import type { LoopRounds, NetworkAccess, NodeParams } from "@atomiton/nodes";
import { messageOf } from "@atomiton/values";
import {
  type AnyExecutable,
  type ExecutionExecutables,
  markedAgain,
  type NodeExecutorFactory,
  type RouteMarks,
} from "../engine/executables.js";
import { coded } from "../engine/failure.js";
import type { LogLevel } from "../engine/log.js";
import type { ConductorExecutionContext } from "../types/execution.js";
import type { Variables } from "../worker/messages.js";
import { uncloneable } from "../worker/post-message.js";
import { SharedVariables } from "../worker/shared-variables.js";
import { fromThrown, toThrown } from "../worker/thrown.js";
import { endedBy, GRACE_MS, type IsolatedProcess, type ProcessLimits } from "./isolated-process.js";
import { CONSOLE_LEVELS, type FromProcess, type SentCall, type SentScope } from "./messages.js";
import { contextOfParams, given } from "./params.js";
import type { ProcessPool } from "./pool.js";
import { SentValues } from "./sent-values.js";

/** Types of the library that the server carries out: they wait and start flows, and have no code of callers. */
const IN_SERVER: ReadonlySet<string> = new Set(["delay", "respond", "sub-flow", "wait-for-input"]);

/** Characters that the nodes of an execution may write to the console of the server. */
const MOST_WRITTEN = 1024 * 1024;

/** What an execution needs of its isolation. */
export interface IsolationParts {
  pool: ProcessPool;
  usual: NodeExecutorFactory;
  /** Further types that the server carries out. */
  inServer: ReadonlySet<string>;
  limits: ProcessLimits;
  /** Whether nodes may connect. */
  network: boolean;
}

/** A call that is not answered. */
interface Pending {
  params: NodeParams;
  /** Where the call was made: what it writes to the console is about that. */
  scope: AsyncResource;
  variables: SharedVariables;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Variables, as both sides have them. */
interface VariablesOf {
  number: number;
  shared: SharedVariables;
  object: Variables;
}

type Params = NodeParams & Record<string, unknown>;

const LEVELS: readonly unknown[] = ["debug", "info", "warn", "error"] satisfies LogLevel[];
const NO_HOSTS: NetworkAccess = { hosts: [] };

/** The nodes of one execution. Its process is there from its first node until it is over; without that, its nodes fail. */
export class IsolatedExecution implements ExecutionExecutables {
  readonly #parts: IsolationParts;
  readonly #executables = new Map<string, AnyExecutable | undefined>();
  readonly #pending = new Map<number, Pending>();
  /** Calls that were to stop, and when each is late. */
  readonly #stopping = new Map<number, NodeJS.Timeout>();
  readonly #sent = new SentValues();
  /** By the object, for flows inside of the flow have their own, with the number under which the process has the like of it. */
  readonly #variables = new WeakMap<object, { number: number; shared: SharedVariables }>();
  readonly #noVariables = {};
  /** How many results of rounds the process has, by the key of the loop. */
  readonly #rounds = new Map<string, number>();
  readonly #over = new AbortController();
  /** Where the execution began, for what is written when no call is under way. */
  readonly #scope = new AsyncResource("IsolatedExecution");
  /** Characters that nodes wrote to the console. */
  #written = 0;
  #process: Promise<IsolatedProcess> | undefined;
  #failure: { error: Error; nodeId: string | undefined } | undefined;
  onLost: (() => void) | undefined;
  #count = 0;

  constructor(parts: IsolationParts) {
    this.#parts = parts;
  }

  get memory(): number {
    return this.#parts.limits.memory;
  }

  get lost() {
    return this.#failure;
  }

  getNodeExecutable(type: string): AnyExecutable | undefined {
    if (!this.#executables.has(type)) this.#executables.set(type, this.#executableOf(type));
    return this.#executables.get(type);
  }

  end(): void {
    this.#over.abort();
    for (const timer of this.#stopping.values()) clearTimeout(timer);
    this.#stopping.clear();
    void this.#process?.then((process) => process.leave()).catch(() => {});
  }

  #executableOf(type: string): AnyExecutable | undefined {
    const { usual, inServer } = this.#parts;
    const executable = usual.getNodeExecutable(type);
    if (executable === undefined || IN_SERVER.has(type) || inServer.has(type)) return executable;
    // What it says of itself, such as its effects, stays.
    const isolated = Object.create(executable) as AnyExecutable;
    isolated.execute = (params) =>
      type === "llm" && hasTools(params) ? executable.execute(this.#here(params)) : this.#call(type, params, undefined);
    if (executable.items !== undefined) {
      isolated.items = (params, known, rounds) => this.#call(type, params, { known, rounds });
    }
    return isolated;
  }

  /** A call that the server carries out in the place of the process, which no more connects than that would. */
  #here(params: Params): Params {
    if (this.#parts.network) return params;
    return Object.defineProperty(params, Symbol.for("@atomiton/network-access"), { value: NO_HOSTS });
  }

  async #call(
    type: string,
    params: Params,
    items: { known: number; rounds: LoopRounds | undefined } | undefined,
  ): Promise<unknown> {
    const process = await this.#entered();
    const signal = given(params, "signal") as AbortSignal | undefined;
    // The engine has ended the call; what it is answered with is too late.
    if (signal?.aborted) throw signal.reason;
    const call = ++this.#count;
    const variables = this.#variablesOf(params["variables"]);
    const sent = this.#sentCall(call, type, params, items, variables);
    return new Promise((resolve, reject) => {
      const abort = () => {
        if (!this.#pending.delete(call)) return;
        const { name = "AbortError", message = "" } = (signal?.reason ?? {}) as Partial<DOMException>;
        process.send({ type: "abort", call, name, message });
        this.#expectStop(process, call, name === "TimeoutError" ? sent.timeLimit : 0);
      };
      const leave = () => {
        signal?.removeEventListener("abort", abort);
        this.#pending.delete(call);
      };
      this.#pending.set(call, {
        params,
        scope: new AsyncResource("IsolatedNode"),
        variables: variables.shared,
        resolve(value) {
          leave();
          resolve(value);
        },
        reject(error) {
          leave();
          reject(error);
        },
      });
      signal?.addEventListener("abort", abort);
      try {
        process.send({ type: "call", sent });
        this.#sent.went();
      } catch (error) {
        this.#sent.failed();
        // They did not go either.
        this.#variables.delete(variables.object);
        leave();
        const { parameters, input, scopes } = sent;
        const why = uncloneable({ parameters, input, parentContext: scopes }) ?? messageOf(error);
        reject(coded("SERIALIZATION_FAILED", `Node ${String(sent.nodeId)} is isolated: ${why}. Use plain data`, error));
      }
    });
  }

  /** The process; it rejects with why it ended, where it did. */
  #entered(): Promise<IsolatedProcess> {
    if (this.#failure !== undefined) return Promise.reject(again(this.#failure.error));
    this.#process ??= this.#enter();
    return this.#process;
  }

  async #enter(): Promise<IsolatedProcess> {
    const { pool, limits } = this.#parts;
    const process = await pool.enter(this.#over.signal).catch((error: Error) => {
      if (!this.#over.signal.aborted) this.#lose(error);
      throw error;
    });
    process.take = (message) => this.#hear(process, message);
    process.watch(limits);
    void process.ended.then((error) => {
      if (this.#over.signal.aborted) return;
      this.#lose(error);
      for (const { reject } of [...this.#pending.values()]) reject(again(error));
    });
    // It went on without one.
    if (this.#over.signal.aborted) process.leave();
    return process;
  }

  /** Nodes that are under way are told first, so that it is seen which failed. */
  #lose(error: Error): void {
    const [first] = this.#pending.values();
    const nodeId = first?.params.nodeId;
    this.#failure = { error, nodeId: typeof nodeId === "string" ? nodeId : undefined };
    setImmediate(() => this.onLost?.());
  }

  /** A call was to stop: where the process does not hear that, something keeps it busy. */
  #expectStop(process: IsolatedProcess, call: number, timeLimit: number): void {
    if (this.#over.signal.aborted) return;
    const late = () =>
      process.kill("TIMEOUT", "A node went on after it was to stop; the process of the execution was ended");
    this.#stopping.set(call, setTimeout(late, Math.max(timeLimit, GRACE_MS)).unref());
  }

  /** Writes what a node wrote to the console, as far as the execution may fill that. */
  #write({ level: given, text }: Extract<FromProcess, { type: "console" }>, scope: AsyncResource): void {
    const level = CONSOLE_LEVELS.find((known) => known === given) ?? "log";
    const line = String(text);
    if (this.#written > MOST_WRITTEN) return;
    this.#written += line.length + 1;
    const isTooMuch = this.#written > MOST_WRITTEN;
    const told = isTooMuch
      ? `Nodes wrote more than ${MOST_WRITTEN} characters to the console; the rest is left out`
      : line;
    // biome-ignore lint/suspicious/noConsole: a node wrote it there
    scope.runInAsyncScope(() => console[level](told));
  }

  #hear(process: IsolatedProcess, message: FromProcess): void {
    if (message.type === "ready" || message.type === "unable") return;
    if (message.type === "stopped") {
      clearTimeout(this.#stopping.get(message.call));
      this.#stopping.delete(message.call);
      return;
    }
    const pending = message.call === undefined ? undefined : this.#pending.get(message.call);
    if (message.type === "console") return this.#write(message, pending?.scope ?? this.#scope);
    if (pending === undefined) return;
    const { params } = pending;
    switch (message.type) {
      case "answer": {
        pending.variables.give(message.variables);
        const { answer } = message;
        if ("thrown" in answer) return pending.reject(fromThrown(answer.thrown));
        return pending.resolve(markedAgain(answer.value, marksIn(answer)));
      }
      case "progress":
        return (given(params, "progress") as NodeParams["progress"])?.(
          Number(message.percent),
          message.message === undefined ? undefined : String(message.message),
        );
      case "warn":
        return (given(params, "warn") as NodeParams["warn"])?.(String(message.rule), String(message.message));
      case "log": {
        const log = given(params, "log") as Record<string, (...said: unknown[]) => void> | undefined;
        if (LEVELS.includes(message.level)) log?.[message.level]?.(String(message.message), ...message.details);
        return;
      }
      case "sleep": {
        const sleep = given(params, "sleep") as NodeParams["sleep"];
        const answered = (answer: { value: number } | { thrown: ReturnType<typeof toThrown> }) =>
          process.send({ type: "slept", sleep: message.sleep, answer });
        void sleep?.(Number(message.ms), given(params, "signal") as AbortSignal | undefined).then(
          (value) => answered({ value }),
          (error) => answered({ thrown: toThrown(error) }),
        );
      }
    }
  }

  #sentCall(
    call: number,
    type: string,
    params: Params,
    items: { known: number; rounds: LoopRounds | undefined } | undefined,
    { number, shared, object }: VariablesOf,
  ): SentCall {
    const { own, files, network, programs, inputIsRead, made, trace } = contextOfParams(params);
    const { nodeId, executionId, parentContext, slowMo, debug } = params;
    const key = String(given(params, "idempotencyKey") ?? executionId);
    return {
      call,
      type,
      // Loops are asked for items with the same ones again and again.
      parameters: items === undefined ? { value: own } : this.#sent.ref(own),
      nodeId,
      executionId,
      key,
      input: items === undefined ? { value: params.input } : this.#sent.ref(params.input),
      variables: { of: number, set: shared.take() },
      scopes: this.#scopesOf(parentContext as ConductorExecutionContext | undefined, object),
      slowMo,
      debug,
      attempt: Number(given(params, "attempt") ?? 1),
      errorsHandled: given(params, "errorsHandled") === true,
      timeLimit: Number(given(params, "timeLimit") ?? 0),
      names: namesOf(params),
      files,
      network: this.#parts.network ? network : NO_HOSTS,
      programs,
      inputIsRead,
      made,
      trace,
      sleeps: given(params, "sleep") !== undefined,
      items: items && { known: items.known, ...this.#newResults(key, items) },
    };
  }

  #variablesOf(variables: unknown): VariablesOf {
    const object = (typeof variables === "object" && variables !== null ? variables : this.#noVariables) as Variables;
    let known = this.#variables.get(object);
    if (known === undefined) {
      known = { number: ++this.#count, shared: new SharedVariables(object, {}) };
      this.#variables.set(object, known);
    }
    return { ...known, object };
  }

  #scopesOf(innermost: ConductorExecutionContext | undefined, variables: object): SentScope[] {
    const scopes: SentScope[] = [];
    for (let scope = innermost; scope !== undefined && scope !== null; scope = scope.parentContext) {
      const { nodeId, executionId, input, slowMo, debug } = scope;
      const others = scope.variables === variables ? {} : { variables: this.#sent.ref(scope.variables) };
      scopes.push({ nodeId, executionId, slowMo, debug, input: this.#sent.ref(input), ...others });
    }
    return scopes;
  }

  #newResults(key: string, { known, rounds }: { known: number; rounds: LoopRounds | undefined }) {
    const { results = [] } = rounds ?? {};
    const first = known === 0 ? 0 : Math.min(this.#rounds.get(key) ?? 0, results.length);
    this.#rounds.set(key, results.length);
    return { first, results: results.slice(first) };
  }
}

/** Whether a model may have flows run, which only the server can; the nodes in these are isolated like any others. */
function hasTools(params: Params): boolean {
  const { tools } = contextOfParams(params).own;
  return Array.isArray(tools) && tools.length > 0;
}

function namesOf(params: Params): SentCall["names"] {
  try {
    return { value: given(params, "names") as Record<string, unknown> | undefined };
  } catch (error) {
    return { thrown: toThrown(error) };
  }
}

/** The marks of a value: what a process says may be what code made of it that broke out. */
function marksIn({ handles, carried, ends, leftOver }: RouteMarks): RouteMarks {
  const isList = Array.isArray(handles) && handles.every((handle) => typeof handle === "string");
  return {
    ends: ends === true,
    ...(isList && { handles }),
    ...(carried instanceof Map && { carried }),
    ...(typeof leftOver === "number" && { leftOver }),
  };
}

/** An error for each who gets it. */
function again(error: Error): Error {
  const { code, message } = error as Error & { code: Parameters<typeof endedBy>[0] };
  return endedBy(code, message);
}
