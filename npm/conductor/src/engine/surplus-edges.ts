/** Edges to and from nothing beyond those that validation lists: there may be millions of them. */
import { constants } from "./constants.js";

/** Leaves them out of a flow that is written down for validation, and counts what is wrong with them. */
export class SurplusEdges {
  /** Problems of the edges that were left out. */
  problems = 0;

  /**
   * The edges of a scope without those that lead nowhere, but for as many as are listed. What is left has the places that
   * it had, up to the last edge of which a problem can be listed.
   */
  without(edges: unknown[], nodes: unknown): unknown[] {
    const listed = constants().limits.problems;
    if (edges.length <= listed || !Array.isArray(nodes)) return edges;
    const ids = new Set<unknown>();
    for (const node of nodes) ids.add(node?.id);
    let wrong = 0;
    let left = 0;
    const kept: unknown[] = [];
    for (const edge of edges) {
      // A list that holds anything else is refused as a whole.
      if (typeof edge !== "object" || edge === null) return edges;
      const { source, target } = edge as { source: unknown; target: unknown };
      const problems = Number(!ids.has(source)) + Number(!ids.has(target));
      if (problems > 0 && ++wrong > listed) left += problems;
      else kept.push(edge);
    }
    this.problems += left;
    return kept;
  }
}
