/** What a node is, told by its children. */

interface Node {
  id: string;
  nodes?: readonly unknown[] | undefined;
}

/** Whether a node has no children, so that running it calls its executable. */
export function isAtomic<N extends Node>(node: N): boolean {
  return !isComposite(node);
}

/** Whether a node has children, so that running it runs them. Its type does not matter. */
export function isComposite<N extends Node>(node: N): boolean {
  return Array.isArray(node.nodes) && node.nodes.length > 0;
}
