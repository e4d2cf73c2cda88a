/** The analysis of a flow in plain JavaScript: what a careful person writes by hand. */

const WEIGHTS = new Map([
  ["httpRequest", 500],
  ["http-request", 500],
  ["transform", 50],
  ["condition", 10],
  ["edit-fields", 80],
  ["delay", 1000],
  ["spreadsheet", 200],
  ["file-system", 200],
  ["loop", 20],
]);
const DEFAULT_WEIGHT = 100;

/**
 * Validates a flow and analyses its graph in one pass over flat arrays.
 *
 * @param {{ nodes: object[], edges: object[] }} flow
 * @returns {{ problems: { code: string, path: string }[], executionOrder: string[][], criticalPath: string[],
 *   criticalPathWeight: number, totalWeight: number, maxParallelism: number }} `executionOrder` has one list of
 *   ids for each level, in declaration order. With problems the rest is empty.
 */
export function analyseFlow(flow) {
  const { nodes, edges } = flow;
  const problems = [];
  const count = nodes.length;
  const indexOf = new Map();
  const weights = new Float64Array(count);
  let totalWeight = 0;
  for (let index = 0; index < count; index += 1) {
    const { id, type } = nodes[index];
    if (typeof id !== "string" || id === "") problems.push({ code: "INVALID_NODE", path: `nodes[${index}].id` });
    if (typeof type !== "string" || type === "") problems.push({ code: "INVALID_NODE", path: `nodes[${index}].type` });
    if (indexOf.has(id)) problems.push({ code: "INVALID_NODE", path: `nodes[${index}].id` });
    indexOf.set(id, index);
    weights[index] = WEIGHTS.get(type) ?? DEFAULT_WEIGHT;
    totalWeight += weights[index];
  }

  const targets = new Int32Array(edges.length);
  const firstOut = new Int32Array(count).fill(-1);
  const nextOut = new Int32Array(edges.length);
  const waitingFor = new Int32Array(count);
  for (let edge = edges.length - 1; edge >= 0; edge -= 1) {
    const source = indexOf.get(edges[edge].source);
    const target = indexOf.get(edges[edge].target);
    if (source === undefined) problems.push({ code: "NODE_NOT_FOUND", path: `edges[${edge}].source` });
    if (target === undefined) problems.push({ code: "NODE_NOT_FOUND", path: `edges[${edge}].target` });
    if (source === undefined || target === undefined) continue;
    targets[edge] = target;
    nextOut[edge] = firstOut[source];
    firstOut[source] = edge;
    waitingFor[target] += 1;
  }
  if (problems.length > 0) return withoutGraph(problems);

  const best = Float64Array.from(weights);
  const previous = new Int32Array(count).fill(-1);
  const executionOrder = [];
  let level = [];
  for (let index = 0; index < count; index += 1) {
    if (waitingFor[index] === 0) level.push(index);
  }
  let seen = 0;
  let maxParallelism = 1;
  while (level.length > 0) {
    seen += level.length;
    maxParallelism = Math.max(maxParallelism, level.length);
    const ids = new Array(level.length);
    const next = [];
    for (let position = 0; position < level.length; position += 1) {
      const source = level[position];
      ids[position] = nodes[source].id;
      for (let edge = firstOut[source]; edge !== -1; edge = nextOut[edge]) {
        const target = targets[edge];
        const weight = best[source] + weights[target];
        if (weight > best[target]) {
          best[target] = weight;
          previous[target] = source;
        }
        waitingFor[target] -= 1;
        if (waitingFor[target] === 0) next.push(target);
      }
    }
    executionOrder.push(ids);
    level = next.sort(ascending);
  }
  if (seen !== count) {
    return withoutGraph([{ code: "CIRCULAR_DEPENDENCY", path: "edges" }]);
  }

  let end = 0;
  for (let index = 1; index < count; index += 1) {
    if (best[index] > best[end]) end = index;
  }
  const criticalPath = [];
  for (let index = count === 0 ? -1 : end; index !== -1; index = previous[index]) criticalPath.push(nodes[index].id);
  return {
    problems,
    executionOrder,
    criticalPath: criticalPath.reverse(),
    criticalPathWeight: count === 0 ? 0 : best[end],
    totalWeight,
    maxParallelism,
  };
}

function ascending(left, right) {
  return left - right;
}

function withoutGraph(problems) {
  return {
    problems,
    executionOrder: [],
    criticalPath: [],
    criticalPathWeight: 0,
    totalWeight: 0,
    maxParallelism: 0,
  };
}
