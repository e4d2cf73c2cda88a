/** The runs of one conductor: starting them, telling about them, stopping them. */
import { Run } from "../engine/driver.js";
import { failure } from "../engine/failure.js";
import { problemText, shapeProblems } from "../engine/flows.js";
import type { Log } from "../engine/log.js";
import { outlineOf, Plan } from "../engine/outline.js";
import { RunView } from "../engine/view.js";
import type { ConductorEventEmitter } from "../events/emitter.js";
import type { NodeDefinition } from "../types/definition.js";
import type { ErrorCode, ExecutionError } from "../types/errors.js";
import type { ConductorExecutionContext, ExecutionResult } from "../types/execution.js";
import { createExecutionId, toNodeId } from "../types/ids.js";
import { RunResult, runTrace } from "./result.js";
import { type ConductorConfig, runOptions } from "./settings.js";
import type { StoreFeed } from "./store.js";

/** From this many direct children on, a flow is analysed only after the host had its turn. */
const LARGE_FLOW = 50;

/** See the module's description. */
export class Runs {
  /** Runs that are not over, by execution id; ids that callers choose may be used more than once at a time. */
  private readonly active = new Map<string, Set<Run>>();

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
    this.events.emitStarted({ executionId, nodeId });
    const startedAt = Date.now();
    if ((node.nodes?.length ?? 0) >= LARGE_FLOW) await undefined;
    const plan = Plan.compile(outlineOf(node));
    if (plan === undefined) return this.refuse(node, context, startedAt);
    return this.follow(plan, context);
  }

  /** Stops all runs of an execution, and those that they started. */
  cancel(executionId: string): boolean {
    let found = false;
    for (const [id, runs] of this.active) {
      if (id !== executionId && !id.startsWith(`${executionId}/`) && !this.isChild(runs, executionId)) continue;
      for (const run of [...runs]) run.cancel();
      found = true;
    }
    return found;
  }

  /** Stops everything. */
  cancelAll(): void {
    for (const runs of [...this.active.values()]) for (const run of [...runs]) run.cancel();
  }

  private async follow(plan: Plan, context: ConductorExecutionContext): Promise<ExecutionResult> {
    const { executionId, nodeId } = context;
    const { events, feed } = this;
    let view: RunView;
    const run: Run = new Run(plan, {
      context,
      executables: this.config.nodeExecutorFactory,
      options: runOptions(this.config, plan.node(0), context),
      log: this.log,
      onChange: (node, packed, step) => {
        const state = view.change(node, packed, step);
        if (state !== undefined) feed.changed(view, state);
      },
      onStep: () => {
        feed.stepped(view);
        if (events.listenerCount("progress") > 0) events.emitProgress(() => view.state(), executionId);
      },
    });
    view = new RunView(run);
    this.begin(executionId, run);
    feed.show(view);
    if (events.listenerCount("progress") > 0) events.emitProgress(() => view.state(), executionId);
    run.start();
    const outcome = await run.done;
    this.end(executionId, run);
    feed.stepped(view, () => runTrace(run));
    events.flushProgress(executionId);
    events.endProgress(executionId);
    return this.conclude(context, nodeId, new RunResult(run, outcome, context, Math.round(run.duration)));
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
    return this.conclude(context, nodeId, { success: false, error, duration, executedNodes: [nodeId], context });
  }

  private conclude(
    { executionId }: ConductorExecutionContext,
    nodeId: string,
    result: ExecutionResult,
  ): ExecutionResult {
    if (result.success) {
      this.events.emitCompleted({ executionId, nodeId, result, output: result.data });
    } else {
      const { message, code } = result.error as ExecutionError;
      this.events.emitError({ executionId, nodeId, error: new Error(message), code });
    }
    return result;
  }

  private begin(executionId: string, run: Run): void {
    const runs = this.active.get(executionId);
    if (runs === undefined) this.active.set(executionId, new Set([run]));
    else runs.add(run);
  }

  private end(executionId: string, run: Run): void {
    const runs = this.active.get(executionId);
    runs?.delete(run);
    if (runs?.size === 0) this.active.delete(executionId);
  }

  /** Whether runs were started from within an execution. */
  private isChild(runs: Set<Run>, executionId: string): boolean {
    for (const run of runs) {
      let outer = run.context.parentContext;
      for (let depth = 0; outer !== undefined && outer !== null && depth < 256; depth++) {
        const id = outer.executionId;
        if (id === executionId || (typeof id === "string" && id.startsWith(`${executionId}/`))) return true;
        outer = outer.parentContext;
      }
    }
    return false;
  }
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

