/** The shape of what a run of a node would list: its children, or itself. */
import { NodeError } from "../contract/error.js";
import { criticalPathOf } from "./critical-path.js";
import { levelsOf } from "./levels.js";
import { type GraphEdge, type GraphMember, type Scope, scopeOf } from "./scope.js";
import { getNodeWeight } from "./weights.js";

/** A node, as far as its shape goes. */
export interface GraphNode extends GraphMember {
  type: string;
  /** For people. */
  name?: string | null;
  /** Read of a `try`, for its `catch` and `finally`. */
  parameters?: Readonly<Record<string, unknown>> | null;
  nodes?: readonly GraphNode[] | null;
  edges?: readonly GraphEdge[] | null;
}

/** One node of a graph. */
export interface ExecutionGraphNode {
  id: string;
  /** For people; the type where the node has no name. */
  name: string;
  type: string;
  /** By its type; of a group, the sum of what it contains. */
  weight: number;
  /** Ids of the nodes that edges come from, in edge order, one for each edge. */
  dependencies: string[];
  /** Ids of the nodes that edges lead to. */
  dependents: string[];
  /** From 0. */
  level: number;
}

/** The shape of a group's nodes, or of a node without any. */
export interface ExecutionGraph {
  nodes: Map<string, ExecutionGraphNode>;
  totalWeight: number;
  /** Ids of the heaviest path, first to last. */
  criticalPath: string[];
  criticalPathWeight: number;
  /** The size of the largest level, at least 1. */
  maxParallelism: number;
  /** Ids by level. */
  executionOrder: string[][];
}

/** How many groups may lie in one another, as for the engine. */
const GROUPS = 64;

/**
 * The shape of a node's children; a node without any is a graph of one. What lies in its groups counts by its weight alone:
 * analyze a group for the shape of its own nodes.
 *
 * @throws NodeError CIRCULAR_DEPENDENCY `Cycle detected in node graph: a → b → a`; INVALID_NODE for nodes without an id of
 *   their own; NODE_NOT_FOUND for edges that lead elsewhere; VALIDATION_FAILED for more than 64 groups in one another
 */
export function analyzeExecutionGraph(node: GraphNode): ExecutionGraph {
  const isLeaf = !node.nodes?.length;
  const listed = isLeaf ? [node] : (node.nodes as readonly GraphNode[]);
  const edges = isLeaf ? [] : (node.edges ?? []);
  const scope = scopeOf(listed, [...edges, ...sectionOrder(node)]);
  const levels = levelsOf(scope);
  const weights = listed.map((child) => weightOf(child, 1));
  const { path, weight } = criticalPathOf(scope, levels, weights);
  return {
    nodes: nodesOf(listed, scopeOf(listed, edges), levels, weights),
    totalWeight: weights.reduce((sum, each) => sum + each, 0),
    criticalPath: path,
    criticalPathWeight: weight,
    maxParallelism: levels.reduce((most, { length }) => Math.max(most, length), 1),
    executionOrder: levels.map((level) => level.map((place) => scope.ids[place] as string)),
  };
}

/** Which nodes of a `try` come before its catch and its finally. Edges say nothing of that. */
function* sectionOrder({ type, nodes, parameters }: GraphNode): Generator<GraphEdge> {
  if (type !== "try" || !nodes?.length) return;
  const numberOf = ({ id }: GraphNode) =>
    id === "" ? 0 : id === parameters?.["catch"] ? 1 : id === parameters?.["finally"] ? 2 : 0;
  for (const number of [1, 2]) {
    for (const later of nodes.filter((node) => numberOf(node) === number)) {
      const earlier = [0, 1].filter((before) => before < number);
      const before = earlier.flatMap((section) => nodes.filter((node) => numberOf(node) === section));
      for (const { id } of before) yield { source: id, target: later.id };
    }
  }
}

function nodesOf(
  listed: readonly GraphNode[],
  { ids, dependencies, dependents }: Scope,
  levels: readonly (readonly number[])[],
  weights: readonly number[],
): Map<string, ExecutionGraphNode> {
  const levelOf = new Map(levels.flatMap((level, number) => level.map((place) => [place, number] as const)));
  const idsOf = (places: readonly number[] = []) => places.map((place) => ids[place] as string);
  return new Map(
    listed.map(({ id, name, type }, place) => [
      id,
      {
        id,
        name: name || type,
        type,
        weight: weights[place] as number,
        dependencies: idsOf(dependencies[place]),
        dependents: idsOf(dependents[place]),
        level: levelOf.get(place) as number,
      },
    ]),
  );
}

function weightOf({ type, nodes }: GraphNode, depth: number): number {
  if (!nodes?.length) return getNodeWeight(type);
  if (depth >= GROUPS) {
    throw new NodeError("VALIDATION_FAILED", `At most ${GROUPS} groups may lie in one another; make the flow flatter`);
  }
  return nodes.reduce((sum, child) => sum + weightOf(child, depth + 1), 0);
}
