/** The runs of one conductor: starting them, telling about them, stopping them. */
import { Run } from "../engine/driver.js";
import { failure } from "../engine/failure.js";
import { problemText, shapeProblems } from "../engine/flows.js";
import { createLog, type Log } from "../engine/log.js";
import { outlineOf } from "../engine/outline.js";
import { RunView } from "../engine/view.js";
import type { ConductorEventEmitter } from "../events/emitter.js";
import type { NodeDefinition } from "../types/definition.js";
import type { ErrorCode, ExecutionError } from "../types/errors.js";
import type { ConductorExecutionContext, ExecutionResult } from "../types/execution.js";
import { createExecutionId, toNodeId } from "../types/ids.js";
import { RunResult, runTrace } from "./result.js";
import { type ConductorConfig, environmentDefaults, runOptions } from "./settings.js";
import type { StoreFeed } from "./store.js";

/** From this many direct children on, a flow is analysed only after the host had its turn. */
const LARGE_FLOW = 50;

/** One execution that is not over. It may be cancelled before its run exists. */
interface Execution {
  context: ConductorExecutionContext;
  run?: Run;
  cancelled: boolean;
}

/** See the module's description. */
export class Runs {
  /** Runs that are not over, by execution id; ids that callers choose may be used more than once at a time. */
  private readonly active = new Map<string, Set<Execution>>();
  private readonly defaults = environmentDefaults();

  constructor(
    private readonly config: ConductorConfig,
    private readonly events: ConductorEventEmitter,
    private readonly feed: StoreFeed,
    private readonly log: Log,
  ) {}

  /** Runs a node, or a flow. Rejects only for a node without id; whatever else goes wrong is in the result. */
  async run(node: NodeDefinition, given?: Partial<ConductorExecutionContext>): Promise<ExecutionResult> {
    const context = contextOf(node, given);
    const { executionId, nodeId } = context;
    const execution: Execution = { context, cancelled: false };
    this.begin(execution);
    try {
      this.events.emitStarted({ executionId, nodeId });
      const startedAt = Date.now();
      if ((node.nodes?.length ?? 0) >= LARGE_FLOW) await undefined;
      if (execution.cancelled) return this.cancelledAtOnce(context);
      const view = this.open(node, execution);
      if (view === undefined) return this.refuse(node, context, startedAt);
      return await this.follow(view, execution);
    } finally {
      this.end(execution);
    }
  }

  /** Stops all runs of an execution, and those that they started. */
  cancel(executionId: string): boolean {
    let found = false;
    for (const [id, executions] of this.active) {
      for (const execution of [...executions]) {
        if (!isWithin(id, executionId) && !isChild(execution.context, executionId)) continue;
        stop(execution);
        found = true;
      }
    }
    return found;
  }

  /** Stops everything. */
  cancelAll(): void {
    for (const executions of [...this.active.values()]) for (const execution of [...executions]) stop(execution);
  }

  /** Opens the run of an execution; `undefined` when the flow cannot be run. */
  private open(node: NodeDefinition, { context }: Execution): RunView | undefined {
    const { executionId } = context;
    const { events, feed } = this;
    let view: RunView | undefined;
    const run = Run.open(outlineOf(node), {
      context,
      executables: this.config.nodeExecutorFactory,
      options: runOptions(this.config, this.defaults, node, context),
      log: context.debug ? createLog("debug") : this.log,
      onChange: (index, packed, step) => {
        const state = view?.change(index, packed, step);
        if (view !== undefined && state !== undefined) feed.changed(view, state);
      },
      onStep: () => {
        if (view === undefined) return;
        feed.stepped(view);
        if (events.hasProgressListeners) events.emitProgress(view.look, executionId);
      },
    });
    if (run !== undefined) view = new RunView(run);
    return view;
  }

  private async follow(view: RunView, execution: Execution): Promise<ExecutionResult> {
    const { context } = execution;
    const { executionId } = context;
    const { events, feed } = this;
    const { run } = view;
    execution.run = run;
    feed.show(view);
    if (events.hasProgressListeners) events.emitProgress(view.look, executionId);
    run.start();
    const outcome = await run.done;
    feed.stepped(view, () => runTrace(run));
    events.flushProgress(executionId);
    events.endProgress(executionId);
    return this.conclude(context, new RunResult(run, outcome, context, Math.round(run.duration)));
  }

  private refuse(node: NodeDefinition, context: ConductorExecutionContext, startedAt: number): ExecutionResult {
    const { executionId, nodeId } = context;
    const [problem] = shapeProblems(node);
    const code: ErrorCode = problem?.code ?? "INTERNAL_ERROR";
    const message = problem === undefined ? "The flow could not be compiled" : problem.message;
    const error: ExecutionError = failure(code, message, { nodeId, executionId }, {
      stack: new Error(message).stack as string,
      context: problem === undefined ? {} : { path: problem.path, nodeId: problem.nodeId, text: problemText(problem) },
    });
    const duration = Date.now() - startedAt;
    return this.conclude(context, { success: false, error, duration, executedNodes: [nodeId], context });
  }

  /** A listener for `started` cancelled the execution: nothing runs. */
  private cancelledAtOnce(context: ConductorExecutionContext): ExecutionResult {
    const { nodeId, executionId } = context;
    const error = failure("CANCELLED", "Execution cancelled", { nodeId, executionId });
    return this.conclude(context, { success: false, error, duration: 0, executedNodes: [], context });
  }

  private conclude({ executionId }: ConductorExecutionContext, result: ExecutionResult): ExecutionResult {
    if (result.success) this.events.emitCompleted({ executionId, result });
    else this.events.emitError({ executionId, error: new Error((result.error as ExecutionError).message) });
    return result;
  }

  private begin(execution: Execution): void {
    const { executionId } = execution.context;
    const executions = this.active.get(executionId);
    if (executions === undefined) this.active.set(executionId, new Set([execution]));
    else executions.add(execution);
  }

  private end(execution: Execution): void {
    const { executionId } = execution.context;
    const executions = this.active.get(executionId);
    executions?.delete(execution);
    if (executions?.size === 0) this.active.delete(executionId);
  }
}

function stop(execution: Execution): void {
  execution.cancelled = true;
  execution.run?.cancel();
}

/** Whether an id is that of an execution, or of a node within it. */
function isWithin(id: unknown, executionId: string): boolean {
  return typeof id === "string" && (id === executionId || id.startsWith(`${executionId}/`));
}

/** Levels of executions that start each other, beyond which no parent is looked for. */
const MAX_PARENTS = 1000;

/** Whether an execution was started from within another one. */
function isChild(context: ConductorExecutionContext, executionId: string): boolean {
  let outer = context.parentContext;
  for (let depth = 0; outer !== undefined && outer !== null && depth < MAX_PARENTS; depth++) {
    if (isWithin(outer.executionId, executionId)) return true;
    outer = outer.parentContext;
  }
  return false;
}

/** The context of a node to be run: exactly seven keys, always there. */
export function contextOf(
  node: NodeDefinition,
  given: Partial<ConductorExecutionContext> = {},
): ConductorExecutionContext {
  return {
    nodeId: toNodeId(node?.id),
    executionId: createExecutionId(given.executionId),
    variables: given.variables ?? {},
    input: given.input as Record<string, unknown>,
    parentContext: given.parentContext as ConductorExecutionContext,
    slowMo: given.slowMo as number,
    debug: given.debug as NonNullable<ConductorExecutionContext["debug"]>,
  };
}

