/** The engine class of older code. New code calls `createConductor` and `conductor.execute`. */
import { EventEmitter } from "node:events";
import type { Conductor } from "../api/conductor.js";
import type { FlowEngine } from "../api/flow-store.js";
import { type FlowNames, flowIdOf, isRequest } from "../api/requests.js";
import type { ConductorConfig } from "../api/settings.js";
import type { NodeDefinition } from "../types/definition.js";
import type { ConductorExecutionContext, ExecutionResult, ExecutionStatus } from "../types/execution.js";
import { createExecutionId } from "../types/ids.js";
import type { ExecutionRequest } from "../types/request.js";

/** Settings of an engine. */
export interface ExecutionEngineConfig {
  /** Executions at once; others wait their turn. Default 4. */
  concurrency?: number;
  /** Where flows are kept; only its `load` is used. */
  storage?: unknown;
  /** Deadline of an execution in ms. */
  timeout?: number;
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

/**
 * Runs flows, several at once, and remembers them until `cleanup`. Tells of them with the events `execution:started`,
 * `execution:running`, `execution:progress`, `execution:paused`, `execution:resumed`, `execution:cancelled`,
 * `execution:completed` and `execution:failed`.
 */
export class ExecutionEngineIn extends EventEmitter {
  private readonly executions = new Map<string, EngineResult>();
  private readonly waiting: (() => void)[] = [];
  private readonly conductor: Conductor;
  private running = 0;

  constructor(
    private readonly config: ExecutionEngineConfig,
    createConductor: (config: ConductorConfig) => Conductor,
  ) {
    super();
    const { timeout, nodeExecutorFactory } = config;
    this.conductor = createConductor({
      transport: "local",
      ...(timeout !== undefined && { timeout }),
      ...(nodeExecutorFactory !== undefined && { nodeExecutorFactory }),
    });
    this.conductor.node.onProgress(({ executionId, progress, message }) => {
      if (this.executions.has(executionId)) this.emit("execution:progress", { executionId, progress, message });
    });
  }

  /** Runs a flow, or the stored flow that a request names. Never rejects. */
  async execute(request: EngineRequest): Promise<EngineResult> {
    const named = isRequest(request);
    const flowId = named ? (flowIdOf(request) ?? "") : request.id;
    const given = named ? request.context?.executionId : undefined;
    const execution = this.begin(flowId, given);
    const { executionId } = execution;
    this.emit("execution:started", { executionId, flowId, compositeId: flowId, blueprintId: flowId });
    try {
      const flow = named ? await this.load(flowId, request) : request;
      const context = named
        ? { ...request.context, ...(request.inputs !== undefined && { input: request.inputs }) }
        : {};
      const result = await this.take(execution, flow, context as Partial<ConductorExecutionContext>);
      if (result !== undefined) this.conclude(execution, result);
    } catch (error) {
      this.fail(execution, { message: error instanceof Error ? error.message : String(error), cause: error });
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

  /** Starts no further node of an execution. */
  async pause(executionId: string): Promise<void> {
    const execution = this.demand(executionId, "pause", ["running"]);
    await this.conductor.node.pause(executionId);
    execution.status = "paused";
    this.emit("execution:paused", { executionId });
  }

  async resume(executionId: string): Promise<void> {
    const execution = this.demand(executionId, "resume", ["paused"]);
    execution.status = "running";
    await this.conductor.node.resume(executionId);
    this.emit("execution:resumed", { executionId });
  }

  async cancel(executionId: string): Promise<void> {
    const execution = this.demand(executionId, "cancel", ["pending", "running", "paused"]);
    execution.status = "cancelled";
    execution.endTime = new Date();
    await this.conductor.node.cancel(executionId);
    this.emit("execution:cancelled", { executionId });
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
    for (const { executionId, status } of this.executions.values()) {
      if (["pending", "running", "paused"].includes(status)) await this.cancel(executionId);
    }
    await this.conductor.shutdown();
    this.removeAllListeners();
  }

  private begin(flowId: string, given: string | undefined): EngineResult {
    const executionId = createExecutionId(given);
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
    this.executions.set(executionId, execution);
    return execution;
  }

  private async load(flowId: string, { blueprintId }: FlowNames): Promise<NodeDefinition> {
    const storage = (await this.config.storage) as FlowEngine | undefined;
    if (storage === undefined || storage === null) {
      const kind = blueprintId === flowId ? "Blueprint" : "Composite";
      throw new Error(`No storage configured, cannot load ${kind} ${flowId}`);
    }
    return (await storage.load(flowId)) as NodeDefinition;
  }

  /** Runs a flow when it is its turn; nothing when it was cancelled before that. */
  private async take(
    execution: EngineResult,
    flow: NodeDefinition,
    context: Partial<ConductorExecutionContext>,
  ): Promise<ExecutionResult | undefined> {
    if (this.running >= (this.config.concurrency ?? DEFAULT_CONCURRENCY)) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else {
      this.running++;
    }
    try {
      if (execution.status === "cancelled") return undefined;
      execution.status = "running";
      const { executionId } = execution;
      this.emit("execution:running", { executionId });
      return await this.conductor.node.run(flow, { ...context, executionId });
    } finally {
      // Whoever waited longest takes this place.
      const next = this.waiting.shift();
      if (next === undefined) this.running--;
      else next();
    }
  }

  private conclude(execution: EngineResult, result: ExecutionResult): void {
    const { executionId } = execution;
    const outputs = result.outputs ?? {};
    execution.nodeResults = new Map(Object.entries(outputs).map(([id, value]) => [id, { outputs: value }]));
    execution.metrics = {
      executionTimeMs: result.duration ?? 0,
      nodesExecuted: result.executedNodes?.length ?? 0,
    };
    if (execution.status === "cancelled") return;
    if (!result.success) {
      const { message = "", code, nodeId, stack, cause } = result.error ?? {};
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
    this.emit("execution:completed", { executionId, outputs });
  }

  private fail(execution: EngineResult, error: NonNullable<EngineResult["error"]>): void {
    const { executionId } = execution;
    execution.status = "failed";
    execution.endTime = new Date();
    execution.error = error;
    this.emit("execution:failed", { executionId, error });
  }

  private demand(executionId: string, what: string, states: EngineStatus[]): EngineResult {
    const execution = this.executions.get(executionId);
    if (execution === undefined) throw new Error(`Execution ${executionId} not found`);
    if (!states.includes(execution.status)) {
      throw new Error(`Cannot ${what} execution in ${execution.status} state`);
    }
    return execution;
  }
}
