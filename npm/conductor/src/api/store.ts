/** The graph of the run started last, as a store that a user interface can follow. */
import type { ViewedRun } from "../engine/followed-run.js";
import { frozenMap } from "../engine/frozen.js";
import type { RunView } from "../engine/view.js";
import type { ExecutionTrace, NodeExecutionState } from "../types/execution.js";
import type { ExecutionGraphNode, ExecutionGraphState } from "../types/graph.js";
import type { ExecutionId } from "../types/ids.js";

/** What `initializeGraph` takes: the result of a graph analysis. */
export interface AnalysedGraph {
  nodes: Map<string, Omit<ExecutionGraphNode, "state" | "progress">>;
  executionOrder: unknown;
  criticalPath: string[];
  totalWeight: number;
  maxParallelism: number;
}

/** Told of each change, with the state before it. */
export type StoreListener = (state: ExecutionGraphState, previous: ExecutionGraphState) => void;
/** A new state, parts of one, or what makes either of the state now. */
export type StoreUpdater =
  | ExecutionGraphState
  | Partial<ExecutionGraphState>
  | ((state: ExecutionGraphState) => ExecutionGraphState | Partial<ExecutionGraphState>);

/** See `createGraphStore`. */
export interface ExecutionGraphStore {
  /** The state now: of the run started last, or what the methods below made of it. */
  getState(): ExecutionGraphState;
  /** Replaces parts of the state. */
  setState(update: StoreUpdater): void;
  /** Calls back synchronously on every change; returns the end of the subscription. */
  subscribe(listener: StoreListener): () => void;
  initializeGraph(graph: AnalysedGraph): void;
  setNodeState(id: string, state: NodeExecutionState, error?: string): void;
  /** @param progress 0–100, brought into that range */
  setNodeProgress(id: string, progress: number, message?: string): void;
  completeExecution(): void;
  reset(): void;
  /** The state, or what a selector takes of it, for a React component. Needs React 18 or newer. */
  useStore<T = ExecutionGraphState>(selector?: (state: ExecutionGraphState) => T): T;
  /** The trace of the run started last; `undefined` before it is over. */
  getTrace(): ExecutionTrace | undefined;
}

/** What the hook needs of React. */
export interface ReactHooks {
  useSyncExternalStore<T>(subscribe: (changed: () => void) => () => void, read: () => T, readOnServer: () => T): T;
}

/** A run, wherever it is carried out. */
type Shown = RunView<ViewedRun>;

/** An execution elsewhere. */
export interface StoreSource {
  readonly executionId: string;
  /** The store is looked at while it shows this. */
  look(): void;
  /** The store shows something else. */
  stop(): void;
}

/** How a conductor feeds its store. */
export interface StoreFeed {
  store: ExecutionGraphStore;
  /** Whether the store has subscribers. */
  readonly isWatched: boolean;
  /** An execution is about to begin elsewhere: the store shows it from now on, first that it goes on. */
  expect(source: StoreSource): void;
  /** A run began: the store shows it from now on. One of a source is shown only while that is. */
  show(view: Shown, source?: StoreSource): void;
  /** An execution elsewhere is over, and nothing is known of its nodes; `wasAsked`: although it was asked. */
  missed(source: StoreSource, wasAsked: boolean): void;
  /** A change of the run that is shown, while watched. */
  changed(view: Shown, state: ExecutionGraphState): void;
  /** The run that is shown took a step, or ended. */
  stepped(view: Shown, trace?: () => ExecutionTrace | undefined): void;
  /** The run that is shown tells from now on what is to be expected of it. */
  estimated(view: Shown): void;
}

const MISSED =
  "`node.store` was first looked at when the execution elsewhere was over, so that it has no nodes of it. It follows those that begin from now on";

/**
 * A store. Without subscribers, nothing is worked out but what `getState` is asked for.
 *
 * @param warn told when a method names a node that does not exist
 * @param isolate runs a listener so that what it throws stays without effect on others
 * @param react finds React when the hook is used; throws where it is not installed
 */
