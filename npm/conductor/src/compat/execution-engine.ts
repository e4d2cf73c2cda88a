/** The engine class of older code. New code calls `createConductor` and `conductor.execute`. */
import { messageOf, Semaphore } from "@atomiton/values";
import type { Conductor } from "../api/conductor.js";
import { flowIdOf, isRequest } from "../api/requests.js";
import type { ConductorConfig } from "../api/settings.js";
import { IsolatedEmitter } from "../events/isolated-emitter.js";
import type { NodeDefinition } from "../types/definition.js";
import type { ExecutionError } from "../types/errors.js";
import type { ConductorExecutionContext, ExecutionResult, ExecutionStatus } from "../types/execution.js";
import { createExecutionId } from "../types/ids.js";
import type { ExecutionRequest } from "../types/request.js";

/** Settings of an engine. */
export interface ExecutionEngineConfig {
  /** Executions at once; others wait their turn. Default 4. */
  concurrency?: number;
  /** Where flows are kept, or a promise of it; only its `load` is used. */
  storage?: unknown;
  /** Deadline of executions whose request does not say one, in ms or as a duration. */
  timeout?: ConductorConfig["timeout"];
  nodeExecutorFactory?: ConductorConfig["nodeExecutorFactory"];
}

/** Where an execution of an engine stands. */
export type EngineStatus = ExecutionStatus | "paused";

/** What an engine says of an execution. */
export interface EngineResult {
  executionId: string;
  /** The flow, under each of its names. */
  flowId: string;
  compositeId: string;
  blueprintId: string;
  status: EngineStatus;
  success: boolean;
  startTime: Date;
  endTime?: Date;
  /** Outputs by node id. */
  outputs?: Record<string, unknown>;
  error?: { message: string; code?: string; nodeId?: string; stack?: string; cause?: unknown };
  metrics: { executionTimeMs: number; nodesExecuted: number };
  /** What each node gave, by its id. */
  nodeResults: Map<string, { outputs: unknown }>;
}

/** Which executions to list. */
export interface ExecutionFilter {
  status?: EngineStatus;
  flowId?: string;
  compositeId?: string;
  blueprintId?: string;
  startDate?: Date;
  endDate?: Date;
}

/** A flow to be run as it is, or a request that names one. */
export type EngineRequest = ExecutionRequest | NodeDefinition;

const DEFAULT_CONCURRENCY = 4;
const DAY_MS = 24 * 60 * 60 * 1000;
const OPEN: readonly EngineStatus[] = ["pending", "running", "paused"];

/** An execution that is not over. */
interface Underway {
  readonly execution: EngineResult;
  /** Aborted when it is cancelled. */
  readonly cancelled: AbortController;
  /** How its run ends; `undefined` before that has begun. Never rejects. */
  outcome: Promise<ExecutionResult> | undefined;
}

/** What the conductor says in the end. */
interface Answer {
  success: boolean;
  outputs?: Record<string, unknown> | undefined;
  error?: ExecutionError | undefined;
}

/**
 * Runs flows, several at once, and remembers them until `cleanup`. Tells of them with the events `execution:started`,
 * `execution:running`, `execution:progress`, `execution:paused`, `execution:resumed`, `execution:cancelled`,
 * `execution:completed` and `execution:failed`. Listener errors are isolated and reported.
 */
export class ExecutionEngineIn extends IsolatedEmitter {
  private readonly executions = new Map<string, EngineResult>();
  private readonly underway = new Map<string, Underway>();
  private readonly semaphore: Semaphore;
  private readonly conductor: Conductor;

  constructor(
    private readonly config: ExecutionEngineConfig,
    createConductor: (config: ConductorConfig) => Conductor,
  ) {
    super("the execution engine");
    const { concurrency = DEFAULT_CONCURRENCY, storage, timeout, nodeExecutorFactory } = config;
    // What is not at least one counts as one.
    this.semaphore = new Semaphore(Math.max(concurrency || 1, 1));
    this.conductor = createConductor({
      transport: "local",
      ...(storage !== undefined && { storage }),
      ...(timeout !== undefined && { timeout }),
      ...(nodeExecutorFactory !== undefined && { nodeExecutorFactory }),
    });
    this.conductor.events.onStarted(({ executionId }) => this.tellRunning(executionId));
    this.conductor.node.onProgress(({ executionId, progress, message }) => {
      if (this.executions.has(executionId)) this.emit("execution:progress", { executionId, progress, message });
    });
  }

