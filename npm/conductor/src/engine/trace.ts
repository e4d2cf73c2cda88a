/** The trace of a finished run, worked out from its journal when somebody reads it. */
import type { ExecutionTrace, NodeExecutionTrace, TraceEvent } from "../types/execution.js";
import { answer } from "./backend.js";
import { constants, stepMessage } from "./constants.js";
import type { Recording } from "./driver.js";
import { Graph } from "./graph.js";
import { State, Step } from "./mailbox.js";
import type { Plan } from "./outline.js";
import { messagesIn } from "./progress-messages.js";

const ROW = 6;

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
}

/** One change of a node, as the engine's replay tells it. */
interface Change {
  time: number;
  node: number;
  state: number;
  percent: number;
  overall: number;
  step: number;
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
  private readonly events: TraceEvent[] = [];
  private readonly nodes = new Map<number, NodeExecutionTrace>();
  private readonly states: Uint8Array;
  private messageOf: ReturnType<typeof messagesIn> = () => undefined;
  /** All changes so far, so that what all nodes were like at one of them can be told later. */
  private readonly changes: { node: number; state: number; percent: number }[] = [];

  constructor(private readonly source: TraceSource) {
    this.graph = new Graph(source.plan);
    this.states = new Uint8Array(source.plan.length);
  }

  tell(): Pick<ExecutionTrace, "events" | "nodes"> {
    const { plan, recording, startTime, endTime } = this.source;
    const journal = recording.journal();
    this.messageOf = messagesIn(recording.messages, journal, plan.length);
    const rows = answer((engine) => engine.askTrace(plan.outlineWords, recording.options, journal));
    const listed = this.graph.listed;
    const shape = this.graph.shape(0);
    const started = { totalNodes: listed.length, totalWeight: shape.totalWeight, criticalPath: shape.criticalPath };
    this.events.push({ timestamp: startTime, type: "started", data: started });
    for (const index of listed) this.nodes.set(index, this.nodeTrace(index, startTime));
    for (let at = 0; at + ROW <= rows.length; at += ROW) this.take(change(rows, at));
    const traces = [...this.nodes.values()];
    const count = (state: string) => traces.filter((node) => node.state === state).length;
    this.events.push({
      timestamp: endTime,
      type: "completed",
      data: {
        totalDuration: endTime - startTime,
        nodesCompleted: count("completed"),
        nodesErrored: count("error"),
      },
    });
    return { events: this.events, nodes: traces };
  }

  private nodeTrace(index: number, startTime: number): NodeExecutionTrace {
    const { id, name, type } = this.graph.node(index);
    return {
      nodeId: id,
      nodeName: name,
      nodeType: type,
      startTime,
      state: "pending",
      progress: 0,
      events: [],
    };
  }

  private take(row: Change): void {
    // The node that was run is the run itself, unless it is a leaf.
    if (row.node === 0 && this.source.plan.length > 1) return;
    const timestamp = Math.round(row.time);
    const changed = this.states[row.node] !== row.state;
    const before = this.states[row.node] as number;
    this.states[row.node] = row.state;
    this.changes.push({ node: row.node, state: row.state, percent: row.percent });
    const event =
      changed && row.step === Step.none ? this.stateChange(row, timestamp) : this.progressed(row, timestamp);
    this.events.push(event);
    const node = this.nodes.get(row.node);
    if (node === undefined) return;
    node.events.push(event);
    node.state = this.tables.states[row.state] ?? "pending";
    node.progress = row.percent;
    if (before === State.pending) node.startTime = timestamp;
    if (row.state > State.executing) {
      node.endTime = timestamp;
      node.duration = timestamp - node.startTime;
    }
  }

  private stateChange(row: Change, timestamp: number): TraceEvent {
    const nodeId = this.graph.node(row.node).id;
    const errorMessage = row.state === State.error ? this.source.errorMessage(row.node) : undefined;
    return { timestamp, type: "state-change", data: { nodeId, state: this.tables.states[row.state], errorMessage } };
  }

  private progressed(row: Change, timestamp: number): TraceEvent {
    const { id: nodeId, weight } = this.graph.node(row.node);
    const message =
      row.step === Step.complete
        ? this.tables.complete
        : row.step === Step.none
          ? this.messageOf(row.node, row.time, row.percent)
          : stepMessage(this.tables, weight, row.step);
    const data = new ProgressData(nodeId, row.overall, message, this, this.changes.length);
    return { timestamp, type: "progress", data: data as unknown as Record<string, unknown> };
  }

  allNodes(count: number): { id: string; name: string; state: string; progress: number }[] {
    const states = new Map<number, { state: number; percent: number }>();
    for (const { node, state, percent } of this.changes.slice(0, count)) states.set(node, { state, percent });
    return this.graph.listed.map((index) => {
      const { id, name } = this.graph.node(index);
      const { state, percent } = states.get(index) ?? { state: State.pending, percent: 0 };
      return { id, name, state: this.tables.states[state] ?? "pending", progress: percent };
    });
  }
}

/** What a `progress` event tells. All nodes are told only to who asks: the JSON would grow with their square. */
class ProgressData {
  readonly #tracer: Tracer;
  readonly #count: number;

  constructor(
    readonly nodeId: string,
    readonly progress: number,
    readonly message: string | undefined,
    tracer: Tracer,
    count: number,
  ) {
    this.#tracer = tracer;
    this.#count = count;
  }

  /** All listed nodes as they were then. */
  get allNodes(): { id: string; name: string; state: string; progress: number }[] {
    return this.#tracer.allNodes(this.#count);
  }
}

function change(rows: Float64Array, at: number): Change {
  return {
    time: rows[at] as number,
    node: rows[at + 1] as number,
    state: rows[at + 2] as number,
    percent: rows[at + 3] as number,
    overall: rows[at + 4] as number,
    step: rows[at + 5] as number,
  };
}
