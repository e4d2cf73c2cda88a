/** The path that decides how long a flow takes. */
import { levelsOf } from "./levels.js";
import { type GraphEdge, type GraphMember, type Scope, scopeOf } from "./scope.js";

/** The heaviest path through a group. */
export interface CriticalPath {
  /** Ids from first to last. */
  path: string[];
  /** The sum of their weights. */
  weight: number;
}

/**
 * The heaviest path. Of equally heavy ends the earliest node counts, of equally heavy ways to a node the one found first, level
 * by level.
 *
 * @param weightOf the weight of a node, not negative
 * @throws NodeError CIRCULAR_DEPENDENCY, INVALID_NODE, NODE_NOT_FOUND, see `topologicalSort`
 */
export function findCriticalPath<Node extends GraphMember>(
  nodes: readonly Node[],
  edges: readonly GraphEdge[],
  weightOf: (node: Node) => number,
): CriticalPath {
  const scope = scopeOf(nodes, edges);
  return criticalPathOf(scope, levelsOf(scope), nodes.map(weightOf));
}

/** The heaviest path through nodes of which levels and weights are known. */
export function criticalPathOf(
  { ids, dependents }: Scope,
  levels: readonly (readonly number[])[],
  weights: readonly number[],
): CriticalPath {
  const heaviest = [...weights];
  const previous = new Map<number, number>();
  for (const place of levels.flat()) {
    for (const dependent of dependents[place] ?? []) {
      const weight = (heaviest[place] as number) + (weights[dependent] as number);
      if (weight <= (heaviest[dependent] as number)) continue;
      heaviest[dependent] = weight;
      previous.set(dependent, place);
    }
  }
  let end: number | undefined = heaviest.length === 0 ? undefined : 0;
  for (const [place, weight] of heaviest.entries()) {
    if (weight > (heaviest[end as number] as number)) end = place;
  }
  const weight = end === undefined ? 0 : (heaviest[end] as number);
  const path: string[] = [];
  for (let at = end; at !== undefined; at = previous.get(at)) path.push(ids[at] as string);
  return { path: path.reverse(), weight };
}