  /**
   * Runs a flow, or the stored flow that a request names with all that the request says, as `conductor.execute` does. Never
   * rejects. When it is cancelled this resolves at once, even while it waits for its turn or for the storage.
   */
  async execute(request: EngineRequest): Promise<EngineResult> {
    const underway = this.begin(request);
    const { execution } = underway;
    const { executionId, flowId, compositeId, blueprintId } = execution;
    this.emit("execution:started", { executionId, flowId, compositeId, blueprintId });
    try {
      const answer = await this.take(underway, request);
      noteNodes(execution, await underway.outcome);
      if (answer !== undefined && isOpen(execution)) this.conclude(execution, answer);
    } catch (error) {
      if (isOpen(execution)) this.fail(execution, { message: messageOf(error), cause: error });
    } finally {
      if (this.underway.get(executionId) === underway) this.underway.delete(executionId);
    }
    return execution;
  }

  /** Runs a flow. Resolves with its outputs by node id; rejects when it fails. */
  async executeComposite(
    flow: NodeDefinition,
    context?: Partial<ConductorExecutionContext>,
  ): Promise<Record<string, unknown>> {
    const result = await this.conductor.node.run(flow, context);
    if (result.success) return result.outputs ?? {};
    throw Object.assign(new Error(result.error?.message), { code: result.error?.code, nodeId: result.error?.nodeId });
  }

  /** The same as `executeComposite`. */
  executeBlueprint(
    flow: NodeDefinition,
    context?: Partial<ConductorExecutionContext>,
  ): Promise<Record<string, unknown>> {
    return this.executeComposite(flow, context);
  }

  // Whatever steers an execution does so before it waits for anything, so that it cannot end in between.

  /** Starts no further node of an execution. */
  async pause(executionId: string): Promise<void> {
    this.demand(executionId, "pause", ["running"]).status = "paused";
    const paused = this.conductor.node.pause(executionId);
    this.emit("execution:paused", { executionId });
    await paused;
  }

  /** Goes on after a pause. */
  async resume(executionId: string): Promise<void> {
    this.demand(executionId, "resume", ["paused"]).status = "running";
    const resumed = this.conductor.node.resume(executionId);
    this.emit("execution:resumed", { executionId });
    await resumed;
  }

  /** Ends an execution, wherever it stands. */
  async cancel(executionId: string): Promise<void> {
    const execution = this.demand(executionId, "cancel", OPEN);
    execution.status = "cancelled";
    execution.endTime = new Date();
    const stopped = this.conductor.node.cancel(executionId);
    this.underway.get(executionId)?.cancelled.abort();
    this.emit("execution:cancelled", { executionId });
    await stopped;
  }

  /** What is known of an execution, or null. */
  getExecution(executionId: string): EngineResult | null {
    return this.executions.get(executionId) ?? null;
  }

  listExecutions(filter: ExecutionFilter = {}): EngineResult[] {
    const flowId = filter.flowId ?? filter.compositeId ?? filter.blueprintId;
    return [...this.executions.values()].filter(
      (execution) =>
        (filter.status === undefined || execution.status === filter.status) &&
        (flowId === undefined || execution.flowId === flowId) &&
        (filter.startDate === undefined || execution.startTime >= filter.startDate) &&
        (filter.endDate === undefined || execution.startTime <= filter.endDate),
    );
  }

  /** Forgets executions that ended before a time, by default a day ago; returns how many. */
  cleanup(before: Date = new Date(Date.now() - DAY_MS)): number {
    let count = 0;
    for (const [executionId, { endTime }] of this.executions) {
      if (endTime === undefined || endTime >= before) continue;
      this.executions.delete(executionId);
      count++;
    }
    return count;
  }

  /** Cancels what runs and ends all subscriptions. */
  async shutdown(): Promise<void> {
    // All at once: those that wait must not get the permits of those that are cancelled first.
    const open = [...this.executions.values()].filter(isOpen);
    await Promise.all(open.map(({ executionId }) => this.cancel(executionId)));
    await this.conductor.shutdown();
    this.removeAllListeners();
  }

