import { definedIn } from "@atomiton/values";
import { unlessAborted } from "../contract/abort.js";
import { adviceOf, codeOf, messageOf, NodeError, retryOf } from "../contract/error.js";
import type { Ask, LoopItems, LoopRounds, NodeExecutable, NodeParams, RunFlow } from "../contract/executable.js";
import { type FileAccess, fileAccess } from "../contract/file-access.js";
import { inputRead, parameterIsMade } from "../contract/input-read.js";
import { type NetworkAccess, networkAccess } from "../contract/network-access.js";
import { ownParameters } from "../contract/own-parameters.js";
import { programAccess } from "../contract/program-access.js";
import { type Responder, responder } from "../contract/responder.js";
import { isRouted } from "../contract/routed.js";
import { runEnd } from "../contract/run-end.js";
import { traceHeaders } from "../contract/trace-headers.js";
import { handleValue, isPlainObject, unwrap } from "../data/input.js";
import type { NodeType } from "../definition/node-type.js";
import { demandTable, isBacked, type Taker } from "../table/table-output.js";
import { parseParameters } from "./parameters.js";
import { wait } from "./wait.js";
import { letBeRead, letsRead } from "./written-files.js";

/** One execution of a node, with its parameters checked and completed. */
export interface NodeWork<P> {
  parameters: P;
  /** What the node's edges brought, untouched. */
  input: unknown;
  variables: unknown;
  /** The node's id in its flow. */
  nodeId: unknown;
  readonly signal: AbortSignal | undefined;
  /** The node's time limit in ms, if the author set one; the default of the definition does not count. */
  explicitTimeout: number | undefined;
  /** What the user code among the parameters reads by the names of expressions. */
  readonly names: Readonly<Record<string, unknown>> | undefined;
  /** Whether the flow does something about the node's failure: it asks for retries, takes its error, or goes on after it. */
  errorsHandled: boolean;
  /**
   * The same for every attempt at this step, also after a restart, and another for every other step; for effects that must
   * not happen twice. `undefined` where the caller names no execution.
   */
  readonly stepKey: string | undefined;
  /** Where the owner of the conductor lets nodes read and write files; `undefined` for anywhere. */
  readonly files: FileAccess | undefined;
  /** Where the owner of the conductor lets nodes connect; `undefined` for anywhere. */
  readonly access: NetworkAccess | undefined;
  /**
   * Whether nodes may run programs, which nothing keeps to `files` and `access`. Where these are limited, only if the owner of
   * the conductor says so.
   */
  readonly programs: boolean;
  /** Whether expressions of the node read what came before it, which is then not lost where the node itself leaves it out. */
  readonly inputIsRead: boolean;
  /** Whether a parameter is made by an expression. */
  isMade(parameter: string): boolean;
  /** Headers by which a trace goes on in requests of the node; `undefined` without tracing. */
  readonly traceHeaders: Readonly<Record<string, string>> | undefined;
  /** Fires when the run is over; `undefined` where no conductor calls. */
  readonly runEnd: AbortSignal | undefined;
  /** Tells how far the node is, 0–100, with a word about it; `undefined` where the caller does not take reports. */
  readonly progress: ((percent: number, message?: string) => void) | undefined;
  /** Runs another flow as a part of this run; `undefined` where no conductor calls. */
  readonly runFlow: RunFlow | undefined;
  /** Puts a question to people; `undefined` where no conductor calls. */
  readonly ask: Ask | undefined;
  /** Answers what began the run; `undefined` where nothing waits for an answer. */
  readonly respond: Responder | undefined;
  /**
   * Waits so many ms, and gives them; where the run is kept, over a restart, with the ms of the first start.
   *
   * @throws NodeError CANCELLED as soon as the signal fires
   */
  sleep(ms: number, signal?: AbortSignal): Promise<number>;
  /** Tells the flow's author something that does not keep the node from going on; `rule` names its kind in kebab case. */
  warn(rule: string, message: string): void;
  /** Whether the flow gives a parameter, if only by an expression whose value is `undefined`. */
  isGiven(name: keyof P & string): boolean;
  /** A value under an input handle if it is there, else the parameter of that name. */
  given<K extends keyof P & string>(name: K): unknown;
}

/** A parameter that may come over an edge to a port of another name, or in another form. */
export interface PortParameter {
  parameter: string;
  /** Its text in what the edges brought, if it is there. */
  textIn(input: unknown): string | undefined;
}

