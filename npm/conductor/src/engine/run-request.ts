/** What a run is given, and what it gives. */
import type { FileAccess, NetworkAccess, Responder } from "@atomiton/nodes";

import type { Redaction } from "../expressions/redaction.js";
import type { ExecutionError } from "../types/errors.js";
import type { ConductorExecutionContext } from "../types/execution.js";
import type { RetryRecord } from "../types/graph.js";
import type { LogScope } from "../types/log-scope.js";
import type { TraceSpan } from "../types/tracing.js";
import type { Asker, FlowRunner } from "./call.js";
import type { CallOutcome } from "./calls.js";
import type { NodeExecutorFactory } from "./executables.js";
import type { ExpressionSources } from "./expression-scope.js";
import type { Log } from "./log.js";
import type { RunOptions } from "./options.js";
import type { Plan } from "./plan.js";
import type { KeptMessages } from "./progress-messages.js";
import type { History, Inheritance, Recorder, ReplayObserver } from "./recorder.js";
import type { RunRedact } from "./redact.js";
import type { OutputReuse } from "./reuse.js";
import type { FollowTasks } from "./task-spans.js";
import type { Values } from "./values.js";

/** What is known of a run that is only looked at. */
export interface RunPast {
  /** In ms since the epoch. */
  startedAt: number;
  /** What ended it, where its journal does not tell. */
  error: ExecutionError | undefined;
}

/** What a run is given. */
export interface RunRequest {
  /** Of the node that is run: exactly the seven keys. */
  context: ConductorExecutionContext;
  executables: NodeExecutorFactory | undefined;
  options: RunOptions;
  log: Log;
  /** What expressions may read beside the flow's own data. */
  expressions?: ExpressionSources | undefined;
  /** What nodes must not say: secrets of the run and of those around it, and redacted texts. */
  secrets?: Redaction | undefined;
  /** What is shown of values; missing where all of them are. */
  redact?: RunRedact | undefined;
  /** How nodes run other flows; missing where they cannot. */
  flows?: FlowRunner | undefined;
  /** How nodes put questions to people; missing where they cannot. */
  asker?: Asker | undefined;
  /** Takes the answer to what began the run; missing where nothing waits for one. */
  responder?: Responder | undefined;
  /** Where nodes may read and write files, if not everywhere. */
  files?: FileAccess | undefined;
  /** Where nodes may connect, if not everywhere. */
  network?: NetworkAccess | undefined;
  /** Whether nodes may run programs, if the owner says. */
  programs?: boolean | undefined;
  /** Waits and throws in the place of leaves; missing where none is simulated. */
  simulate?: Simulate | undefined;
  /** Outputs that were made before; missing where every node is to run. */
  reuse?: OutputReuse | undefined;
  /** Keeps what happens, for a run that is to outlast its process. */
  recorder?: Recorder | undefined;
  /** What happened before, at a host that is gone. */
  history?: History | undefined;
  /** Nodes, by their place in the outline, that start once what came before is on disk. */
  held?: readonly number[] | undefined;
  /** Nothing more is to happen than did before. */
  past?: RunPast | undefined;
  /** Nothing happens but that the run is paused, and leaves memory. */
  pauses?: boolean;
  /** Makes what says which answers of another execution are taken over; missing for a run that takes over none. */
  inheritance?: ((plan: Plan, values: Values) => Inheritance) | undefined;
  /** Makes what is told of what happened before. */
  observe?: ((plan: Plan, values: Values) => ReplayObserver) | undefined;
  /** Why a run that its host could not carry out fails, whatever was to go on after errors; gives `undefined` for every other one. */
  lost?: (() => ExecutionError | undefined) | undefined;
  /** The span of the execution; missing without tracing. */
  tracing?: { span: TraceSpan; follow: FollowTasks } | undefined;
  /** Told of each call of a node that ended; missing without metrics. */
  countCall?: ((type: string, outcome: CallOutcome) => void) | undefined;
  /** Says what is logged meanwhile is about; missing where no log tells. */
  inLogScope?: (<T>(of: Pick<LogScope, "nodeId" | "trace">, work: () => T) => T) | undefined;
  /** Told before it is recorded that the run is over. */
  onEnding?: (() => void) | undefined;
  /** Told once per change while watched: the task, its state and progress packed, the step of the animation, and when, unless it is now. */
  onChange?: (task: number, packed: number, step: number, time?: number) => void;
  /** Told of a node that waits for another try. */
  onRetry?: (node: number) => void;
  /** Told after each step in which something happened. */
  onStep?: () => void;
}

/** Waits and throws in the place of a leaf; gives `undefined` for one that is not simulated. `say` is told of each wait. */
export type Simulate = (
  nodeId: string,
  signal: () => AbortSignal,
  say: (ms: number, fails: boolean) => void,
) => Promise<void> | undefined;

/** How a run ended. */
export interface Outcome {
  /** Why it did not succeed. */
  error?: ExecutionError;
  /** Output of the node that was run. */
  data: unknown;
  /** It is not over: it left memory, and goes on from its records, at `wakeAt` in ms since the epoch if not before. */
  left?: { wakeAt: number | undefined };
}

/** What is left of a run to look back at: its journal, the options it ran with, and what its executables said meanwhile. */
export interface Recording {
  options: Float64Array;
  journal(): Uint32Array;
  messages: KeptMessages | undefined;
  /** Tries that were followed by others. */
  retries?: RetryRecord[] | undefined;
}
