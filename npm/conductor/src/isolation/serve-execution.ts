/** In the process of an isolated execution: what the server asks for over a pipe. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Duplex } from "node:stream";
import { format } from "node:util";
import type { LoopItems, LoopRounds } from "@atomiton/nodes";
import { isCloneable, messageOf } from "@atomiton/values";
import { Call, type CallOwner, ExecutableParams } from "../engine/call.js";
import type { NodeExecutorFactory } from "../engine/executables.js";
import { coded } from "../engine/failure.js";
import { itemsOf } from "../engine/items.js";
import type { Log, LogLevel } from "../engine/log.js";
import type { Recorder } from "../engine/recorder.js";
import type { NodeDefinition } from "../types/definition.js";
import type { ConductorExecutionContext } from "../types/execution.js";
import { CarriedCalls } from "../worker/carried-calls.js";
import { uncloneable } from "../worker/post-message.js";
import { SharedVariables } from "../worker/shared-variables.js";
import { fromThrown } from "../worker/thrown.js";
import { sendFrame, takeFrames } from "./frames.js";
import {
  type Answer,
  CONSOLE_LEVELS,
  type ConsoleLevel,
  type FromProcess,
  type SentCall,
  type SentScope,
  type ToProcess,
} from "./messages.js";
import { closeNetwork } from "./no-network.js";
import { KnownValues } from "./sent-values.js";

/** What such a process brings. */
export interface ServedParts {
  /** Path of the CommonJS module that threads begin with that have no network. */
  threadModule: string;
  /** The executables of the library, and of the modules at these addresses. Rejects where one cannot be loaded. */
  executables(modules: readonly string[]): Promise<NodeExecutorFactory>;
  /** Loads what most executions need. */
  warm(): Promise<unknown>;
}

/** Serves the server at the other end of a pipe until that closes it. */
export function serveExecution(pipe: Duplex, parts: ServedParts): void {
  const served = new ServedExecution(pipe);
  takeFrames<ToProcess>(
    pipe,
    (message) => served.hear(message, parts),
    Number.POSITIVE_INFINITY,
    () => process.exit(1),
  );
  // Without its server nothing here is for anybody.
  pipe.on("close", () => process.exit(0));
  for (const level of CONSOLE_LEVELS) console[level] = (...said: unknown[]) => served.write(level, format(...said));
  // What a node left behind must not end the others.
  const tell = (error: unknown) => console.error(`What a node left behind failed: ${messageOf(error)}`);
  process.on("uncaughtException", tell);
  process.on("unhandledRejection", tell);
}

/** The call that is being carried out. */
const calls = new AsyncLocalStorage<number>();

/** Characters of a text on the console. */
const MOST_WRITTEN = 64 * 1024;

const LEVELS = ["debug", "info", "warn", "error"] as const satisfies readonly LogLevel[];

class ServedExecution {
  readonly #pipe: Duplex;
  readonly #calls = new CarriedCalls();
  readonly #values = new KnownValues();
  readonly #variables = new Map<number, { object: Record<string, unknown>; shared: SharedVariables }>();
  /** Results of rounds, by the key of their loop. */
  readonly #results = new Map<string, unknown[]>();
  readonly #sleeps = new Map<number, { resolve(ms: number): void; reject(error: unknown): void }>();
  #executables: NodeExecutorFactory | undefined;
  #runOver: AbortController | undefined;
  #sleepCount = 0;

  constructor(pipe: Duplex) {
    this.#pipe = pipe;
  }

  hear(message: ToProcess, parts: ServedParts): void {
    switch (message.type) {
      case "begin":
        return void this.#begin(message, parts);
      case "call":
        return calls.run(message.sent.call, () => this.#call(message.sent));
      case "abort":
        this.#calls.abort(message.call, new DOMException(message.message, message.name));
        return this.#say({ type: "stopped", call: message.call });
      case "slept": {
        const { sleep, answer } = message;
        const waiting = this.#sleeps.get(sleep);
        this.#sleeps.delete(sleep);
        return "thrown" in answer ? waiting?.reject(fromThrown(answer.thrown)) : waiting?.resolve(answer.value);
      }
      case "end":
        return this.#end();
    }
  }

  /** What a node, or what it left behind, writes to the console. */
  write(level: ConsoleLevel, text: string): void {
    this.#say({ type: "console", call: calls.getStore(), level, text: text.slice(0, MOST_WRITTEN) });
  }

  log(call: number, level: LogLevel, message: string, details: readonly unknown[]): void {
    const sendable = details.map((detail) => (isCloneable(detail) ? detail : messageOf(detail)));
    this.#say({ type: "log", call, level, message: String(message), details: sendable });
  }

  async #begin({ nodes, network, warms }: Extract<ToProcess, { type: "begin" }>, parts: ServedParts): Promise<void> {
    try {
      if (!network) closeNetwork(parts.threadModule);
      this.#executables = await parts.executables(nodes);
      this.#say({ type: "ready" });
      // What fails of it fails again where it is needed, and is told there.
      if (warms) await parts.warm().catch(() => {});
    } catch (error) {
      this.#say({ type: "unable", why: messageOf(error) });
    }
  }

