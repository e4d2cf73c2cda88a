/** What a node is, told by its children. */

interface Node {
  id: string;
  nodes?: readonly unknown[] | undefined;
}

/** Whether a node has no children, so that running it calls its executable. */
export function isAtomic(node: Node): boolean {
  return !isComposite(node);
}

/** Whether a node has children, so that running it runs them. Its type does not matter. */
export function isComposite(node: Node): boolean {
  return Array.isArray(node.nodes) && node.nodes.length > 0;
}
