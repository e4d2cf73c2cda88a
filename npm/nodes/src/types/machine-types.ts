/** The types that need files, programs or sockets: pages know them, and say that they cannot run them. */
export const MACHINE_ONLY = [
  "file-system",
  "spreadsheet",
  "sql",
  "shell-command",
  "image",
  "compress",
  "archive",
  "email",
  "database",
  "python",
] as const;

/** A flow or a node, as far as its types go. */
export interface TypedNode {
  type?: string | undefined;
  nodes?: readonly TypedNode[] | undefined;
}

/**
 * The types of this library in a flow, at any depth, that need a machine, each once and in the order of its nodes: where there are any,
 * a page cannot run the flow by itself. A node of another type may also need files by its parameters, as `http-request` does with `saveTo`.
 */
export function machineTypesIn(flow: TypedNode): string[] {
  const found = new Set<string>();
  const waiting = [flow];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const { type, nodes = [] } = node;
    if ((MACHINE_ONLY as readonly (string | undefined)[]).includes(type)) found.add(type as string);
    for (let at = nodes.length - 1; at >= 0; at--) waiting.push(nodes[at] as TypedNode);
  }
  return [...found];
}