/**
 * An executable of this library: checks the parameters, runs, and puts the type's name in front of what fails.
 * Errors keep their code. A parameter named in `fromPorts` that is not set may come as text over an edge instead. Streams of rows
 * come as tables unless it takes them as they are. One that tells of the files that it reads (`tellsReads`) reads no others.
 */
export function executable<P>(
  nodeType: NodeType,
  run: (work: NodeWork<P>) => Promise<unknown>,
  options: { fromPorts?: readonly (string | PortParameter)[]; takesStreams?: boolean; tellsReads?: boolean } = {},
): NodeExecutable<NodeParams> {
  const mayRead = options.tellsReads !== true && letsRead(nodeType);
  return {
    async execute(params) {
      const input = Object.hasOwn(params, "input") ? params["input"] : undefined;
      const brought = options.fromPorts === undefined ? undefined : parametersFromPorts(input, options.fromPorts);
      const given = ownOf(params);
      const parsed = parseParameters(nodeType, brought === undefined ? given : { ...brought, ...definedIn(given) });
      // Only the first node of its type waits, for the check to be made.
      const parameters = (parsed instanceof Promise ? await parsed : parsed) as P;
      try {
        const work = new Work(params, parameters, input);
        const demanded = options.takesStreams === true ? undefined : demandTables(input, work);
        if (demanded !== undefined) await demanded;
        if (mayRead && (parameters as { operation?: unknown }).operation !== "write") letBeRead(() => work.runEnd);
        return await run(work);
      } catch (error) {
        throw named(nodeType, error);
      }
    },
  };
}

/**
 * The work of one attempt. What the conductor makes at demand is asked for at demand here as well, by getters of the prototype: an
 * object with getters of its own costs more than many nodes do.
 */
class Work<P> implements NodeWork<P> {
  readonly #params: NodeParams;
  readonly variables: unknown;
  readonly nodeId: unknown;

  constructor(
    params: NodeParams,
    readonly parameters: P,
    readonly input: unknown,
  ) {
    this.#params = params;
    this.variables = params["variables"];
    this.nodeId = params["nodeId"];
  }

