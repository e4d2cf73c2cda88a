import type { Effects, EffectsOf } from "./effects.js";
import type { NodeErrorCode } from "./error.js";
import type { FileAccess, fileAccess } from "./file-access.js";
import type { inputRead, parameterIsMade } from "./input-read.js";
import type { NetworkAccess, networkAccess } from "./network-access.js";
import type { ownParameters } from "./own-parameters.js";
import type { programAccess } from "./program-access.js";
import type { Responder, responder } from "./responder.js";
import type { runEnd } from "./run-end.js";
import type { traceHeaders } from "./trace-headers.js";

/**
 * What an executable is called with: one flat object of the run's context keys (`nodeId`, `executionId`, `variables`,
 * `input`, `parentContext`, `slowMo`, `debug`) with the node's parameters over them. The rest are getters of its
 * prototype, present when a conductor calls and absent when a test calls by hand.
 */
export interface NodeParams {
  readonly [key: string]: unknown;
  readonly input?: unknown;
  readonly signal?: AbortSignal;
  readonly attempt?: number;
  /** The same for every attempt at this step, also after a restart. */
  readonly idempotencyKey?: string;
  /** Tells how far the node is: 0–100. */
  readonly progress?: (percent: number, message?: string) => void;
  /** Whether the flow does something about the node's failure: it asks for retries, takes its error, or goes on after it. */
  readonly errorsHandled?: boolean;
  /** How long the attempt may take in ms, if the flow says. */
  readonly timeLimit?: number;
  /** The names of expressions that the user code among the parameters reads, with their values. */
  readonly names?: Readonly<Record<string, unknown>>;
  /** Puts something that the flow's author should know of into the result's `warnings`; `rule` is in kebab case. */
  readonly warn?: (rule: string, message: string) => void;
  /** Runs another flow as a part of this run. */
  readonly runFlow?: RunFlow;
  /** Puts a question to people. */
  readonly ask?: Ask;
  /** Waits in a way that outlasts the process; missing where the run is not kept in a store. */
  readonly sleep?: Sleep;
  /** Where the owner of the conductor lets nodes read and write files, if that is not everywhere. */
  readonly [fileAccess]?: FileAccess;
  /** Where the owner of the conductor lets nodes connect, if that is not everywhere. */
  readonly [networkAccess]?: NetworkAccess;
  /** Whether nodes may run programs, if the owner of the conductor says. */
  readonly [programAccess]?: boolean;
  /** Answers what began the run; missing where nothing waits for an answer. */
  readonly [responder]?: Responder;
  /** Headers by which a trace goes on in requests of the node; missing without tracing. */
  readonly [traceHeaders]?: Readonly<Record<string, string>> | undefined;
  /** Whether expressions of the node read its input, or the output of a node; missing where that is not known. */
  readonly [inputRead]?: boolean | undefined;
  /** Whether a parameter is made by an expression; missing where none is. */
  readonly [parameterIsMade]?: ((name: string) => boolean) | undefined;
  /** Fires when the run is over. */
  readonly [runEnd]?: AbortSignal;
  /** The node's parameters by themselves: `variables` may be one of them, as well as the context's. */
  readonly [ownParameters]?: Readonly<Record<string, unknown>>;
}

/** A flow that a node makes itself. */
export interface InnerFlow {
  readonly id: string;
  readonly type: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly nodes: readonly Readonly<Record<string, unknown>>[];
  readonly edges: readonly Readonly<Record<string, unknown>>[];
}

/**
 * Runs a flow that is named by its id, or by the path of its file, or one that the node makes, and gives what it gave. A node that runs
 * several gives each a `key`, which is the same after a restart for what is to be the same run. Rejects with the error of the flow,
 * NODE_NOT_FOUND for a flow that does not exist, INVALID_PARAMETERS for variables that it does not declare.
 */
export type RunFlow = (
  flow: string | InnerFlow,
  given: { input: unknown; variables: Readonly<Record<string, unknown>>; key?: string },
) => Promise<unknown>;

/**
 * Waits so many ms, and resolves with them; rejects when `signal` fires. The end of the wait is recorded: when the node starts again after
 * a restart, its first call of `sleep` ends when that of the lost start would have, with the ms of that, and its second one likewise. An execution in
 * which all nodes do nothing but sleep and ask leaves memory meanwhile, and its nodes start again when it goes on. So a node
 * sleeps before it does anything that must not be done twice, and does nothing else while it sleeps.
 */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<number>;

/** A question that a node puts to people. */
export interface NodeQuestion {
  /** What is asked. */
  message: string;
  /** JSON Schema of the answer; missing where anything is one. */
  form?: Readonly<Record<string, unknown>>;
  /** What people see beside it. */
  data?: unknown;
  /** How long it is open, in ms; missing for as long as it takes. */
  waitFor?: number;
}

/**
 * Puts a question to people, and resolves with the answer that they give.
 *
 * @param check says what is wrong with an answer, which is then refused, or `undefined`
 * @param signal ends the question
 */
export type Ask = (
  question: NodeQuestion,
  check: (answer: unknown) => string | undefined,
  signal: AbortSignal,
) => Promise<unknown>;

/**
 * A node type's behaviour: the one type of it in all packages. A factory takes executables that return their output at once
 * as well, which are `NodeExecutable<any, unknown>`.
 */
// biome-ignore lint/suspicious/noExplicitAny: each type has parameters of its own
export interface NodeExecutable<Params = any, Output = Promise<unknown>> {
  /** Gets the context's keys and the node's parameters in one flat object; returns the output, or a promise of it. */
  execute(params: Params): Output;
  /**
   * For a node that runs its children once per item: the items, or {@link LoopItems} when more may follow; then it is
   * asked again when these are done, with the number already known.
   */
  items?(params: Params, known: number, rounds?: LoopRounds): unknown;
  /** What carrying out a node does to the world, for all nodes or by their parameters. Default: `writes`. */
  effects?: Effects | EffectsOf;
  /**
   * Changes with what `execute` does. Outputs that a cache keeps beyond the process are taken again only by the same version; of
   * a type without one, they are taken again only within the process that made them. An execution that is kept goes on only with the
   * major version, the number before the first dot, that it began with.
   */
  version?: string;
  /** Why no node of the type runs in this place, such as a page; it fails with that. Missing where it runs. */
  refused?: { readonly code: NodeErrorCode; readonly message: string };
}

/** Items of a loop. */
export interface LoopItems {
  /** Those beyond the known ones. */
  items: unknown[];
  /** There may be more. */
  more: boolean;
  /** How many there will be in all, where that is known. */
  total?: number | undefined;
  /** Which results of rounds are kept: all of them unless it is given. `last`: the output is what the last round gave. */
  keeps?: "last" | "none";
}

/** What a loop knows of its rounds. A page's own executable that a worker asks does not get it. */
export interface LoopRounds {
  /** What the rounds gave so far, by their number. Of results that are not kept, those since it was last asked. */
  results: readonly unknown[];
  /** What the conductor would loop over: the next items of what the parameters and the input say, as many at most. */
  list(most?: number): LoopItems;
}