  /** What nodes kept for the run is let go; then nothing holds the process, unless that takes a while. */
  #end(): void {
    if (this.#runOver === undefined) process.exit(0);
    this.#calls.abortAll("The execution is over");
    this.#runOver.abort();
    (this.#pipe as Duplex & { unref?(): void }).unref?.();
  }

  #call(sent: SentCall): void {
    const call = this.#callOf(sent);
    const work = () => {
      const parameters = this.#values.of(sent.parameters) as Record<string, unknown>;
      const executable = this.#executables?.getNodeExecutable(sent.type);
      if (executable === undefined) throw notIsolated(sent.type);
      const params = new ExecutableParams(call, parameters);
      // The call has the key of the step in its place.
      if (!Object.hasOwn(parameters, "executionId")) params.executionId = sent.executionId;
      const { items } = sent;
      if (items === undefined) return executable.execute(params);
      return executable.items?.(params, items.known, this.#roundsOf(sent, parameters, call));
    };
    this.#calls.begin(call, work, (answer) => this.#answer(sent, answer));
  }

  #callOf(sent: SentCall): Call {
    const { variables, nodeId, attempt, slowMo, debug, names } = sent;
    const { object, shared } = this.#variablesOf(variables.of);
    shared.give(variables.set);
    const run = { variables: object, slowMo, debug } as unknown as ConductorExecutionContext;
    const parent = this.#enclosing(sent.scopes, object);
    const input = this.#values.of(sent.input);
    const call = new Call(this.#ownerOf(sent), sent.call, nodeId, sent.key, input, parent, run, attempt, attempt);
    if (sent.inputIsRead) call.readsInput = true;
    if (sent.made.length > 0) call.isMade = (parameter) => sent.made.includes(parameter);
    call.names = () => {
      if ("thrown" in names) throw fromThrown(names.thrown);
      return names.value as Record<string, unknown>;
    };
    return call;
  }

  #variablesOf(number: number) {
    let known = this.#variables.get(number);
    if (known === undefined) {
      const object = {};
      known = { object, shared: new SharedVariables(object) };
      this.#variables.set(number, known);
    }
    return known;
  }

  #ownerOf({ call, errorsHandled, timeLimit, files, network, programs, trace, sleeps }: SentCall): CallOwner {
    const say = (message: FromProcess, of: Call) => {
      if (!of.over) this.#say(message);
    };
    const levels = Object.fromEntries(
      LEVELS.map((level) => [level, (text: string, ...details: unknown[]) => this.log(call, level, text, details)]),
    ) as Record<LogLevel, Log>;
    const sleep = (_: Call, ms: number) => this.#sleep(call, ms);
    const runEnd = () => {
      this.#runOver ??= new AbortController();
      return this.#runOver.signal;
    };
    return {
      log: Object.assign((text: string, ...details: unknown[]) => this.log(call, "info", text, details), levels),
      reportProgress: (of, percent, message) =>
        say(
          {
            type: "progress",
            call,
            percent: Number(percent),
            message: message === undefined ? message : String(message),
          },
          of,
        ),
      warn: (of, rule, message) => say({ type: "warn", call, rule: String(rule), message: String(message) }, of),
      errorsHandled: () => errorsHandled,
      timeLimit: () => timeLimit,
      files,
      network,
      programs,
      traceHeaders: () => trace,
      get runEnd() {
        return runEnd();
      },
      flows: undefined,
      asker: undefined,
      // Of what keeps executions, only waits are asked for here.
      recorder: sleeps ? ({ sleep } as unknown as Recorder) : undefined,
    };
  }

  #sleep(call: number, ms: number): Promise<number> {
    const sleep = ++this.#sleepCount;
    return new Promise((resolve, reject) => {
      this.#sleeps.set(sleep, { resolve, reject });
      this.#say({ type: "sleep", call, sleep, ms });
    });
  }

  #roundsOf({ items, key, type, nodeId }: SentCall, parameters: Record<string, unknown>, call: Call): LoopRounds {
    const { known = 0, first = 0, results: added = [] } = items ?? {};
    const results = (this.#results.get(key) ?? []).slice(0, first);
    // Results that are not kept leave holes.
    results.length = first;
    results.push(...added);
    this.#results.set(key, results);
    const node = { id: nodeId, type, parameters } as NodeDefinition;
    return { results, list: (most): LoopItems => itemsOf(node, call.input, known, most) };
  }

  #enclosing(scopes: readonly SentScope[], variables: Record<string, unknown>): ConductorExecutionContext | undefined {
    return scopes.reduceRight<ConductorExecutionContext | undefined>(
      (parentContext, scope) =>
        ({
          nodeId: scope.nodeId,
          executionId: scope.executionId,
          variables: scope.variables === undefined ? variables : this.#values.of(scope.variables),
          input: this.#values.of(scope.input),
          parentContext,
          slowMo: scope.slowMo,
          debug: scope.debug,
        }) as ConductorExecutionContext,
      undefined,
    );
  }

  #answer({ call, nodeId, variables }: SentCall, answer: Answer): void {
    const { shared } = this.#variablesOf(variables.of);
    try {
      this.#say({ type: "answer", call, answer, variables: shared.take() });
    } catch (error) {
      if ("thrown" in answer) throw error;
      const { value, carried } = answer;
      const why = uncloneable({ output: value, ...(carried && { carried }) }) ?? messageOf(error);
      const message = `The output of node ${String(nodeId)}, which is isolated: ${why}. Use plain data`;
      throw coded("SERIALIZATION_FAILED", message, undefined);
    }
  }

  #say(message: FromProcess): void {
    sendFrame(this.#pipe, message);
  }
}

function notIsolated(type: string): Error {
  return coded(
    "IMPLEMENTATION_NOT_FOUND",
    `The process of an isolated execution has no node type \`${type}\`. Name the module that exports it in \`nodes\` of the ` +
      "isolation, or the type in `inServer`, which lets the server itself carry it out",
    undefined,
  );
}