  get signal(): AbortSignal | undefined {
    return signalOf(this.#params);
  }

  get explicitTimeout(): number | undefined {
    return timeLimitOf(this.#params, this.parameters as { timeout?: number });
  }

  get names(): NodeParams["names"] {
    return this.#ofConductor("names");
  }

  get errorsHandled(): boolean {
    return this.#ofConductor("errorsHandled") === true;
  }

  get stepKey(): string | undefined {
    return stepKeyOf(this.#params);
  }

  get files(): FileAccess | undefined {
    return this.#params[fileAccess];
  }

  get access(): NetworkAccess | undefined {
    return this.#params[networkAccess];
  }

  get programs(): boolean {
    return this.#params[programAccess] ?? (this.files === undefined && this.access === undefined);
  }

  get inputIsRead(): boolean {
    return this.#params[inputRead] === true;
  }

  isMade(parameter: string): boolean {
    return this.#params[parameterIsMade]?.(parameter) === true;
  }

  get traceHeaders(): Readonly<Record<string, string>> | undefined {
    return this.#params[traceHeaders];
  }

  get runEnd(): AbortSignal | undefined {
    return this.#params[runEnd];
  }

  get progress(): NodeParams["progress"] {
    const { progress } = this.#params;
    return typeof progress === "function" ? progress : undefined;
  }

  get runFlow(): RunFlow | undefined {
    return this.#ofConductor("runFlow");
  }

  get ask(): Ask | undefined {
    return this.#ofConductor("ask");
  }

  get respond(): Responder | undefined {
    return this.#params[responder];
  }

  /** What a conductor gives; a parameter may bear the name. */
  #ofConductor<Name extends "names" | "errorsHandled" | "runFlow" | "ask">(name: Name): NodeParams[Name] | undefined {
    return Object.hasOwn(this.#params, name) ? undefined : this.#params[name];
  }

  readonly sleep = (ms: number, signal = this.signal): Promise<number> => sleep(this.#params, ms, signal);

  readonly warn = (rule: string, message: string): void => {
    if (typeof this.#params.warn === "function") this.#params.warn(rule, message);
  };

  readonly isGiven = (name: keyof P & string): boolean => Object.hasOwn(this.#params, name);

  given<K extends keyof P & string>(name: K): unknown {
    const { input } = this;
    const value = isPlainObject(input) && Object.hasOwn(input, name) ? input[name] : undefined;
    return value === undefined ? this.parameters[name] : value;
  }
}

/** Makes tables of streams that edges brought, without reading what is made when it is read; `undefined` where there are none. */
function demandTables(input: unknown, taker: Taker): Promise<unknown> | undefined {
  if (isBacked(input)) return demandTable(input, taker);
  if (!isPlainObject(input)) return undefined;
  const found: unknown[] = [];
  for (const handle of Object.keys(input)) {
    const value = dataIn(input, handle);
    if (isBacked(value)) found.push(value);
    if (!isRouted(value) || !isPlainObject(value)) continue;
    const carried = dataIn(value, "value");
    if (isBacked(carried)) found.push(carried);
  }
  return found.length === 0 ? undefined : demandAll(found, taker);
}

async function demandAll(outputs: readonly unknown[], taker: Taker): Promise<void> {
  for (const output of outputs) await demandTable(output, taker);
}

function dataIn(object: object, key: string): unknown {
  return Object.getOwnPropertyDescriptor(object, key)?.value;
}

/**
 * What a type of loop answers when it is asked for items: checks the parameters, and puts the type's name in front of what
 * fails, as {@link executable} does.
 */
export function itemsBy<P>(
  nodeType: NodeType,
  tell: (work: RoundWork<P>, known: number, rounds: LoopRounds) => Promise<LoopItems>,
): NonNullable<NodeExecutable<NodeParams>["items"]> {
  return async (params, known, rounds = NO_ROUNDS) => {
    const parameters = (await parseParameters(nodeType, ownOf(params))) as P;
    const explicitTimeout = timeLimitOf(params, parameters as { timeout?: number });
    const names = Object.hasOwn(params, "names") ? undefined : params.names;
    try {
      const signal = signalOf(params);
      const warn = (rule: string, message: string): void => {
        if (typeof params.warn === "function") params.warn(rule, message);
      };
      const work = {
        parameters,
        names,
        explicitTimeout,
        signal,
        warn,
        sleep: (ms: number) => sleep(params, ms, signal),
      };
      return await tell(work, known, rounds);
    } catch (error) {
      throw named(nodeType, error);
    }
  };
}

/** What there is of {@link NodeWork} between two rounds. */
export type RoundWork<P> = Pick<NodeWork<P>, "parameters" | "names" | "explicitTimeout" | "signal" | "sleep" | "warn">;

const NO_ROUNDS: LoopRounds = { results: [], list: () => ({ items: [], more: false }) };

async function sleep(params: NodeParams, ms: number, signal: AbortSignal | undefined): Promise<number> {
  const kept = Object.hasOwn(params, "sleep") ? undefined : params.sleep;
  if (kept !== undefined) return unlessAborted(kept(ms, signal), signal);
  await wait(ms, signal);
  return ms;
}

/** The error with the type's name in front, unless it names the type itself; it keeps its code. */
function named({ type }: NodeType, error: unknown): NodeError {
  const message = messageOf(error);
  const isNamed = message.startsWith(`Invalid ${type} parameters: `);
  return new NodeError(codeOf(error), isNamed ? message : `[${type}] ${message}`, {
    cause: error,
    advice: adviceOf(error),
    retry: retryOf(error),
  });
}

/** The node's id belongs to it, since nodes that are run by hand may share an execution. */
function stepKeyOf(params: NodeParams): string | undefined {
  const asked = Object.hasOwn(params, "idempotencyKey") ? undefined : params.idempotencyKey;
  const execution = asked ?? params["executionId"];
  return typeof execution === "string" ? `${execution}/${String(params["nodeId"] ?? "")}` : undefined;
}

function parametersFromPorts(input: unknown, ports: readonly (string | PortParameter)[]): Record<string, string> {
  const brought: Record<string, string> = {};
  for (const port of ports) {
    const name = typeof port === "string" ? port : port.parameter;
    const value = typeof port === "string" ? unwrap(handleValue(input, port)) : port.textIn(input);
    if (typeof value === "string") brought[name] = value;
  }
  return brought;
}

/** What the node is given; the context's only where nothing tells them apart. */
function ownOf(params: NodeParams): Readonly<Record<string, unknown>> {
  return params[ownParameters] ?? params;
}

/** What a policy says goes before the parameter. A parameter of another meaning may bear the name. */
function timeLimitOf(params: NodeParams, { timeout }: { timeout?: number }): number | undefined {
  const asked = Object.hasOwn(params, "timeLimit") ? undefined : params.timeLimit;
  return typeof asked === "number" ? asked : Object.hasOwn(params, "timeout") ? timeout : undefined;
}

function signalOf(params: NodeParams): AbortSignal | undefined {
  const { signal } = params;
  return signal instanceof AbortSignal ? signal : undefined;
}
