/** A run as a store and its listeners see it: objects made only of what is looked at. */
import type { ExecutionGraphNode, ExecutionGraphState } from "../types/graph.js";
import { answer } from "./backend.js";
import { constants, stepMessage, stepsOf } from "./constants.js";
import type { FollowedRun } from "./followed-run.js";
import { frozenMap } from "./frozen.js";
import { Graph, type NodeShape } from "./graph.js";
import { State, Step } from "./mailbox.js";

const HEADER_NUMBERS = 4;
const NODE_NUMBERS = 4;
/** Numbers of one change: node, state and percents packed, step, time. */
const CHANGE_NUMBERS = 4;

/** How a run looked at one moment. */
interface Look {
  /** 0–100. */
  overall: number;
  startTime: number;
  endTime: number | null;
  /** The engine's view: a header, then numbers by node. */
  numbers(): Float64Array;
}

/** Shared by all views that are not watched; never written to. */
const NO_CHANGES: number[] = [];

/** The states of one run over time. */
export class RunView {
  private shape: Graph | undefined;
  /** How the run looked when it was last asked or first watched. */
  private base: Look | undefined;
  /** What changed since, while watched. */
  private changes: number[] = NO_CHANGES;
  private latest: ExecutionGraphState | undefined;
  private latestStep = -1;
  /** The nodes as last made, to be used again where nothing about them changed. */
  private made: (ExecutionGraphNode | undefined)[] = [];
  private watched = false;

  constructor(readonly run: FollowedRun) {}

  /** The shape of what is run. */
  get graph(): Graph {
    this.shape ??= new Graph(this.run.plan);
    return this.shape;
  }

  /** The state now; the same object while nothing has happened. */
  state(): ExecutionGraphState {
    this.run.flush();
    if (this.latest !== undefined && this.latestStep === this.run.steps) return this.latest;
    if (!this.watched) {
      this.base = this.lookAt();
      this.changes = NO_CHANGES;
    }
    this.latestStep = this.run.steps;
    this.latest = this.stateAt(this.changes.length);
    return this.latest;
  }

  /** `state`, to be asked later. */
  readonly look = (): ExecutionGraphState => this.state();

  /** From now on every change makes a state of its own, given to `tell`. */
  watch(watched: boolean): void {
    if (watched === this.watched) return;
    this.base = this.lookAt();
    this.changes = [];
    this.watched = watched;
    this.run.watch(watched);
  }

  /** Takes a change from the engine and gives the state that it made. */
  change(node: number, packed: number, step: number): ExecutionGraphState | undefined {
    if (!this.watched || node >= this.run.plan.length) return undefined;
    this.changes.push(node, packed, step, Date.now());
    this.latestStep = this.run.steps;
    this.latest = this.stateAt(this.changes.length);
    return this.latest;
  }

  /** How the run looks. What can be told later without having changed is told when it is asked. */
  private lookAt(): Look {
    const { run } = this;
    const { recording } = run;
    if (recording !== undefined) {
      let numbers: Float64Array | undefined;
      const atTheEnd = () => {
        const { options, journal } = recording;
        numbers ??= answer((engine) => engine.askView(run.plan.outlineWords, options, journal()));
        return numbers;
      };
      const overall = run.hasSucceeded ? 100 : (atTheEnd()[0] as number);
      return { overall, startTime: run.startTime, endTime: run.endTime, numbers: atTheEnd };
    }
    const numbers = new Float64Array(HEADER_NUMBERS + run.plan.length * NODE_NUMBERS);
    run.view(numbers);
    return { overall: numbers[0] as number, startTime: run.startTime, endTime: null, numbers: () => numbers };
  }

  private stateAt(changes: number): ExecutionGraphState {
    const view = this;
    const base = this.base as Look;
    const overall = changes === 0 ? base.overall : ((this.changes[changes - 3] as number) >>> 16) & 0xff;
    const isExecuting = !this.run.isFinished;
    const { context } = this.run;
    const log = this.changes;
    let nodes: Map<string, ExecutionGraphNode> | undefined;
    const state: ExecutionGraphState = {
      get nodes() {
        nodes ??= view.nodesAt(base.numbers(), log, changes);
        return nodes;
      },
      get edges() {
        return view.graph.shape(0).edges;
      },
      get executionOrder() {
        return view.graph.shape(0).executionOrder;
      },
      get criticalPath() {
        return view.graph.shape(0).criticalPath;
      },
      get totalWeight() {
        return view.graph.shape(0).totalWeight;
      },
      get maxParallelism() {
        return view.graph.shape(0).maxParallelism;
      },
      isExecuting,
      startTime: base.startTime,
      endTime: isExecuting ? null : this.run.endTime,
      cachedProgress: overall,
      executionId: context.executionId,
      nodeId: context.nodeId,
    };
    return Object.freeze(state);
  }

