/** The trace of a finished run, worked out from its journal when it is read. */
import type { ExecutionTrace, NodeExecutionState, NodeExecutionTrace, TraceEvent } from "../types/execution.js";
import type { NodeActivity } from "./activity.js";
import { constants, stepMessage } from "./constants.js";
import { Step } from "./generated.js";
import { Graph } from "./graph.js";
import { lazyList } from "./lazy-list.js";
import type { Plan } from "./plan.js";
import { messagesIn } from "./progress-messages.js";
import type { Recording } from "./run-request.js";
import { State } from "./state.js";
import { type Change, TraceRows } from "./trace-rows.js";

/** A trace of more events than this is made only where it is read. */
const MOST_MADE_AT_ONCE = 100_000;

/** What a trace is made of. */
export interface TraceSource {
  plan: Plan;
  recording: Recording;
  executionId: string;
  /** ms since the epoch. */
  startTime: number;
  endTime: number;
  slowMo: number | undefined;
  /** Message of the error with which a node failed. */
  errorMessage(node: number): string | undefined;
  /** What happened to a node beyond its state. */
  activityOf(node: number): NodeActivity | undefined;
  /** Whether what was called in a node was answered by another execution. */
  isInherited(node: number): boolean;
}

/** The trace; its events and nodes are worked out when they are read. */
export function traceOf(source: TraceSource): ExecutionTrace {
  const { plan, executionId, slowMo, startTime, endTime } = source;
  let told: Pick<ExecutionTrace, "events" | "nodes"> | undefined;
  const tell = () => {
    told ??= new Tracer(source).tell();
    return told;
  };
  return {
    executionId,
    rootNodeId: plan.id(plan.length > 1 ? 1 : 0),
    startTime,
    endTime,
    duration: endTime - startTime,
    config: slowMo ? { slowMo } : {},
    get events() {
      return tell().events;
    },
    get nodes() {
      return tell().nodes;
    },
  };
}

class Tracer {
  private readonly tables = constants();
  private readonly graph: Graph;
  private readonly rows: TraceRows;
  /** The nodes that the trace lists, in the order of the flow. */
  private readonly listed: number[];
  private byNode: RowsByNode | undefined;
  private reported: (string | undefined)[] | undefined;
  private events: TraceEvent[] = [];

  constructor(private readonly source: TraceSource) {
    this.graph = new Graph(source.plan);
    this.rows = new TraceRows(source.plan, source.recording);
    this.listed = this.graph.listed;
  }

  tell(): Pick<ExecutionTrace, "events" | "nodes"> {
    const count = this.rows.length + 2;
    const isLarge = count > MOST_MADE_AT_ONCE;
    const list = <T>(length: number, make: (index: number) => T): T[] =>
      isLarge ? lazyList(length, make) : Array.from({ length }, (_, index) => make(index));
    this.events = list(count, (index) => this.event(index));
    return { events: this.events, nodes: list(this.listed.length, (index) => this.nodeTrace(index)) };
  }

  private event(index: number): TraceEvent {
    const { rows } = this;
    if (index === 0) return this.started();
    return index <= rows.length ? this.changed(index - 1) : this.completed();
  }

  private started(): TraceEvent {
    const { graph } = this;
    // The shape of a large flow takes as long as its trace.
    const data = {
      totalNodes: this.listed.length,
      get totalWeight() {
        return graph.shape(0).totalWeight;
      },
      get criticalPath() {
        return graph.shape(0).criticalPath;
      },
    };
    return { timestamp: this.source.startTime, type: "started", data };
  }

  private completed(): TraceEvent {
    const { startTime, endTime } = this.source;
    const { completed: nodesCompleted, failed: nodesErrored } = this.rows;
    const data = { totalDuration: endTime - startTime, nodesCompleted, nodesErrored };
    return { timestamp: endTime, type: "completed", data };
  }

  private changed(row: number): TraceEvent {
    const change = this.rows.change(row);
    const timestamp = Math.round(change.time);
    const nodeId = this.source.plan.id(change.node);
    if (change.entered && change.step === Step.none) {
      const errorMessage = change.state === State.error ? this.source.errorMessage(change.node) : undefined;
      return { timestamp, type: "state-change", data: { nodeId, state: this.stateName(change.state), errorMessage } };
    }
    const data = new ProgressData(nodeId, change.overall, this.messageOf(change, row), this, row + 1);
    return { timestamp, type: "progress", data: data as unknown as Record<string, unknown> };
  }

