/** A run as a store and its listeners see it: objects made only of what is looked at. */
import { runsInRounds } from "../types/definition.js";
import type { Eta, ExecutionGraphNode, ExecutionGraphState } from "../types/graph.js";
import { attemptText, type NodeActivity, roundsText } from "./activity.js";
import { constants, stepMessage, stepsOf } from "./constants.js";
import { type FollowedRun, isInherited, type ViewedRun } from "./followed-run.js";
import { frozenMap } from "./frozen.js";
import { Step } from "./generated.js";
import { Graph, type NodeShape } from "./graph.js";
import { measuredPath } from "./measured-path.js";
import { type Moment, Moments, type NodeRecord, recordIn } from "./moments.js";
import { State } from "./state.js";
import type { ChangeListener } from "./view-copy.js";
import { overallIn, overallOf, pack, roomForView, TOUCHED, viewAtEnd } from "./view-numbers.js";

/** How a run looked when it was last asked or first watched. */
interface Base {
  /** 0–100. */
  overall: number;
  startTime: number;
  look(): Float64Array;
}

/** What is told of a run that is not over from what earlier ones took. */
export interface Estimates {
  /** How long it still takes. */
  eta?: () => Eta | undefined;
  /** The critical path in a state that was made at `now`, in ms since the epoch; `undefined` where nothing is known of it. */
  path?: (state: ExecutionGraphState, now: number) => string[] | undefined;
}

/** The states of one run over time. */
export class RunView<R extends ViewedRun = FollowedRun> {
  private listedNodes: number[] | undefined;
  private base: Base | undefined;
  /** While watched. */
  private moments: Moments | undefined;
  /** Overall progress at the latest moment, 0–100. */
  private overall = 0;
  private latest: ExecutionGraphState | undefined;
  private latestStep = -1;
  /** The nodes as last made, to be used again where nothing about them changed. */
  private made: (ExecutionGraphNode | undefined)[] = [];

  /** Called once, when a state is first looked at. */
  onLook: (() => void) | undefined;
  /** Called after each step of the run; missing where it is not followed elsewhere. */
  onStepped: (() => void) | undefined;
  private estimates: Estimates = {};

  /** Told of each change beside those who watch. */
  private listener: ChangeListener | undefined;
  private isRunWatched = false;

  /** @param shape default: worked out once it is looked at */
  constructor(
    readonly run: R,
    private shape?: Graph,
  ) {}

  /** The shape of what is run. */
  get graph(): Graph {
    this.shape ??= new Graph(this.run.plan);
    return this.shape;
  }

  /** The nodes that states list. */
  private get listed(): number[] {
    this.listedNodes ??= this.graph.listed;
    return this.listedNodes;
  }

  /** Whether states list a node: a child of the node that is run, or a leaf that is run itself. */
  private isListed(node: number): boolean {
    const { plan } = this.run;
    return plan.parent(node) === 0 && (node > 0 || plan.length === 1);
  }

  /** The state now; the same object while nothing has happened. */
  state(): ExecutionGraphState {
    const { onLook } = this;
    this.onLook = undefined;
    onLook?.();
    this.run.flush();
    if (this.latest !== undefined && this.latestStep === this.run.steps) return this.latest;
    if (this.moments === undefined) this.base = this.lookAt();
    return this.latestState();
  }

  /** `state`, to be asked later. */
  readonly look = (): ExecutionGraphState => this.state();

  /** From now on states have these estimates. */
  estimate(estimates: Estimates): void {
    this.estimates = estimates;
    this.latest = undefined;
  }

  /** From now on every change makes a state of its own, given to `tell`. */
  watch(watched: boolean): void {
    const { run } = this;
    if (watched === (this.moments !== undefined)) return;
    this.base = this.lookAt();
    this.overall = this.base.overall;
    // Nothing changes any more in a run that is over.
    this.moments =
      watched && !run.isFinished
        ? new Moments(this.base.look(), run.plan.length, (node) => run.reportOf(node))
        : undefined;
    this.watchRun();
  }

  /** From now on every change is told to a listener as well; `undefined`: to no listener any more. */
  follow(listener: ChangeListener | undefined): void {
    this.listener = listener;
    this.watchRun();
  }

  private watchRun(): void {
    const watched = this.moments !== undefined || this.listener !== undefined;
    if (watched === this.isRunWatched) return;
    this.isRunWatched = watched;
    this.run.watch(watched);
  }

  /** Takes a change, which happened at `time`, and gives the state that it made. */
  change(node: number, packed: number, step: number, time = Date.now()): ExecutionGraphState | undefined {
    this.listener?.(node, packed, step, time);
    return packed === TOUCHED ? this.show(node) : this.enter(node, packed, step, time);
  }

