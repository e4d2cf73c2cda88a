/**
 * Flows, node bodies and clocks for the tests of a conductor.
 *
 * The types say only what client code relies on, so that a test never leans on how the conductor
 * is made.
 */
import { createConductor } from "@atomiton/conductor/desktop";
import { vi } from "vitest";

export interface Edge {
  id: string;
  source: string;
  target: string;
  sourceHandle?: string | null;
  targetHandle?: string | null;
}

export interface Definition {
  id: string;
  type: string;
  name?: string;
  parameters?: Record<string, unknown>;
  policy?: unknown;
  nodes?: Definition[];
  edges?: Edge[];
  settings?: Record<string, unknown>;
}

/** What an executable receives: seven context keys, then the parameters, with lazy extras behind. */
export interface Params extends Record<string, unknown> {
  nodeId: string;
  executionId: string;
  variables: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into inputs of every shape.
  input: any;
  // biome-ignore lint/suspicious/noExplicitAny: tests walk up chains of contexts.
  parentContext: any;
  signal: AbortSignal;
  attempt: number;
  idempotencyKey: string;
  progress(percent: number, message?: string): void;
  warn(rule: string, message: string): void;
  log(...args: unknown[]): void;
}

export type Body = (params: Params) => unknown;

export interface GraphNode {
  id: string;
  name: string;
  type: string;
  weight: number;
  dependencies: string[];
  dependents: string[];
  level: number;
  state: "pending" | "executing" | "completed" | "error" | "skipped";
  progress: number;
  message?: string;
  startTime?: number;
  endTime?: number;
  error?: string;
  nodes?: unknown;
}

export interface GraphState {
  executionId?: string;
  nodes: Map<string, GraphNode>;
  edges: { from: string; to: string }[];
  executionOrder: string[][];
  criticalPath: string[];
  totalWeight: number;
  maxParallelism: number;
  isExecuting: boolean;
  startTime: number | null;
  endTime: number | null;
  cachedProgress: number;
}

export interface RunError {
  code: string;
  message: string;
  nodeId?: string;
  executionId?: string;
  timestamp: Date;
  stack?: string;
  cause?: unknown;
  recovery?: {
    retryable: boolean;
    retryDelayMs?: number;
    maxRetries?: number;
    suggestions?: string[];
  };
}

export interface TraceEvent {
  timestamp: number;
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: each kind of event has data of its own.
  data: any;
}

export interface Trace {
  executionId: string;
  rootNodeId: string;
  startTime: number;
  endTime?: number;
  duration?: number;
  config: { slowMo?: number };
  events: TraceEvent[];
  nodes: (Record<string, unknown> & { nodeId: string; events: unknown[] })[];
}

export interface RunResult {
  success: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into outputs of every shape.
  data?: any;
  error?: RunError;
  duration: number;
  executedNodes: string[];
  // biome-ignore lint/suspicious/noExplicitAny: tests look into contexts of every shape.
  context?: any;
  trace?: Trace;
  outputs?: Record<string, unknown>;
  warnings?: { rule: string; message: string; nodeId: string; count?: number }[];
}

type Handler<T> = (event: T) => unknown;

export interface Store {
  getState(): GraphState;
  setState(updater: (state: GraphState) => GraphState): void;
  subscribe(listener: (state: GraphState, previous: GraphState) => void): () => void;
  useStore: unknown;
  initializeGraph(graph: unknown): void;
  setNodeState(id: string, state: GraphNode["state"], error?: string): void;
  setNodeProgress(id: string, progress: number, message?: string): void;
  completeExecution(): void;
  reset(): void;
  getTrace(): Trace | null | undefined;
}

export interface Conductor {
  node: {
    run(node: unknown, context?: Record<string, unknown>): Promise<RunResult>;
    cancel(executionId: string): Promise<unknown>;
    store: Store;
  };
  flow: { run(node: unknown, context?: Record<string, unknown>): Promise<RunResult> };
  system: { health(): Promise<{ status: string; timestamp: number; message?: string }> };
  events: {
    onStarted(handler: Handler<{ executionId: string; nodeId: string }>): () => void;
    onProgress(handler: Handler<GraphState>): () => void;
    onCompleted(handler: Handler<{ executionId: string; result: RunResult }>): () => void;
    onError(handler: Handler<{ executionId: string; error: Error }>): () => void;
    on(event: string, handler: (payload: never) => unknown): unknown;
    once(event: string, handler: (payload: never) => unknown): unknown;
    off(event: string, handler: (payload: never) => unknown): unknown;
    emit(event: string, payload?: unknown): boolean;
    listenerCount(event: string): number;
    flushProgress(): void;
    removeAllListeners(): unknown;
  };
  store: Store;
  execute(node: unknown, context?: Record<string, unknown>): Promise<RunResult>;
  health(): Promise<{ status: string; timestamp: number; message?: string }>;
}

export const leaf = (id: string, extra: Partial<Definition> = {}): Definition => ({
  id,
  type: "test",
  ...extra,
});

export const edge = (source: string, target: string, extra: Partial<Edge> = {}): Edge => ({
  id: `${source}->${target}${extra.targetHandle ? `.${extra.targetHandle}` : ""}`,
  source,
  target,
  ...extra,
});

export const group = (
  id: string,
  nodes: Definition[],
  edges: Edge[] = [],
  extra: Partial<Definition> = {},
): Definition => ({ id, type: "group", nodes, edges, ...extra });

