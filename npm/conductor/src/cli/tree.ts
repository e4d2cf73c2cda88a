/** The nodes of a run as a tree, flattened so that it can be printed line by line. */
import { runsInRounds } from "../types/definition.js";
import type { ExecutionGraphNode, ExecutionGraphState } from "../types/graph.js";
import { oneLine } from "./text.js";

/** A node with where it stands. */
export interface TreeNode {
  node: ExecutionGraphNode;
  /** Groups around it. */
  depth: number;
  /** Ids from the outermost group to it, joined with `/`. */
  path: string;
  /** Its nodes are listed after it. A loop stands for all of its rounds, and is not counted as one. */
  isGroup: boolean;
}

/**
 * Every node, groups before what they contain; within a group in declared order, or by level: what others wait for
 * first. The nodes of a loop are not listed: they run once for each of its rounds.
 */
export function treeOf(state: ExecutionGraphState, order: "declared" | "levels" = "declared"): TreeNode[] {
  const found: TreeNode[] = [];
  const visit = (nodes: Iterable<ExecutionGraphNode>, depth: number, above: string) => {
    for (const node of order === "levels" ? [...nodes].sort((one, other) => one.level - other.level) : nodes) {
      const path = `${above}${oneLine(node.id)}`;
      const isGroup = node.nodes !== undefined && !runsInRounds(node.type);
      found.push({ node, depth, path, isGroup });
      if (isGroup && node.nodes !== undefined) visit(node.nodes, depth + 1, `${path}/`);
    }
  };
  visit(state.nodes.values(), 0, "");
  return found;
}

/** How many outputs of a node and of those inside it were taken from the cache. */
export function cachedIn({ cached = 0, nodes = [] }: ExecutionGraphNode): number {
  return nodes.reduce((sum, node) => sum + cachedIn(node), cached);
}

/** Whether nothing more will happen to a node. */
export function isOver({ state }: ExecutionGraphNode): boolean {
  return state === "completed" || state === "error" || state === "skipped";
}
