/** One execution of a conductor: what is known of it from its start to its result. */
import type { Responder } from "@atomiton/nodes";
import type { ExecutionExecutables, NodeExecutorFactory } from "../engine/executables.js";
import { safelyThrown } from "../engine/failure.js";
import type { FollowedRun } from "../engine/followed-run.js";
import type { RunView } from "../engine/view.js";
import type { Registered } from "../executions/registry.js";
import type { Redaction } from "../expressions/redaction.js";
import type { ActiveExecution } from "../services/node.js";
import type { ExecutionError } from "../types/errors.js";
import type { ConductorExecutionContext, ExecutionResult, RunWarning } from "../types/execution.js";
import type { TraceSpan } from "../types/tracing.js";
import type { KeptRun } from "./durable/kept-run.js";

/** An execution that left memory and goes on later. */
export class Left {
  constructor(
    readonly place: ActiveExecution,
    readonly wakeAt: number | undefined,
  ) {}
}

/** One execution that is not over. It may be cancelled before its run exists. */
export interface Execution extends ExecutionRef, Registered {
  /** ms since the epoch. */
  startTime: number;
  /** It starts nothing more until it is resumed. */
  paused: boolean;
  /** Those of the executions that it was started from within, the nearest first. */
  parents: readonly string[];
  context: ConductorExecutionContext;
  /** Who waits for its result beside the one who started it. */
  waiting: ((result: ExecutionResult) => void)[] | undefined;
  /** Once those were told, just before it is not active any more. */
  result: ExecutionResult | undefined;
  cancelled: boolean;
  /** Starts the run, where a pause came before that. */
  begin: (() => void) | undefined;
  run: FollowedRun | undefined;
  /** How that looks, once it is about to start. */
  view?: RunView;
  /** What its nodes must not say, and those of the executions that it starts; missing where there is nothing. */
  secrets: Redaction | undefined;
  /** It is a part of another one: listeners and stores hear nothing of it, only this is told how far it is, 0–100. */
  onProgress: ((percent: number) => void) | undefined;
  /** Takes the answer to what began it, or what is around it; missing where nothing waits for one. */
  responder: Responder | undefined;
  /** Those of the run that it is a part of. */
  executables: NodeExecutorFactory | undefined;
  /** Says that its end was told; missing before it ends, and where it is not kept. */
  toldEnd?: () => void;
  /** Its span; missing without tracing. */
  span: TraceSpan | undefined;
  /** When it is told next, in ms since the epoch. */
  tellAt?: number;
  /** Why no store has it, or what its request said about it. */
  notKept?: string;
  /** What of its context is doubtful, such as values for its variables. */
  doubts?: readonly Doubt[];
}

/** Something that a run is warned of. */
export type Doubt = Pick<RunWarning, "rule" | "message">;

/** What is known of an execution that was there before, or is a part of another one. */
export interface Carried {
  kept?: KeptRun;
  key?: string;
  executables?: NodeExecutorFactory | undefined;
  /** What of its context is doubtful. */
  doubts?: readonly Doubt[];
  /** The span of the node that runs it. */
  around?: TraceSpan | undefined;
}

/** Where an execution stands among those that start each other. */
export type ExecutionLineage = Pick<ConductorExecutionContext, "executionId"> & {
  parentContext?: Pick<ConductorExecutionContext, "executionId" | "parentContext"> | undefined;
};

/** An execution whose flow is being looked for. */
export type Coming = ActiveExecution & Registered & { cancelled: boolean };

/** What names an execution. */
export type ExecutionRef = Pick<ConductorExecutionContext, "nodeId" | "executionId">;

/** The span of an execution as events name it. */
export function traceOf({ span }: Execution): { trace?: ReturnType<TraceSpan["ids"]> } {
  return span === undefined ? {} : { trace: span.ids() };
}

/** Why an execution fails whose nodes cannot be carried out any more. */
export function lostOf({ lost }: ExecutionExecutables, { nodeId, executionId }: Execution): ExecutionError | undefined {
  return lost && safelyThrown(lost.error, { nodeId: lost.nodeId ?? nodeId, executionId });
}

const MIB = 1024 * 1024;

/** What is said of the `config.maxMemory` of a request where an execution is held to something else. */
export function unkeptMemory(wanted: unknown, memory: number | undefined): string | undefined {
  if (wanted === undefined || wanted === null || (memory !== undefined && wanted === memory / MIB)) return undefined;
  const found = `\`config.maxMemory\` of the request, ${JSON.stringify(wanted) ?? String(wanted)}, is not kept: `;
  if (memory !== undefined) return `${found}the limit of this execution is ${memory / MIB} MiB`;
  return `${found}this execution is not isolated. A server holds executions to it that it isolates (\`isolation\`)`;
}

/** Lets it start nothing more. */
export function hold(execution: Execution): void {
  execution.paused = true;
  execution.run?.pause();
}

/** Lets it go on. */
export function release(execution: Execution): void {
  const { begin } = execution;
  execution.paused = false;
  if (execution.run !== undefined) execution.run.isPaused = false;
  execution.begin = undefined;
  if (begin === undefined) execution.run?.resume();
  else if (execution.run?.isFinished === false) begin();
}

/** Stops it, also before its run exists. */
export function stop(execution: Execution): void {
  execution.cancelled = true;
  execution.run?.cancel();
}

/** Levels of executions that start each other, beyond which no parent is looked for. */
const MAX_PARENTS = 1000;

const NO_PARENTS: readonly string[] = Object.freeze([]);

/** The ids of the executions around one, as they are when it begins: contexts are in the hands of executables. */
export function parentsOf(context: ExecutionLineage["parentContext"] | null): readonly string[] {
  if (context === undefined || context === null) return NO_PARENTS;
  const ids: string[] = [];
  let at: ExecutionLineage | null | undefined = context;
  try {
    for (let depth = 1; at !== undefined && at !== null && depth < MAX_PARENTS; depth++) {
      const id: unknown = at.executionId;
      if (typeof id === "string") ids.push(id);
      at = at.parentContext;
    }
  } catch {
    // A context that does not let itself be read leads no further up.
  }
  return ids;
}
