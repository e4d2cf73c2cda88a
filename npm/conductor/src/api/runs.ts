/** The runs of one conductor: starting them, telling about them, stopping them. */
import { Run } from "../engine/driver.js";
import { failure, safelyThrown } from "../engine/failure.js";
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
  /** The caller chose its id. */
  named: boolean;
  cancelled: boolean;
  run: Run | undefined;
  /** Another execution of the same id. */
  next: Execution | undefined;
}

/** See the module's description. */
export class Runs {
  /** Executions that are not over, by id; those that share an id are chained. */
  private readonly active = new Map<string, Execution>();
  /** Those of them that were started from within others. */
  private readonly inner = new Set<Execution>();
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
    const named = Boolean(given?.executionId);
    const execution: Execution = { context, named, cancelled: false, run: undefined, next: undefined };
    const startedAt = Date.now();
    this.begin(execution);
    try {
      this.events.emitStarted({ executionId, nodeId });
      if ((node.nodes?.length ?? 0) >= LARGE_FLOW) await undefined;
      if (execution.cancelled) return this.cancelledAtOnce(context);
      const view = this.open(node, execution);
      if (view === undefined) return this.refuse(node, context, startedAt);
      return await this.follow(view, execution);
    } catch (error) {
      // The definition, or what was given with it, threw when it was looked at.
      const found = safelyThrown(error, { nodeId, executionId });
      execution.run?.abandon(found);
      this.events.endProgress(executionId);
      return this.refuse(node, context, startedAt, found);
    } finally {
      this.end(execution);
    }
  }

  /** Stops all runs of an execution, and those that they started. */
  cancel(executionId: string): boolean {
    const found: Execution[] = [];
    for (let execution = this.active.get(executionId); execution !== undefined; execution = execution.next) {
      found.push(execution);
    }
    for (const execution of this.inner) {
      const { context } = execution;
      if (context.executionId !== executionId && isInside(context, executionId)) found.push(execution);
    }
    found.forEach(stop);
    return found.length > 0;
  }

  /** Stops everything. */
  cancelAll(): void {
    for (const executionId of [...this.active.keys()]) this.cancel(executionId);
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
    // Whoever was shown the run may have cancelled it by now.
    if (!run.isFinished) run.start();
    const outcome = await run.done;
    feed.stepped(view, () => runTrace(run));
    events.flushProgress(executionId);
    events.endProgress(executionId);
    return this.conclude(context, new RunResult(run, outcome, context, Math.round(run.duration)));
  }

  private refuse(
    node: NodeDefinition,
    context: ConductorExecutionContext,
    startedAt: number,
    thrown?: ExecutionError,
  ): ExecutionResult {
    const { executionId, nodeId } = context;
    const [problem] = shapeProblems(node);
    const code: ErrorCode = problem?.code ?? thrown?.code ?? "INTERNAL_ERROR";
    const message = problem?.message ?? thrown?.message ?? "The flow could not be compiled";
    const error: ExecutionError = failure(
      code,
      message,
      { nodeId, executionId },
      {
        stack: new Error(message).stack as string,
        context:
          problem === undefined ? {} : { path: problem.path, nodeId: problem.nodeId, text: problemText(problem) },
      },
    );
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
    const { executionId, parentContext } = execution.context;
    execution.next = this.active.get(executionId);
    this.active.set(executionId, execution);
    // An id that was made here has no slash in it; looking for one would cost more than the rest of this.
    if (parentContext || (execution.named && executionId.includes("/"))) this.inner.add(execution);
  }

  private end(execution: Execution): void {
    const { executionId } = execution.context;
    if (this.inner.size > 0) this.inner.delete(execution);
    const first = this.active.get(executionId);
    if (first === execution) {
      if (execution.next === undefined) this.active.delete(executionId);
      else this.active.set(executionId, execution.next);
      return;
    }
    for (let before = first; before !== undefined; before = before.next) {
      if (before.next === execution) before.next = execution.next;
    }
  }
}

function stop(execution: Execution): void {
  execution.cancelled = true;
  execution.run?.cancel();
}

/** Levels of executions that start each other, beyond which no parent is looked for. */
const MAX_PARENTS = 1000;

/** Whether an execution was started from within another one, or from one of its nodes. */
function isInside(context: ConductorExecutionContext, executionId: string): boolean {
  let at: ConductorExecutionContext | null | undefined = context;
  for (let depth = 0; at !== undefined && at !== null && depth < MAX_PARENTS; depth++) {
    const id: unknown = at.executionId;
    if (typeof id === "string" && (id === executionId || id.startsWith(`${executionId}/`))) return true;
    at = at.parentContext;
  }
  return false;
}

/** The context of a node to be run: exactly seven keys, always there. */
export function contextOf(
  node: NodeDefinition,
  context?: Partial<ConductorExecutionContext> | null,
): ConductorExecutionContext {
  const given = context ?? {};
  return {
    nodeId: toNodeId(node?.id),
    // Other ids are derived from it, and it may be cancelled by it: what is no text cannot be one.
    executionId: createExecutionId(typeof given.executionId === "string" ? given.executionId : undefined),
    variables: given.variables ?? {},
    input: given.input as Record<string, unknown>,
    parentContext: given.parentContext as ConductorExecutionContext,
    slowMo: given.slowMo as number,
    debug: given.debug as NonNullable<ConductorExecutionContext["debug"]>,
  };
}