export function createGraphStore(
  warn: (message: string, ...details: unknown[]) => void,
  isolate: (listener: object, call: () => void) => void,
  react: () => ReactHooks,
): StoreFeed {
  const listeners = new Set<StoreListener>();
  let state = emptyState();
  let shown: Shown | undefined;
  let source: StoreSource | undefined;
  /** Whether it was ever looked at: executions elsewhere are followed from then on. */
  let isUsed = false;
  let isMissed = false;
  /** What was made of the state by hand; it holds until the run that is shown goes on. */
  let altered: { state: ExecutionGraphState; step: number } | undefined;
  let trace: (() => ExecutionTrace | undefined) | undefined;

  const notify = (next: ExecutionGraphState) => {
    const previous = state;
    if (next === previous) return;
    state = next;
    for (const listener of [...listeners]) isolate(listener, () => listener(next, previous));
  };
  const replace = (next: Shown | undefined, from?: StoreSource) => {
    shown?.watch(false);
    if (source !== from) source?.stop();
    shown = next;
    source = from;
    altered = trace = undefined;
    isMissed = false;
  };
  const current = () => {
    isUsed = true;
    source?.look();
    if (isMissed) {
      isMissed = false;
      warn(`[EXECUTION_GRAPH] ${MISSED}`);
    }
    if (altered !== undefined && (shown === undefined || altered.step === shown.run.steps)) state = altered.state;
    else if (shown !== undefined) state = shown.state();
    return state;
  };
  const alter = (change: (state: ExecutionGraphState) => ExecutionGraphState) => {
    const before = current();
    const next = change(before);
    if (next === before) return;
    altered = { state: next, step: shown?.run.steps ?? 0 };
    notify(next);
  };
  const alterNode = (id: string, what: string, change: (node: ExecutionGraphNode) => ExecutionGraphNode) => {
    const before = current();
    const node = before.nodes.get(id);
    if (node === undefined) {
      warn(`[EXECUTION_GRAPH] Attempted to update ${what} for non-existent node`, id);
      return;
    }
    const changed = change(node);
    if (isSame(node, changed)) return;
    alter((all) => withNodes(all, frozenMap(new Map(all.nodes).set(id, Object.freeze(changed)))));
  };

  const store: ExecutionGraphStore = {
    getState: current,
    setState(update) {
      alter((before) => {
        const next = typeof update === "function" ? update(before) : update;
        const isSame = (Object.keys(next) as (keyof typeof next)[]).every((key) => Object.is(next[key], before[key]));
        return isSame ? before : frozen({ ...before, ...next });
      });
    },
    subscribe(listener) {
      listeners.add(listener);
      if (listeners.size === 1) {
        current();
        shown?.watch(true);
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) shown?.watch(false);
      };
    },
    initializeGraph(graph) {
      alter(() => fromGraph(graph));
    },
    setNodeState(id, next, error) {
      alterNode(id, "state", (node) => ({
        ...node,
        state: next,
        ...(next === "executing" && { startTime: Date.now(), progress: 0 }),
        ...((next === "completed" || next === "skipped") && { endTime: Date.now(), progress: 100 }),
        ...(next === "error" && { endTime: Date.now(), ...(error && { error }) }),
      }));
    },
    setNodeProgress(id, progress, message) {
      const bounded = Math.min(Math.max(progress, 0), 100);
      alterNode(id, "progress", (node) => ({
        ...node,
        progress: Number.isNaN(bounded) ? node.progress : bounded,
        ...(message !== undefined && { message }),
      }));
    },
    completeExecution() {
      alter((before) => frozen({ ...before, isExecuting: false, endTime: Date.now() }));
    },
    reset() {
      replace(undefined);
      alter(emptyState);
    },
    useStore<T = ExecutionGraphState>(selector?: (state: ExecutionGraphState) => T): T {
      const { useSyncExternalStore } = react();
      const read = () => (selector === undefined ? (current() as T) : selector(current()));
      return useSyncExternalStore(store.subscribe, read, read);
    },
    getTrace: () => trace?.(),
  };

  return {
    store,
    get isWatched() {
      return listeners.size > 0;
    },
    expect(next) {
      const { executionId } = next;
      const begun = {
        ...emptyState(),
        isExecuting: true,
        startTime: Date.now(),
        executionId: executionId as ExecutionId,
      };
      replace(undefined, next);
      if (isUsed) next.look();
      if (listeners.size > 0) notify(frozen(begun));
      else state = frozen(begun);
    },
    show(view, from) {
      if (from !== undefined && from !== source) return;
      replace(view, from);
      if (listeners.size > 0) {
        view.watch(true);
        notify(view.state());
      }
    },
    missed(from, wasAsked) {
      if (from !== source || shown !== undefined) return;
      isMissed = !wasAsked;
      const over = frozen({ ...state, isExecuting: false, endTime: Date.now() });
      if (listeners.size > 0) notify(over);
      else state = over;
    },
    changed(view, next) {
      if (view !== shown) return;
      altered = undefined;
      notify(next);
    },
    stepped(view, made) {
      if (view !== shown) return;
      if (made !== undefined) trace = made;
      if (listeners.size > 0 && view.run.isFinished) notify(view.state());
    },
    estimated(view) {
      if (view !== shown || altered?.step === view.run.steps) return;
      if (listeners.size > 0) notify(view.state());
    },
  };
}

