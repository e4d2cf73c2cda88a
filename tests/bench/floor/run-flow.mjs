/**
 * The floor: what running a flow costs when a careful person writes the loop by hand in plain JavaScript and
 * leaves out everything an engine is for (events, trace, errors with context, retries, cancelling).
 */

/**
 * Runs a flow's nodes one at a time in dependency order.
 *
 * @param {{ nodes: object[], edges: object[] }} flow
 * @param {(type: string) => { execute(params: object): Promise<unknown> }} executableFor
 * @param {unknown} [input] what nodes receive that no edge feeds; `{}` when undefined
 * @returns {Promise<{ outputs: Map<string, unknown>, last: unknown }>} outputs by node id, and that of the node
 *   that ran last
 * @throws {Error} for an edge to or from an unknown node, a repeated id, or nodes left over by a cycle
 */
export async function runFlow(flow, executableFor, input = {}) {
  const { nodes, edges } = flow;
  const indexOf = new Map();
  for (let index = 0; index < nodes.length; index += 1) indexOf.set(nodes[index].id, index);
  if (indexOf.size !== nodes.length) throw new Error("Two nodes have the same id");

  const { firstIn, nextIn, firstOut, nextOut, sources, targets, waitingFor } = link(edges, indexOf, nodes.length);
  const ready = [];
  for (let index = 0; index < nodes.length; index += 1) {
    if (waitingFor[index] === 0) ready.push(index);
  }

  const values = new Array(nodes.length);
  const outputs = new Map();
  let last;
  for (let done = 0; done < ready.length; done += 1) {
    const index = ready[done];
    const node = nodes[index];

    let nodeInput;
    for (let edge = firstIn[index]; edge !== -1; edge = nextIn[edge]) {
      const value = values[sources[edge]];
      if (value !== undefined) {
        nodeInput ??= {};
        nodeInput[edges[edge].targetHandle || "default"] = value;
      }
    }
    nodeInput ??= input;

    if (node.nodes !== undefined && node.nodes.length > 0) {
      last = (await runFlow(node, executableFor, nodeInput)).last;
    } else {
      last = await executableFor(node.type).execute({ ...node.parameters, input: nodeInput });
    }
    values[index] = last;
    outputs.set(node.id, last);

    for (let edge = firstOut[index]; edge !== -1; edge = nextOut[edge]) {
      const target = targets[edge];
      waitingFor[target] -= 1;
      if (waitingFor[target] === 0) ready.push(target);
    }
  }

  if (ready.length !== nodes.length) throw new Error("The flow has a cycle");
  return { outputs, last };
}

/** Edges as linked lists in flat arrays, per target and per source, each in the order of the definition. */
function link(edges, indexOf, nodeCount) {
  const firstIn = new Int32Array(nodeCount).fill(-1);
  const firstOut = new Int32Array(nodeCount).fill(-1);
  const waitingFor = new Int32Array(nodeCount);
  const nextIn = new Int32Array(edges.length);
  const nextOut = new Int32Array(edges.length);
  const sources = new Int32Array(edges.length);
  const targets = new Int32Array(edges.length);
  for (let edge = edges.length - 1; edge >= 0; edge -= 1) {
    const source = indexOf.get(edges[edge].source);
    const target = indexOf.get(edges[edge].target);
    if (source === undefined || target === undefined) {
      throw new Error(`Edge ${edges[edge].id} leads to or from an unknown node`);
    }
    sources[edge] = source;
    targets[edge] = target;
    nextIn[edge] = firstIn[target];
    firstIn[target] = edge;
    nextOut[edge] = firstOut[source];
    firstOut[source] = edge;
    waitingFor[target] += 1;
  }
  return { firstIn, nextIn, firstOut, nextOut, sources, targets, waitingFor };
}
