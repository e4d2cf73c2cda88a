/** The children of one node by their places, so that what is worked out of them is linear. */
import { NodeError } from "../contract/error.js";

/** A node, as far as edges need it. */
export interface GraphMember {
  id: string;
}

/** An edge between two nodes of one group. */
export interface GraphEdge {
  id?: string | null;
  source: string;
  target: string;
}

/** Nodes and edges of one group. Neighbours are places of nodes, in edge order, one for each edge. */
export interface Scope {
  readonly ids: readonly string[];
  readonly dependencies: readonly (readonly number[])[];
  readonly dependents: readonly (readonly number[])[];
}

/**
 * Reads nodes and edges.
 *
 * @throws NodeError INVALID_NODE for a node without an id, or with the id of another; NODE_NOT_FOUND for an edge to or from
 *   something else than one of the nodes
 */
export function scopeOf(nodes: readonly GraphMember[], edges: readonly GraphEdge[]): Scope {
  const places = new Map<string, number>();
  for (const [place, node] of nodes.entries()) {
    const id: unknown = node?.id;
    if (typeof id !== "string" || id === "") {
      throw new NodeError("INVALID_NODE", `The node at place ${place} has no id; give it one`);
    }
    if (places.has(id)) {
      throw new NodeError("INVALID_NODE", `The id \`${id}\` is used twice in its group; edges go by it, so rename one`);
    }
    places.set(id, place);
  }
  const dependencies = nodes.map((): number[] => []);
  const dependents = nodes.map((): number[] => []);
  for (const [at, edge] of edges.entries()) {
    const source = placeOf(places, edge, at, "source");
    const target = placeOf(places, edge, at, "target");
    dependencies[target]?.push(source);
    dependents[source]?.push(target);
  }
  return { ids: [...places.keys()], dependencies, dependents };
}

function placeOf(places: ReadonlyMap<string, number>, edge: GraphEdge, at: number, end: "source" | "target"): number {
  const place = places.get(edge?.[end]);
  if (place !== undefined) return place;
  const name = edge?.id ? `edge \`${edge.id}\`` : `edge at place ${at}`;
  throw new NodeError("NODE_NOT_FOUND", `The ${name} has the ${end} \`${edge?.[end]}\`, which is no node of its group`);
}
