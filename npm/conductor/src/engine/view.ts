/** A run as a store and its listeners see it: objects made only of what is looked at. */
import type { ExecutionGraphNode, ExecutionGraphState } from "../types/graph.js";
import { constants, stepMessage, stepsOf } from "./constants.js";
import type { FollowedRun } from "./followed-run.js";
import { frozenMap } from "./frozen.js";
import { Graph, type NodeShape } from "./graph.js";
import {
  addChange,
  applyChange,
  countOf,
  lookAtEnd,
  nodeAt,
  nodeEndOf,
  nodeStartOf,
  overallIn,
  overallOf,
  packedAt,
  percentOf,
  roomForLook,
  stateOf,
  stepAt,
} from "./look.js";
import { Step } from "./mailbox.js";

/** How a run looked when it was last asked or first watched. */
interface Base {
  /** 0–100. */
  overall: number;
  startTime: number;
  look(): Float64Array;
}

/** What changed since, in the order in which it happened. */
interface ChangeLog {
  changes: number[];
  /** When each change came, in ms since the epoch. */
  times: number[];
}

/** Shared by all views that are not watched; never written to. */
const NO_CHANGES: ChangeLog = { changes: [], times: [] };

/** The states of one run over time. */
export class RunView {
  private shape: Graph | undefined;
  private base: Base | undefined;
  /** Filled while watched. */
  private log: ChangeLog = NO_CHANGES;
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
      this.log = NO_CHANGES;
    }
    return this.latestState();
  }

  /** `state`, to be asked later. */
  readonly look = (): ExecutionGraphState => this.state();

  /** From now on every change makes a state of its own, given to `tell`. */
  watch(watched: boolean): void {
    if (watched === this.watched) return;
    this.base = this.lookAt();
    this.log = { changes: [], times: [] };
    this.watched = watched;
    this.run.watch(watched);
  }

  /** Takes a change from the engine and gives the state that it made. */
  change(node: number, packed: number, step: number): ExecutionGraphState | undefined {
    if (!this.watched || node >= this.run.plan.length) return undefined;
    addChange(this.log.changes, node, packed, step);
    this.log.times.push(Date.now());
    return this.latestState();
  }

  private latestState(): ExecutionGraphState {
    this.latestStep = this.run.steps;
    this.latest = this.stateAt(countOf(this.log.changes));
    return this.latest;
  }

  /** How the run looks. What can be told later without having changed is told when it is asked. */
  private lookAt(): Base {
    const { run } = this;
    const { recording, startTime } = run;
    if (recording !== undefined) {
      let look: Float64Array | undefined;
      const atTheEnd = () => {
        look ??= lookAtEnd(run.plan, recording);
        return look;
      };
      return { overall: run.hasSucceeded ? 100 : overallOf(atTheEnd()), startTime, look: atTheEnd };
    }
    const look = roomForLook(run.plan.length);
    run.view(look);
    return { overall: overallOf(look), startTime, look: () => look };
  }

  /** The state after so many changes. */
  private stateAt(changes: number): ExecutionGraphState {
    const view = this;
    const base = this.base as Base;
    const { log } = this;
    const overall = changes === 0 ? base.overall : overallIn(packedAt(log.changes, changes - 1));
    const isExecuting = !this.run.isFinished;
    const { context } = this.run;
    let nodes: Map<string, ExecutionGraphNode> | undefined;
    const state: ExecutionGraphState = {
      get nodes() {
        nodes ??= view.nodesAt(base.look(), log, changes);
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

  private nodesAt(base: Float64Array, { changes, times }: ChangeLog, count: number): Map<string, ExecutionGraphNode> {
    const look = base.slice();
    const steps = new Map<number, number>();
    for (let change = 0; change < count; change++) {
      const node = nodeAt(changes, change);
      const step = stepAt(changes, change);
      applyChange(look, node, packedAt(changes, change), times[change] as number);
      if (step !== Step.none) steps.set(node, step);
    }
    const nodes = this.made.slice();
    for (let index = this.run.plan.length - 1; index >= 0; index--) {
      nodes[index] = this.nodeIn(index, look, steps.get(index), nodes);
    }
    this.made = nodes;
    const id = (index: number) => this.run.plan.id(index);
    return frozenMap(this.graph.listed.map((index) => [id(index), nodes[index] as ExecutionGraphNode]));
  }

  private nodeIn(
    index: number,
    look: Float64Array,
    step: number | undefined,
    nodes: (ExecutionGraphNode | undefined)[],
  ): ExecutionGraphNode {
    const shape = this.graph.node(index);
    const state = constants().states[stateOf(look, index)] ?? "pending";
    const progress = percentOf(look, index);
    const startTime = whole(nodeStartOf(look, index));
    const endTime = whole(nodeEndOf(look, index));
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

function whole(time: number): number | undefined {
  return Number.isNaN(time) ? undefined : Math.round(time);
}
