/** The path that decided how long a run took. */
import type { ExecutionGraphNode } from "../types/graph.js";
import { frozenList } from "./frozen.js";

/** The best way to a node: how long it took in ms, how many nodes it has, and the node before. */
interface Way {
  ms: number;
  length: number;
  before: string | undefined;
}

/**
 * Ids of the longest chain along edges by the time that its nodes took, in the order in which they ran. Nodes that did
 * not run belong to no chain; of chains that took the same, the one of more nodes.
 *
 * @param executionOrder ids by level
 */
export function measuredPath(nodes: ReadonlyMap<string, ExecutionGraphNode>, executionOrder: string[][]): string[] {
  const ways = new Map<string, Way>();
  let end: string | undefined;
  for (const level of executionOrder) {
    for (const id of level) {
      const node = nodes.get(id);
      if (node === undefined || node.state === "pending" || node.state === "skipped") continue;
      let best: Way = { ms: 0, length: 0, before: undefined };
      for (const before of node.dependencies) {
        const way = ways.get(before);
        if (way !== undefined && isLonger(way, best)) best = { ...way, before };
      }
      const way = { ms: best.ms + (node.duration ?? 0), length: best.length + 1, before: best.before };
      ways.set(id, way);
      if (end === undefined || isLonger(way, ways.get(end) as Way)) end = id;
    }
  }
  const path: string[] = [];
  for (let id = end; id !== undefined; id = ways.get(id)?.before) path.push(id);
  return frozenList(path.reverse());
}

function isLonger(one: Way, other: Way): boolean {
  return one.ms > other.ms || (one.ms === other.ms && one.length > other.length);
}
