/**
 * What a page and its worker say to each other, over a port of their own. Only these two ever hear it, and both are of
 * the same build, so nothing in it has a version.
 *
 * The worker runs outlines; definitions, results, stores and listeners stay with the page. Runs and questions are
 * numbered by the page, calls of the page's executables by the worker.
 */
import type { RouteMarks } from "../engine/executables.js";
import type { FlowProblem } from "../engine/flows.js";
import type { LogLevel } from "../engine/log.js";
import type { RunOptions } from "../engine/options.js";
import type { KeptMessages } from "../engine/progress-messages.js";
import type { NodeDefinition } from "../types/definition.js";
import type { ExecutionError } from "../types/errors.js";
import type { ConductorExecutionContext, RunWarning } from "../types/execution.js";
import type { RetryRecord } from "../types/graph.js";
import type { NodeReports } from "../types/live-view.js";

/** Marks the first message, which goes to the worker itself, with its end of the port. */
export const SERVE = "@atomiton/conductor:serve";

/** That message: `lock` is the name of what the worker holds as long as it lives. */
export interface Handshake {
  type: typeof SERVE;
  lock: string;
}

/** Marks what goes to the worker itself as well: a WebAssembly module, and what follows every one of them. */
export const MODULE = "@atomiton/conductor:module";
export const GIVEN = "@atomiton/conductor:given";

/** The modules that a worker asks for when it first needs them: for user code, and for that in TypeScript. */
export type DemandedModule = "quickjs" | "typescript";
/** The modules that a worker gets: the engine comes unasked. */
export type ModuleName = "engine" | DemandedModule;

/**
 * A module, and that it was sent or why not. What cannot be read where it arrives causes no error: then the second
 * comes without the first.
 */
export type ModuleMessage =
  | { type: typeof MODULE; name: ModuleName; module: WebAssembly.Module }
  | { type: typeof GIVEN; name: ModuleName; thrown?: Thrown };

/** What of a definition the worker needs; what the page executes keeps its parameters there. */
export interface SentNode {
  /** A number for a node that the page executes: its index in the outline. */
  type: string | number;
  parameters?: Record<string, unknown>;
  /** The page's executable also tells the items. */
  items?: true;
}

/** An outline with what the worker needs of its definitions. */
export interface SentOutline {
  words: Uint32Array;
  length: number;
  names: string[];
  edges: number;
  nodes: SentNode[];
}

/** What the page may want of a run. `view` is answered when there is something new to be seen. */
export type Command = "start" | "cancel" | "pause" | "resume" | "watch" | "unwatch" | "view";

/** What an executable returned, or threw. */
export type Answer = ({ value: unknown } & RouteMarks) | { thrown: Thrown };

/** What was thrown, so that the other side can throw the like. */
export type Thrown =
  | {
      error: {
        name: string;
        message: string;
        stack: string;
        code?: string;
        advice?: string[];
        retry?: false | number;
      };
    }
  | { error?: undefined; value: unknown };

/** From the page. */
export type ToWorker =
  | {
      type: "open";
      run: number;
      outline: SentOutline;
      context: ConductorExecutionContext;
      options: RunOptions;
    }
  | { type: "command"; run: number; command: Command }
  | { type: "progress"; call: number; percent: number; message: string | undefined }
  | { type: "warn"; call: number; rule: string; message: string }
  | { type: "answer"; call: number; answer: Answer; variables: Variables | undefined }
  | {
      type: "validate";
      question: number;
      node: NodeDefinition;
      closed: boolean;
      /** JSON schemas of the page's own node types. */
      schemas: Record<string, unknown>;
    }
  | { type: "ping" };

/** Variables that were set since the last message about them. */
export type Variables = Record<string, unknown>;

/** A scope around a node, beside what all scopes of a run share. */
export type SentScope = Pick<ConductorExecutionContext, "nodeId" | "executionId" | "input">;

/** A node that the page is to execute. */
export interface SentCall {
  call: number;
  /** Its index in the outline. */
  node: number;
  /** For the items of a scope: how many are known. */
  known: number | undefined;
  nodeId: unknown;
  executionId: string;
  /** Missing where it is the input of the node that was run. */
  input?: { value: unknown };
  /** The scopes around it, the innermost first, up to what the page has itself. */
  scopes: SentScope[];
  /** That is what is around the node that was run, and not its own scope. */
  outside: boolean;
  attempt: number;
}

/** An error on its way: the page has the cause of what its own executables threw. */
export interface SentError extends Omit<ExecutionError, "cause"> {
  cause?: { call: number } | { value: unknown };
}

/** How a run ended, and what is left of it to look back at. */
export interface RunEnd {
  data: unknown;
  error?: SentError;
  /** By index in the outline; `undefined` for a node without one, and for what cannot be cloned. */
  outputs: unknown[];
  /** 1 for nodes that began, by index. */
  begun: Uint8Array;
  /** What the engine wrote behind the outline. */
  table: Uint32Array;
  options: Float64Array;
  journal: Uint32Array;
  messages: KeptMessages | undefined;
  warnings: RunWarning[] | undefined;
  retries: RetryRecord[] | undefined;
  startTime: number;
  endTime: number;
  duration: number;
  attempts: number;
  hasSucceeded: boolean;
}

/** From the worker. */
export type FromWorker =
  /** The first word; `held`: it holds the lock. */
  | { type: "ready"; held: boolean }
  /** Instead of that: the engine cannot start here. */
  | { type: "unable"; why: string }
  /** User code is to run, for which the page has the module. */
  | { type: DemandedModule }
  | { type: "pong" }
  /** Whether it can be run. */
  | { type: "opened"; run: number; can: boolean }
  | { type: "broken"; run: number; error: SentError }
  /** Something happened since the last word about this run. */
  | { type: "stepped"; run: number }
  | { type: "view"; run: number; numbers: Float64Array; told: NodeReports }
  /** Changes of a watched run, as `engine/view-numbers.ts` has them. */
  | { type: "changes"; run: number; changes: number[]; told: NodeReports }
  | { type: "done"; run: number; end: RunEnd; told: NodeReports; variables: Variables | undefined }
  | { type: "call"; run: number; call: SentCall; variables: Variables | undefined }
  | { type: "abort"; run: number; call: number; name: string; message: string }
  | { type: "log"; run: number; level: LogLevel; message: string; details: unknown[] }
  | { type: "problems"; question: number; problems: FlowProblem[] }
  | { type: "unknown"; question: number; thrown: Thrown };
