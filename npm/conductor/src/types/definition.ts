/** What callers hand over to be run. */

/** An edge between two children of one node. */
export interface NodeEdge {
  id?: string;
  /** Id of the child that the edge leaves. */
  source: string;
  /** Id of the child that the edge enters. */
  target: string;
  /** Which output of the source; matters for routed outputs and for `error`. */
  sourceHandle?: string | null;
  /** Key under which the target sees the value; `default` when missing, null or empty. */
  targetHandle?: string | null;
  [key: string]: unknown;
}

/** What a node asks of the engine; nothing of it is handed to the executable. Durations: ms, or text such as `10s`. */
export interface NodePolicy {
  /** Further attempts after a failure whose code is retryable; of a group, with all that it contains. */
  retries?: number | null;
  /** Wait before the first of them: ms, or `250ms`, `10s`, `5m`, `1.5h`, `2d`. Doubles each time. */
  retryDelay?: number | string | null;
  /**
   * Whether that wait, and those after it, are spread: between half of it and all of it, by the seed of the run, so that nodes and
   * executions that failed at once do not come back at once. Never shorter than what a failure asks for. Default `false`.
   */
  retryJitter?: boolean | null;
  /** Deadline of one attempt: ms, or a duration as text. */
  timeout?: number | string | null;
  /**
   * After a failure for good that no `error` edge takes, the run goes on: every other edge fires and brings `undefined`,
   * and the result warns of it. Without effect on the node that is run.
   */
  continueOnError?: boolean | null;
  /**
   * How many attempts may start within a time, over all rounds of loops and tries in one run: `10/s`, `100/min`, `1000/h`,
   * `5/10s`, or `limit` (1 to 10000) and `per` (1 ms to 24 h, as ms or a duration). Of a group or a loop: beginnings. Nodes of a flow
   * with the same `key` share one rate, of which they must say the same.
   */
  rateLimit?: string | { limit: number; per: number | string; key?: string | null } | null;
  /**
   * Parts of its output that nothing outside of the run sees: `customer.email`, `rows[*].card`, `**.token`, `["a key"]`. Of a group
   * or a flow they count for all nodes inside as well, those of the node that is run also for its input.
   */
  redact?: readonly string[] | null;
  /**
   * How many attempts may be under way at once, over all rounds of the loops around it in one run: 1 to 10000. A node
   * that waits for its next try counts. Of a group or a loop: how many of it are open. Without a loop around it the result warns that it has no effect.
   */
  concurrency?: number | null;
  /**
   * Outputs are taken from the cache of the conductor where they were made from the same before: `true`; a time, as ms or a
   * duration, for as long as that; or both in an object, with a `key` that stands for what the node gets: text, mostly with
   * expressions. `false`: never, also where the conductor's settings say so for all nodes without effects.
   */
  cache?: boolean | number | string | { ttl?: number | string | null; key?: string | null } | null;
  /**
   * The label of the processes that may run the flow, such as `gpu`: text without white space and without an expression. One that does
   * not offer it (`labels`, `--label`) refuses the execution before a node starts, and leaves one that is kept in a store to others.
   */
  runsOn?: string | null;
}

/** A node, and with children a flow. Only `id` and `type` are needed; what is not known here is kept as it is. */
export interface NodeDefinition {
  id: string;
  type: string;
  name?: string;
  version?: string;
  parentId?: string;
  description?: string;
  category?: string;
  position?: { x: number; y: number };
  metadata?: Record<string, unknown>;
  /**
   * Handed to the executable. The engine itself heeds `enabled` and, as `policy` has them, `retries`, `retryDelay` and
   * `timeout`. Values that editors write into every node do not count: `timeout: 30000` (except for a `shell-command`)
   * and `retries: 1` (for an `http-request`: 0).
   */
  parameters?: Record<string, unknown>;
  policy?: NodePolicy;
  /** Children; a node with at least one is a group, whatever its type. */
  nodes?: NodeDefinition[];
  edges?: NodeEdge[];
  [key: string]: unknown;
}

declare const flowOutput: unique symbol;

/** A flow of which the compiler knows the output. A plain definition otherwise: the mark is for the compiler alone. */
export interface TypedFlow<Output> extends NodeDefinition {
  name: string;
  version: string;
  nodes: NodeDefinition[];
  readonly [flowOutput]: Output;
}

/** Whether nodes of a type run the nodes inside of them in rounds. */
export function runsInRounds(type: unknown): boolean {
  return type === "loop" || type === "until";
}