  private begin(request: EngineRequest): Underway {
    const named = isRequest(request);
    const flowId = named ? (flowIdOf(request) ?? "") : request.id;
    const given: unknown = named ? request?.context?.executionId : undefined;
    const executionId = createExecutionId(typeof given === "string" ? given : undefined);
    const execution: EngineResult = {
      executionId,
      flowId,
      compositeId: flowId,
      blueprintId: flowId,
      status: "pending",
      success: false,
      startTime: new Date(),
      metrics: { executionTimeMs: 0, nodesExecuted: 0 },
      nodeResults: new Map(),
    };
    const underway = { execution, cancelled: new AbortController(), outcome: undefined };
    this.executions.set(executionId, execution);
    this.underway.set(executionId, underway);
    return underway;
  }

  /** Runs a flow when it is its turn; nothing when it is cancelled. */
  private async take(underway: Underway, request: EngineRequest): Promise<Answer | undefined> {
    const { signal } = underway.cancelled;
    const release = await this.semaphore.acquire(signal).catch(() => undefined);
    if (release === undefined) return undefined;
    try {
      // It may have been cancelled in the very turn in which it got its permit.
      if (signal.aborted) return undefined;
      return await Promise.race([this.run(underway.execution, request), aborted(signal)]);
    } finally {
      release();
    }
  }

  private async run({ executionId, flowId }: EngineResult, request: EngineRequest): Promise<Answer> {
    if (!isRequest(request)) return this.conductor.node.run(request, { executionId });
    const storage: unknown = await this.config.storage;
    if (flowId !== "" && (storage === undefined || storage === null)) {
      const kind = request.blueprintId === flowId ? "Blueprint" : "Composite";
      throw new Error(`No storage configured, cannot load ${kind} ${flowId}`);
    }
    const { success, outputs, metadata } = await this.conductor.execute({
      ...request,
      context: { ...request?.context, executionId },
    });
    return { success, ...(outputs !== undefined && { outputs }), error: metadata?.error };
  }

  /** The flow is loaded and about to run: a listener can still pause or cancel it before any node starts. */
  private tellRunning(executionId: string): void {
    const underway = this.underway.get(executionId);
    if (underway?.execution.status !== "pending") return;
    underway.outcome = this.conductor.node.attach(executionId);
    underway.execution.status = "running";
    this.emit("execution:running", { executionId });
  }

  private conclude(execution: EngineResult, { success, outputs = {}, error }: Answer): void {
    if (!success) {
      const { message = "", code, nodeId, stack, cause } = error ?? {};
      this.fail(execution, {
        message,
        ...(code !== undefined && { code }),
        ...(nodeId !== undefined && { nodeId }),
        ...(stack !== undefined && { stack }),
        ...(cause !== undefined && { cause }),
      });
      return;
    }
    execution.status = "completed";
    execution.success = true;
    execution.endTime = new Date();
    execution.outputs = outputs;
    this.emit("execution:completed", { executionId: execution.executionId, outputs });
  }

  private fail(execution: EngineResult, error: NonNullable<EngineResult["error"]>): void {
    const { executionId } = execution;
    execution.status = "failed";
    execution.endTime = new Date();
    execution.error = error;
    this.emit("execution:failed", { executionId, error });
  }

  private demand(executionId: string, what: string, states: readonly EngineStatus[]): EngineResult {
    const execution = this.executions.get(executionId);
    if (execution === undefined) throw new Error(`Execution ${executionId} not found`);
    if (!states.includes(execution.status)) {
      throw new Error(`Cannot ${what} execution in ${execution.status} state`);
    }
    return execution;
  }
}

function isOpen({ status }: EngineResult): boolean {
  return OPEN.includes(status);
}

/** Keeps what the nodes of a run did; its end is another matter, since a fallback may stand in for it. */
function noteNodes(execution: EngineResult, outcome: ExecutionResult | undefined): void {
  if (outcome === undefined) return;
  const { outputs = {}, duration = 0, executedNodes = [] } = outcome;
  execution.nodeResults = new Map(Object.entries(outputs).map(([id, value]) => [id, { outputs: value }]));
  execution.metrics = { executionTimeMs: duration, nodesExecuted: executedNodes.length };
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