  private enter(node: number, packed: number, step: number, time: number): ExecutionGraphState | undefined {
    if (this.moments === undefined || node >= this.run.plan.length) return undefined;
    this.moments.change(node, packed, step, time, this.run.reportOf(node));
    this.overall = overallIn(packed);
    return this.latestState();
  }

  /** Something is known of a node that its record does not say; gives the state in which it is seen. */
  touch(node: number): ExecutionGraphState | undefined {
    return this.change(node, TOUCHED, Step.none);
  }

  private show(node: number): ExecutionGraphState | undefined {
    if (this.moments === undefined || node >= this.run.plan.length) return undefined;
    this.moments.show(this.moments.latest);
    const { state, percent } = this.moments.record(node);
    return this.enter(node, pack(state, percent, this.overall), Step.none, Date.now());
  }

  /** The run now, as numbers. */
  numbers(): Float64Array {
    this.run.flush();
    return this.lookAt().look();
  }

  private latestState(): ExecutionGraphState {
    this.latestStep = this.run.steps;
    this.latest = this.stateNow();
    return this.latest;
  }

  /** How the run looks. What can be told later without having changed is told when it is asked. */
  private lookAt(): Base {
    const { run } = this;
    const { recording, startTime } = run;
    if (recording !== undefined) {
      let look: Float64Array | undefined;
      const atTheEnd = () => {
        look ??= viewAtEnd(run.plan, recording);
        return look;
      };
      return { overall: run.hasSucceeded ? 100 : overallOf(atTheEnd()), startTime, look: atTheEnd };
    }
    const look = roomForView(run.plan.length);
    run.view(look);
    return { overall: overallOf(look), startTime, look: () => look };
  }

  private stateNow(): ExecutionGraphState {
    const view = this;
    const base = this.base as Base;
    const { moments } = this;
    const moment = moments?.latest;
    const isExecuting = !this.run.isFinished;
    const { context, isPaused } = this.run;
    const { eta, path: expectedPath } = this.estimates;
    const now = expectedPath === undefined ? 0 : Date.now();
    let nodes: Map<string, ExecutionGraphNode> | undefined;
    let path: string[] | undefined;
    const state: ExecutionGraphState = {
      get nodes() {
        nodes ??= moments === undefined ? view.nodesIn(base.look()) : view.nodesAt(moments, moment as Moment);
        return nodes;
      },
      get edges() {
        return view.graph.shape(0).edges;
      },
      get executionOrder() {
        return view.graph.shape(0).executionOrder;
      },
      get criticalPath() {
        if (!isExecuting) path ??= measuredPath(state.nodes, state.executionOrder);
        path ??= expectedPath?.(state, now) ?? view.graph.shape(0).criticalPath;
        return path;
      },
      get criticalPathKind() {
        if (!isExecuting) return "measured";
        return state.criticalPath === view.graph.shape(0).criticalPath ? "estimated" : "expected";
      },
      get totalWeight() {
        return view.graph.shape(0).totalWeight;
      },
      get maxParallelism() {
        return view.graph.shape(0).maxParallelism;
      },
      isExecuting,
      ...(isExecuting && isPaused && { isPaused }),
      startTime: base.startTime,
      endTime: isExecuting ? null : this.run.endTime,
      cachedProgress: moments === undefined ? base.overall : this.run.hasSucceeded ? 100 : this.overall,
      executionId: context.executionId,
      nodeId: context.nodeId,
    };
    if (eta !== undefined && isExecuting && !isPaused) {
      Object.defineProperty(state, "eta", { enumerable: true, get: eta });
    }
    return Object.freeze(state);
  }

  /** The nodes as they are in a look. */
  private nodesIn(look: Float64Array): Map<string, ExecutionGraphNode> {
    const nodes = this.made.slice();
    for (let index = this.run.plan.length - 1; index >= 0; index--) {
      nodes[index] = this.nodeIn(index, recordIn(look, index, this.run.reportOf(index)), nodes);
    }
    this.made = nodes;
    const { plan } = this.run;
    return frozenMap(new Map(this.listed.map((index) => [plan.id(index), nodes[index] as ExecutionGraphNode])));
  }

