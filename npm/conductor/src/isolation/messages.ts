/**
 * What a server's process and the process of an isolated execution say to each other. Both are of the same build, so nothing in it
 * has a version. Calls are numbered by the server.
 */
import type { FileAccess, NetworkAccess } from "@atomiton/nodes";
import type { RouteMarks } from "../engine/executables.js";
import type { LogLevel } from "../engine/log.js";
import type { ConductorExecutionContext } from "../types/execution.js";
import type { TraceHeaders } from "../types/tracing.js";
import type { Thrown, Variables } from "../worker/messages.js";

/** Methods of the console that nodes may write with. */
export const CONSOLE_LEVELS = ["debug", "log", "info", "warn", "error"] as const satisfies readonly (keyof Console)[];
export type ConsoleLevel = (typeof CONSOLE_LEVELS)[number];

/** A value that may be sent several times: it goes once, and is then named by its number. */
export type Ref = { value: unknown } | { ref: number; value: unknown } | { ref: number };

/** A scope around a node, the innermost first. */
export interface SentScope extends Pick<ConductorExecutionContext, "nodeId" | "executionId"> {
  slowMo: unknown;
  debug: unknown;
  input: Ref;
  /** Missing where they are those of the node. */
  variables?: Ref;
}

/** A node that is to be carried out. */
export interface SentCall {
  call: number;
  type: string;
  parameters: Ref;
  nodeId: unknown;
  executionId: unknown;
  /** The same for every attempt at this step. */
  key: string;
  input: Ref;
  /** Which variables the node has, and those of them that were set since the last message about them. */
  variables: { of: number; set: Variables | undefined };
  scopes: SentScope[];
  slowMo: unknown;
  debug: unknown;
  attempt: number;
  errorsHandled: boolean;
  /** ms; 0 for none. */
  timeLimit: number;
  /** What the node's user code reads of expressions. */
  names: { value: Record<string, unknown> | undefined } | { thrown: Thrown };
  files: FileAccess | undefined;
  network: NetworkAccess | undefined;
  programs: boolean | undefined;
  /** Whether expressions of the node read its input, or the output of a node. */
  inputIsRead: boolean;
  /** Names of parameters that are made by expressions. */
  made: readonly string[];
  /** Headers for requests of the node; missing without tracing. */
  trace: TraceHeaders | undefined;
  /** Whether waits are kept by the server. */
  sleeps: boolean;
  /** For the items of a loop: how many are known, and the results of rounds from `first` on. */
  items: { known: number; first: number; results: readonly unknown[] } | undefined;
}

/** What an executable returned, or threw. */
export type Answer = ({ value: unknown } & RouteMarks) | { thrown: Thrown };

/** From the server. */
export type ToProcess =
  /**
   * The first word. `nodes`: addresses of modules with node types; `network`: whether there is any; `warms`: whether there is time to
   * load what most executions need.
   */
  | { type: "begin"; nodes: readonly string[]; network: boolean; warms: boolean }
  | { type: "call"; sent: SentCall }
  | { type: "abort"; call: number; name: string; message: string }
  | { type: "slept"; sleep: number; answer: { value: number } | { thrown: Thrown } }
  /** The execution is over. */
  | { type: "end" };

/** From the process. */
export type FromProcess =
  | { type: "ready" }
  /** Instead of that: a module of node types cannot be loaded. */
  | { type: "unable"; why: string }
  | { type: "answer"; call: number; answer: Answer; variables: Variables | undefined }
  /** It heard that a call is to stop. */
  | { type: "stopped"; call: number }
  | { type: "progress"; call: number; percent: number; message: string | undefined }
  | { type: "warn"; call: number; rule: string; message: string }
  /** What a node writes to the console, or left behind. */
  | { type: "console"; call: number | undefined; level: ConsoleLevel; text: string }
  | { type: "log"; call: number; level: LogLevel; message: string; details: readonly unknown[] }
  | { type: "sleep"; call: number; sleep: number; ms: number };