  private nodesAt(base: Float64Array, log: number[], changes: number): Map<string, ExecutionGraphNode> {
    const numbers = base.slice();
    const steps = new Map<number, number>();
    for (let at = 0; at < changes; at += CHANGE_NUMBERS) apply(numbers, steps, log, at);
    const nodes = this.made.slice();
    for (let index = this.run.plan.length - 1; index >= 0; index--) {
      nodes[index] = this.nodeAt(index, numbers, steps.get(index), nodes);
    }
    this.made = nodes;
    const id = (index: number) => this.run.plan.id(index);
    return frozenMap(this.graph.listed.map((index) => [id(index), nodes[index] as ExecutionGraphNode]));
  }

  private nodeAt(
    index: number,
    numbers: Float64Array,
    step: number | undefined,
    nodes: (ExecutionGraphNode | undefined)[],
  ): ExecutionGraphNode {
    const at = HEADER_NUMBERS + index * NODE_NUMBERS;
    const shape = this.graph.node(index);
    const state = constants().states[numbers[at] as number] ?? "pending";
    const progress = numbers[at + 1] as number;
    const startTime = whole(numbers[at + 2]);
    const endTime = whole(numbers[at + 3]);
    const report = state === "pending" ? undefined : this.run.reportOf(index);
    const message = report?.message ?? this.message(shape, state, progress, step);
    const error = state === "error" ? this.run.errorOf(index)?.message : undefined;
    const children = index === 0 ? [] : this.run.plan.children(index);
    // Key by key: spreading in what may be missing costs several times as much, at every node of every view.
    const { id, name, type, weight, dependencies, dependents, level } = shape;
    const percent = state === "executing" && report !== undefined ? report.percent : progress;
    const node: ExecutionGraphNode = {
      id,
      name,
      type,
      weight,
      dependencies,
      dependents,
      level,
      state,
      progress: percent,
    };
    if (message !== undefined) node.message = message;
    if (startTime !== undefined) node.startTime = startTime;
    if (endTime !== undefined) node.endTime = endTime;
    if (startTime !== undefined && endTime !== undefined) node.duration = endTime - startTime;
    if (error !== undefined) node.error = error;
    if (children.length > 0) node.nodes = children.map((child) => nodes[child] as ExecutionGraphNode);
    const previous = nodes[index];
    return previous !== undefined && same(previous, node) ? previous : Object.freeze(node);
  }

  private message(shape: NodeShape, state: string, progress: number, step: number | undefined): string | undefined {
    const tables = constants();
    if (state === "completed" || step === Step.complete || progress >= 100) {
      return state === "skipped" ? undefined : tables.complete;
    }
    if (state === "pending") return undefined;
    if (step !== undefined && step !== Step.none) return stepMessage(tables, shape.weight, step);
    return stepsOf(tables, shape.weight).findLast(([percent]) => percent <= progress)?.[1];
  }
}

function apply(numbers: Float64Array, steps: Map<number, number>, log: number[], at: number): void {
  const node = log[at] as number;
  const packed = log[at + 1] as number;
  const step = log[at + 2] as number;
  const time = log[at + 3] as number;
  const record = HEADER_NUMBERS + node * NODE_NUMBERS;
  const state = packed & 0xff;
  if (state === State.executing && numbers[record] !== State.executing) numbers[record + 2] = time;
  if (state > State.executing && numbers[record] !== state) numbers[record + 3] = time;
  numbers[record] = state;
  numbers[record + 1] = (packed >>> 8) & 0xff;
  if (step !== Step.none) steps.set(node, step);
}

function same(one: ExecutionGraphNode, other: ExecutionGraphNode): boolean {
  const keys = Object.keys(one) as (keyof ExecutionGraphNode)[];
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => {
      const [a, b] = [one[key], other[key]];
      return a === b || (key === "nodes" && sameList(a as unknown[], b as unknown[]));
    })
  );
}

function sameList(one: unknown[], other: unknown[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}

function whole(time: number | undefined): number | undefined {
  return time === undefined || Number.isNaN(time) ? undefined : Math.round(time);
}
