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
   * Handed to the executable. The engine itself heeds `enabled`, `retries` (further attempts), `retryDelay` (ms) and
   * `timeout` (ms).
   */
  parameters?: Record<string, unknown>;
  /** Children; a node with at least one is a group, whatever its type. */
  nodes?: NodeDefinition[];
  edges?: NodeEdge[];
  [key: string]: unknown;
}