function emptyState(): ExecutionGraphState {
  return frozen({
    nodes: frozenMap(new Map<string, ExecutionGraphNode>()),
    edges: [],
    executionOrder: [],
    criticalPath: [],
    totalWeight: 0,
    maxParallelism: 1,
    isExecuting: false,
    startTime: null,
    endTime: null,
    cachedProgress: 0,
  });
}

function fromGraph(graph: AnalysedGraph): ExecutionGraphState {
  const nodes: [string, ExecutionGraphNode][] = [];
  const edges: { from: string; to: string }[] = [];
  for (const [id, node] of graph.nodes) {
    const dependencies = Object.freeze([...node.dependencies]) as string[];
    const dependents = Object.freeze([...node.dependents]) as string[];
    const state = "pending" as const;
    nodes.push([id, Object.freeze({ ...node, dependencies, dependents, state, progress: 0 })]);
    for (const from of node.dependencies) edges.push({ from, to: id });
  }
  const order = graph.executionOrder as (string | { id: string })[][];
  return frozen({
    nodes: frozenMap(new Map(nodes)),
    edges,
    executionOrder: order.map((level) => level.map((entry) => (typeof entry === "string" ? entry : entry.id))),
    criticalPath: [...graph.criticalPath],
    totalWeight: graph.totalWeight,
    maxParallelism: graph.maxParallelism,
    isExecuting: true,
    startTime: Date.now(),
    endTime: null,
    cachedProgress: 0,
  });
}

function withNodes(state: ExecutionGraphState, nodes: Map<string, ExecutionGraphNode>): ExecutionGraphState {
  return frozen({ ...state, nodes, cachedProgress: overallProgress(nodes.values(), state.totalWeight) });
}

/** Weighted progress over nodes, 0–100. */
export function overallProgress(nodes: Iterable<ExecutionGraphNode>, totalWeight: number): number {
  if (totalWeight <= 0) return 0;
  let done = 0;
  for (const { state, progress, weight } of nodes) {
    if (state === "completed" || state === "skipped") done += weight;
    else if (state === "executing") done += (weight * progress) / 100;
  }
  return Math.round((done / totalWeight) * 100);
}

function frozen(state: ExecutionGraphState): ExecutionGraphState {
  return Object.freeze(state);
}

function isSame(one: ExecutionGraphNode, other: ExecutionGraphNode): boolean {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof ExecutionGraphNode>;
  return [...keys].every((key) => Object.is(one[key], other[key]));
}