  /** The nodes as they were at a moment: only those that are not shown as they were then are made anew. */
  private nodesAt(moments: Moments, moment: Moment): Map<string, ExecutionGraphNode> {
    moments.show(moment);
    const { shown, stale } = moments;
    const { plan } = this.run;
    // A node holds those inside it.
    for (const index of stale) stale.add(plan.parent(index));
    const renewed = [...stale].sort((one, other) => other - one);
    stale.clear();
    for (const index of renewed) {
      const record = this.withProgress(index, moments);
      shown[index] ??= this.made[index] as ExecutionGraphNode;
      const before = shown[index];
      shown[index] = this.nodeIn(index, record, shown);
      // A change to this state may be told before the error that it is for, and before what takes that.
      if (record.state !== State.error) continue;
      if (shown[index] !== before || shown[index].error === undefined) stale.add(index);
    }
    const listed = moments.map === undefined ? this.listed : renewed.filter((index) => this.isListed(index));
    const nodes = new Map(moments.map);
    for (const index of listed) nodes.set(plan.id(index), shown[index] as ExecutionGraphNode);
    const map = frozenMap(nodes);
    moments.map = map;
    return map;
  }

  /** How a node is; a group with the progress of what is inside, which the engine tells in looks only. Children come before it. */
  private withProgress(index: number, moments: Moments): NodeRecord {
    const record = moments.record(index);
    const { plan } = this.run;
    if (plan.isLeaf(index) || runsInRounds(plan.node(index).type)) {
      moments.weights[index] = plan.weight(index);
      moments.done[index] = plan.weight(index) * record.percent;
      return record;
    }
    // States do not list the node that is run.
    if (index === 0) return record;
    let [done, weight] = [0, 0];
    for (const child of plan.children(index)) {
      done += moments.done[child] as number;
      weight += moments.weights[child] as number;
    }
    moments.done[index] = done;
    moments.weights[index] = weight;
    // Completed, or skipped.
    const isOver = record.state >= State.completed && record.state !== State.error;
    const percent = isOver ? 100 : weight > 0 ? Math.floor(done / weight + 0.5) : 0;
    return { ...record, percent };
  }

  private nodeIn(
    index: number,
    { state: stateNumber, percent: progress, start, end, step, report: reported }: NodeRecord,
    nodes: (ExecutionGraphNode | undefined)[],
  ): ExecutionGraphNode {
    const shape = this.graph.node(index);
    const state = constants().states[stateNumber] ?? "pending";
    const startTime = whole(start);
    const endTime = whole(end);
    const report = state === "pending" ? undefined : reported;
    const known = this.run.activityOf(index);
    const activity = state === "pending" ? undefined : known;
    const doing = state === "executing" ? doingText(activity) : undefined;
    const message = doing ?? report?.message ?? this.message(shape, state, progress, step);
    const error = state === "error" ? (this.run.errorOf(index)?.message ?? activity?.error) : undefined;
    const children = index === 0 ? [] : this.run.plan.children(index);
    // Key by key: spreading in what may be missing costs several times as much, at every node of every view.
    const { id, name, type, weight, dependencies, dependents, level } = shape;
    // The engine has whole percents. Of several reports in one step only the last one is known as it was made.
    const isOfReport = state === "executing" && report !== undefined && Math.round(report.percent) === progress;
    const percent = isOfReport ? report.percent : progress;
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
    if (activity?.attempts !== undefined) node.attempts = activity.attempts;
    if (activity?.rounds !== undefined) node.rounds = activity.rounds;
    // Nodes inside loops stay pending.
    if (known?.cached !== undefined) node.cached = known.cached;
    if (state === "error" && activity?.handled) node.handled = true;
    else if ((state === "error" || state === "skipped") && activity?.cancelled) node.cancelled = true;
    if (state !== "pending" && isInherited(this.run, index)) node.reused = true;
    if (children.length > 0) node.nodes = children.map((child) => nodes[child] as ExecutionGraphNode);
    const previous = nodes[index];
    return previous !== undefined && same(previous, node) ? previous : Object.freeze(node);
  }

  private message(shape: NodeShape, state: string, progress: number, step: number): string | undefined {
    const tables = constants();
    if (state === "completed" || step === Step.complete || progress >= 100) {
      return state === "skipped" ? undefined : tables.complete;
    }
    if (state === "pending") return undefined;
    if (step !== Step.none) return stepMessage(tables, shape.weight, step);
    return stepsOf(tables, shape.weight).findLast(([percent]) => percent <= progress)?.[1];
  }
}

/** What a node does that waits for another try, or goes through rounds. */
function doingText(activity: NodeActivity | undefined): string | undefined {
  if (activity?.attempts?.retryAt !== undefined) return attemptText(activity.attempts, Date.now());
  return activity?.rounds === undefined ? undefined : roundsText(activity.rounds);
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
