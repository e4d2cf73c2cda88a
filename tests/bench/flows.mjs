/**
 * The flows that are measured, by shape and size. The same shape, size and seed give the same flow,
 * so that every process builds the flow it measures by itself.
 */

import { seededRandom } from "./random.mjs";

const SHAPES = { chain, fan, tree, layered, nested };

/** Names of the shapes, in the order in which they are reported. */
export const SHAPE_NAMES = Object.keys(SHAPES);

/** What a shape looks like, for the report. */
export const SHAPE_TITLES = {
  chain: "chain",
  fan: "fan-out/fan-in",
  tree: "binary tree",
  layered: "layered random DAG",
  nested: "5-level nesting",
};

/**
 * Builds a flow.
 *
 * @param {{ shape: string, size: number, types?: string[] }} options `size` counts the nodes that run an
 *   executable, so groups are not counted; `types` are dealt out in turn (default: all nodes are a `step`).
 * @returns {{ id: string, name: string, type: "group", nodes: object[], edges: object[] }}
 */
export function buildFlow({ shape, size, types = ["step"] }) {
  const build = SHAPES[shape];
  if (build === undefined) {
    throw new Error(`Unknown shape "${shape}": use one of ${SHAPE_NAMES.join(", ")}`);
  }
  const step = (index) => ({
    id: `node-${index}`,
    name: `Node ${index}`,
    type: types[index % types.length],
    parameters: {},
  });
  return { id: `${shape}-${size}`, name: SHAPE_TITLES[shape], type: "group", ...build(size, step) };
}

function chain(size, step) {
  const nodes = Array.from({ length: size }, (_, index) => step(index));
  return { nodes, edges: sequence(nodes) };
}

function fan(size, step) {
  const nodes = Array.from({ length: size }, (_, index) => step(index));
  const last = size - 1;
  const edges = [];
  for (let index = 1; index < last; index += 1) {
    edges.push(edge(nodes[0], nodes[index]));
    edges.push(edge(nodes[index], nodes[last], `in-${index}`));
  }
  return { nodes, edges };
}

function tree(size, step) {
  const nodes = Array.from({ length: size }, (_, index) => step(index));
  const edges = nodes.slice(1).map((node, index) => edge(nodes[index >> 1], node));
  return { nodes, edges };
}

/** Layers as wide as they are many; each node reads one to three different nodes of the layer before its own. */
function layered(size, step) {
  const random = seededRandom(size);
  const width = Math.max(2, Math.round(Math.sqrt(size)));
  const nodes = Array.from({ length: size }, (_, index) => step(index));
  const edges = [];
  for (let index = width; index < size; index += 1) {
    const previousLayer = (Math.floor(index / width) - 1) * width;
    const sources = new Set();
    const wanted = 1 + Math.floor(random() * Math.min(3, width));
    while (sources.size < wanted) sources.add(previousLayer + Math.floor(random() * width));
    let input = 0;
    for (const source of sources) {
      edges.push(edge(nodes[source], nodes[index], `in-${input}`));
      input += 1;
    }
  }
  return { nodes, edges };
}

/**
 * Groups in groups, five levels of them counting the flow itself, each level a chain. Only the innermost
 * groups hold steps, about ten each.
 */
function nested(size, step) {
  const innerLevels = 4;
  const branching = Math.max(1, Math.round((size / 10) ** (1 / innerLevels)));
  let built = 0;
  let groups = 0;

  const level = (depth, steps) => {
    const nodes = [];
    if (depth === innerLevels) {
      for (let index = 0; index < steps; index += 1) nodes.push(step(built++));
    } else {
      for (let child = 0; child < branching; child += 1) {
        const share = Math.floor((steps * (child + 1)) / branching) - Math.floor((steps * child) / branching);
        if (share > 0) {
          const id = `group-${groups++}`;
          nodes.push({ id, name: id, type: "group", parameters: {}, ...level(depth + 1, share) });
        }
      }
    }
    return { nodes, edges: sequence(nodes) };
  };
  return level(0, size);
}

function sequence(nodes) {
  return nodes.slice(1).map((node, index) => edge(nodes[index], node));
}

function edge(source, target, targetHandle = null) {
  return {
    id: `${source.id}->${target.id}`,
    source: source.id,
    target: target.id,
    sourceHandle: null,
    targetHandle,
  };
}