  private messageOf({ node, step }: Change, row: number): string | undefined {
    if (step === Step.complete) return this.tables.complete;
    if (step !== Step.none) return stepMessage(this.tables, this.source.plan.weight(node), step);
    this.reported ??= this.reportedMessages();
    return this.reported[row];
  }

  /** The message that each change came with, by its row. They are found in the order of the changes only. */
  private reportedMessages(): (string | undefined)[] {
    const { plan, recording } = this.source;
    const texts: (string | undefined)[] = [];
    if (recording.messages === undefined || recording.messages.texts.length === 0) return texts;
    const messageOf = messagesIn(recording.messages, recording.journal(), plan.length);
    for (let row = 0; row < this.rows.length; row++) {
      const { entered, step, node, time, percent } = this.rows.change(row);
      if (step === Step.none && !entered) texts[row] = messageOf(node, time, percent);
    }
    return texts;
  }

  private nodeTrace(place: number): NodeExecutionTrace {
    const { plan, startTime } = this.source;
    const index = this.listed[place] as number;
    const { name, type } = plan.node(index);
    this.byNode ??= new RowsByNode(this.rows, plan.length);
    const rows = this.byNode.rowsOf(index);
    const node: NodeExecutionTrace = {
      nodeId: plan.id(index),
      nodeName: name || type,
      nodeType: type,
      startTime,
      state: "pending",
      progress: 0,
      ...(this.source.isInherited(index) && { reused: true as const }),
      events: Array.from(rows, (row) => this.events[row + 1] as TraceEvent),
    };
    const { notCached } = this.source.activityOf(index) ?? {};
    const cached = this.cachedInside(index);
    if (cached > 0) node.cached = cached;
    if (notCached !== undefined) node.notCached = notCached;
    let before: number = State.pending;
    for (const row of rows) {
      const { time, state, percent } = this.rows.change(row);
      const timestamp = Math.round(time);
      node.state = this.stateName(state);
      node.progress = percent;
      if (before === State.pending) node.startTime = timestamp;
      if (state > State.executing) {
        node.endTime = timestamp;
        node.duration = timestamp - node.startTime;
      }
      before = state;
    }
    return node;
  }

  /** How many outputs of a node and those inside it were taken from the cache. */
  private cachedInside(index: number): number {
    const { plan } = this.source;
    let cached = 0;
    for (let node = index, end = plan.end(index); node < end; node++)
      cached += this.source.activityOf(node)?.cached ?? 0;
    return cached;
  }

  private stateName(state: number): NodeExecutionState {
    return this.tables.states[state] ?? "pending";
  }

  allNodes(rows: number): { id: string; name: string; state: string; progress: number }[] {
    const { plan } = this.source;
    const last = new Map<number, number>();
    for (let row = 0; row < rows; row++) last.set(this.rows.nodeOf(row), row);
    return this.listed.map((index) => {
      const row = last.get(index);
      const { state, percent } = row === undefined ? { state: State.pending, percent: 0 } : this.rows.change(row);
      const { name, type } = plan.node(index);
      return { id: plan.id(index), name: name || type, state: this.stateName(state), progress: percent };
    });
  }
}

/** The changes of each node, in order. */
class RowsByNode {
  /** Where the changes of a node end, and those of the next one begin. */
  private readonly ends: Uint32Array;
  private readonly rows: Uint32Array;

  constructor(all: TraceRows, nodes: number) {
    const ends = new Uint32Array(nodes + 1);
    for (let row = 0; row < all.length; row++) (ends[all.nodeOf(row) + 1] as number)++;
    for (let node = 0; node < nodes; node++) ends[node + 1] = (ends[node + 1] as number) + (ends[node] as number);
    this.rows = new Uint32Array(all.length);
    for (let row = 0; row < all.length; row++) {
      const node = all.nodeOf(row);
      this.rows[(ends[node] as number)++] = row;
    }
    this.ends = ends;
  }

  rowsOf(node: number): Uint32Array {
    return this.rows.subarray(node === 0 ? 0 : this.ends[node - 1], this.ends[node]);
  }
}

/** What a `progress` event tells. All nodes are told only to who asks: the JSON would grow with their square. */
class ProgressData {
  readonly #tracer: Tracer;
  readonly #rows: number;

  constructor(
    readonly nodeId: string,
    readonly progress: number,
    readonly message: string | undefined,
    tracer: Tracer,
    rows: number,
  ) {
    this.#tracer = tracer;
    this.#rows = rows;
  }

  /** All listed nodes as they were then. */
  get allNodes(): { id: string; name: string; state: string; progress: number }[] {
    return this.#tracer.allNodes(this.#rows);
  }
}