/** `root` with children `n1 → n2 → … → n<length>`. */
export function chain(length: number, id = "root"): Definition {
  const ids = Array.from({ length }, (_, index) => `n${index + 1}`);
  return group(
    id,
    ids.map((each) => leaf(each)),
    ids.slice(1).map((each, index) => edge(ids[index] as string, each)),
  );
}

/** `root` with `a → b → d` and `a → c → d`. */
export const diamond = (): Definition =>
  group(
    "root",
    ["a", "b", "c", "d"].map((id) => leaf(id)),
    [
      edge("a", "b"),
      edge("a", "c"),
      edge("b", "d", { targetHandle: "left" }),
      edge("c", "d", { targetHandle: "right" }),
    ],
  );

/** `root` with `a → inner → z`, where `inner` holds `c1 → c2`. */
export const nested = (): Definition =>
  group(
    "root",
    [leaf("a"), group("inner", [leaf("c1"), leaf("c2")], [edge("c1", "c2")]), leaf("z")],
    [edge("a", "inner"), edge("inner", "z")],
  );

/** `root` with unconnected leaves. */
export const independent = (...ids: string[]): Definition =>
  group(
    "root",
    ids.map((id) => leaf(id)),
  );

/** A body that does what `bodies` says for the node it runs as, and otherwise answers `out:<id>`. */
export const byId =
  (bodies: Record<string, Body>): Body =>
  (params) => {
    const body = Object.hasOwn(bodies, params.nodeId) ? bodies[params.nodeId] : undefined;
    return body ? body(params) : `out:${params.nodeId}`;
  };

/** A conductor whose every node type is executed by `body`. */
export const conductorWith = (body: Body = byId({}), config: Record<string, unknown> = {}): Conductor =>
  conductorOver({ getNodeExecutable: () => ({ execute: async (params) => body(params) }) }, config);

/** A conductor over a factory of executables. */
export const conductorOver = (
  nodeExecutorFactory: {
    getNodeExecutable(type: string): { execute(params: Params): unknown } | undefined;
  },
  config: Record<string, unknown> = {},
): Conductor => createConductor({ nodeExecutorFactory, ...config } as never) as unknown as Conductor;

/** A node of the state, at whatever depth the state lists it. */
export function nodeIn(state: { nodes: unknown }, id: string): GraphNode | undefined {
  const { nodes } = state;
  const listed = (nodes instanceof Map ? [...nodes.values()] : Object.values(nodes ?? {})) as GraphNode[];
  for (const node of listed) {
    if (node.id === id) return node;
    const below = node.nodes ? nodeIn({ nodes: node.nodes }, id) : undefined;
    if (below) return below;
  }
  return undefined;
}

/** Stops the clock; it moves only by `pass`. What waits for no time still happens by itself. */
export const stopClock = (): void => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance", "hrtime"],
  });
};

/** Lets everything that waits for no timer happen. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** Moves the stopped clock forward by `ms` and lets everything due happen. */
export async function pass(ms: number): Promise<void> {
  await turns(2);
  await vi.advanceTimersByTimeAsync(ms);
  await turns(2);
}

export interface Watched<T> {
  settled: boolean;
  value?: T;
  reason?: unknown;
}

/** Whether a promise is settled, and with what. */
export function watch<T>(promise: Promise<T>): Watched<T> {
  const watched: Watched<T> = { settled: false };
  promise.then(
    (value) => Object.assign(watched, { settled: true, value }),
    (reason) => Object.assign(watched, { settled: true, reason }),
  );
  return watched;
}

/** Nodes that stay unanswered until the test answers them. */
export class HeldNodes {
  /** Ids in the order they were started. */
  readonly started: string[] = [];
  /** What each node received last. */
  readonly params = new Map<string, Params>();
  /** The most nodes that were ever running at once. */
  most = 0;
  private readonly answers = new Map<string, { resolve(value: unknown): void; reject(reason: unknown): void }>();

  readonly body: Body = (params) => {
    this.started.push(params.nodeId);
    this.params.set(params.nodeId, params);
    return new Promise((resolve, reject) => {
      this.answers.set(params.nodeId, { resolve, reject });
      this.most = Math.max(this.most, this.answers.size);
    });
  };

  /** Ids of the nodes that wait for an answer, in the order they were started. */
  get running(): string[] {
    return [...this.answers.keys()];
  }

  async finish(id: string, value: unknown = `out:${id}`): Promise<void> {
    this.take(id).resolve(value);
    await turns();
  }

  async fail(id: string, reason: unknown = new Error(`${id} failed`)): Promise<void> {
    this.take(id).reject(reason);
    await turns();
  }

  private take(id: string) {
    const answer = this.answers.get(id);
    if (!answer) throw new Error(`node ${id} is not running; running: ${this.running.join(", ")}`);
    this.answers.delete(id);
    return answer;
  }
}

const consoleMethods = ["debug", "log", "info", "warn", "error"] as const;

/** Silences the console and keeps what would have been printed. */
export function listenToConsole() {
  const spies = new Map(consoleMethods.map((method) => [method, vi.spyOn(console, method).mockReturnValue(undefined)]));
  const linesOf = (...methods: readonly (typeof consoleMethods)[number][]) =>
    methods.flatMap((method) => (spies.get(method)?.mock.calls ?? []).map((args) => args.map(print).join(" ")));
  return {
    all: () => linesOf(...consoleMethods),
    of: linesOf,
    restore: () => {
      for (const spy of spies.values()) spy.mockRestore();
    },
  };
}

function print(value: unknown): string {
  if (value instanceof Error) return `${value.stack ?? value.message}`;
  return typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
}
