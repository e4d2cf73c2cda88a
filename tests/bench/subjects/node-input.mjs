/**
 * For peers that know only which node waits for which: reads what the edges carry, as each of their users has to.
 *
 * @param {{ edges: object[] }} flow
 * @param {Map<string, unknown>} outputs output by node id, filled while the flow runs
 * @param {unknown} input what nodes receive that no edge feeds
 * @returns {(id: string) => unknown} the input of a node: outputs by target handle
 */
export function nodeInputs(flow, outputs, input) {
  const incoming = new Map();
  for (const edge of flow.edges) {
    const edges = incoming.get(edge.target);
    if (edges === undefined) incoming.set(edge.target, [edge]);
    else edges.push(edge);
  }
  return (id) => {
    let nodeInput;
    for (const { source, targetHandle } of incoming.get(id) ?? []) {
      const value = outputs.get(source);
      if (value !== undefined) {
        nodeInput ??= {};
        nodeInput[targetHandle || "default"] = value;
      }
    }
    return nodeInput ?? input;
  };
}
