/** The order in which nodes can run. */
import { NodeError } from "../contract/error.js";
import { type GraphEdge, type GraphMember, type Scope, scopeOf } from "./scope.js";

/**
 * The ids of nodes by level: level 0 waits for nothing, every other one for at least one node of the level before. Within a
 * level nodes stand as they are given.
 *
 * @throws NodeError CIRCULAR_DEPENDENCY `Cycle detected in node graph: a → b → a`; INVALID_NODE and NODE_NOT_FOUND for nodes
 *   without an id of their own, and edges that lead elsewhere
 */
export function topologicalSort(nodes: readonly GraphMember[], edges: readonly GraphEdge[] = []): string[][] {
  const scope = scopeOf(nodes, edges);
  return levelsOf(scope).map((level) => level.map((place) => scope.ids[place] as string));
}

/** The places of nodes by level. @throws NodeError CIRCULAR_DEPENDENCY */
export function levelsOf({ ids, dependencies, dependents }: Scope): number[][] {
  const waiting = dependencies.map(({ length }) => length);
  const levels: number[][] = [];
  let level = [...ids.keys()].filter((place) => waiting[place] === 0);
  let settled = 0;
  while (level.length > 0) {
    levels.push(level);
    settled += level.length;
    const next: number[] = [];
    for (const place of level) {
      for (const dependent of dependents[place] ?? []) {
        const left = (waiting[dependent] as number) - 1;
        waiting[dependent] = left;
        if (left === 0) next.push(dependent);
      }
    }
    level = next.sort((one, other) => one - other);
  }
  if (settled < ids.length) {
    const cycle = cycleIn(dependencies, waiting).map((place) => ids[place]);
    throw new NodeError("CIRCULAR_DEPENDENCY", `Cycle detected in node graph: ${[...cycle, cycle[0]].join(" → ")}`);
  }
  return levels;
}

/**
 * One cycle, along the edges, from its earliest node. A node that still waits does so for another that still waits, so that
 * walking from edge to source comes back to a node that was seen.
 */
function cycleIn(dependencies: Scope["dependencies"], waiting: readonly number[]): number[] {
  const walk: number[] = [];
  const seen = new Map<number, number>();
  let at = waiting.findIndex((count) => count > 0);
  while (!seen.has(at)) {
    seen.set(at, walk.length);
    walk.push(at);
    at = dependencies[at]?.find((source) => (waiting[source] as number) > 0) as number;
  }
  const cycle = walk.slice(seen.get(at)).reverse();
  const earliest = cycle.reduce((first, place, index) => (place < (cycle[first] as number) ? index : first), 0);
  return [...cycle.slice(earliest), ...cycle.slice(0, earliest)];
}
