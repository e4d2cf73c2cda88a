/** Random flows whose nodes give the same for the same, and random changes of them: from a seed, and from nothing else. */
import type { Definition, Edge } from "../contract/flows.js";
import { seededRandom } from "../seeded-random.js";

/** A flow, and in what a fork of its execution is another. */
export interface RandomFork {
  flow: Definition;
  /** A node that fails while it is first run; missing where none does. */
  broken: string | undefined;
  concurrency: number;
  changes: { from?: string[]; parameters?: Record<string, Record<string, unknown>>; input?: object; flow?: Definition };
}

const MOST_NODES = 18;
const DEEPEST = 3;

/** The fork of a seed. */
export function randomFork(seed: number): RandomFork {
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const chance = (percent: number): boolean => random() * 100 < percent;
  const taste = { group: pick([20, 40]), edge: pick([10, 30, 60]), fails: pick([0, 0, 15]), routes: pick([0, 15]) };
  let count = 0;

  const leaf = (id: string): Definition => ({
    id,
    type: "test",
    parameters: {
      size: pick([1, 2, 3]),
      ...(chance(10) && { enabled: false }),
      ...(chance(taste.fails) && { fails: true }),
      ...(chance(taste.routes) && { routes: pick(["yes", "no"]) }),
    },
    ...(chance(10) && { policy: { continueOnError: true } }),
  });

  const node = (depth: number): Definition => {
    const id = `n${count++}`;
    if (depth > 0 && (depth === DEEPEST || count >= MOST_NODES || !chance(taste.group))) return leaf(id);
    const nodes: Definition[] = [];
    const size = pick([2, 3, 4, 5]);
    while (nodes.length < size && (nodes.length === 0 || count < MOST_NODES)) nodes.push(node(depth + 1));
    const kind = depth === 0 ? "group" : pick(["group", "loop", "try", "parallel"]);
    if (kind === "group") return { id, type: "group", parameters: {}, nodes, edges: edgesOf(nodes) };
    if (kind === "loop") {
      const parameters = { array: [1, 2, 3].slice(0, pick([1, 2, 3])), ...(chance(40) && { onError: "continue" }) };
      return { id, type: "loop", parameters, nodes, edges: edgesOf(nodes) };
    }
    if (kind === "parallel") {
      return { id, type: "parallel", parameters: { mode: pick(["all", "allSettled"]) }, nodes, edges: [] };
    }
    const parameters = { catch: nodes[1]?.id, ...(nodes.length > 2 && chance(50) && { finally: nodes[2]?.id }) };
    return { id, type: "try", parameters, nodes, edges: [] };
  };

  /** From earlier to later in a shuffled order, so that the declared order means nothing. */
  const edgesOf = (nodes: Definition[]): Edge[] => {
    const order = nodes.map((each) => ({ each, key: random() })).sort((a, b) => a.key - b.key);
    const edges: Edge[] = [];
    order.forEach(({ each: target }, place) => {
      for (const { each: source } of order.slice(0, place)) {
        if (!chance(taste.edge)) continue;
        const { routes } = source.parameters as { routes?: string };
        const sourceHandle = chance(25) ? "error" : routes === undefined ? undefined : pick(["yes", "no"]);
        edges.push({
          id: `e${count}.${edges.length}`,
          source: source.id,
          target: target.id,
          ...(sourceHandle !== undefined && { sourceHandle }),
          ...(chance(50) && { targetHandle: pick(["x", "y"]) }),
        });
      }
    });
    return edges;
  };

  const flow = node(0);
  const all = nodesIn(flow);
  const leaves = all.filter(({ nodes }) => nodes === undefined);
  const broken = chance(40) ? pick(leaves).id : undefined;
  const changes = chance(20) ? {} : change();
  return { flow, broken, concurrency: pick([1, 1, 4]), changes };

  function change(): RandomFork["changes"] {
    switch (pick(["from", "parameters", "input", "flow", "flow"])) {
      case "from":
        return { from: Array.from({ length: pick([1, 1, 2]) }, () => pick(all.slice(1)).id) };
      case "parameters":
        return { parameters: { [pick(leaves).id]: { size: pick([4, 5]), fails: chance(10) } } };
      case "input":
        return { input: { other: 1 } };
      default:
        return { flow: edited() };
    }
  }

  function edited(): Definition {
    const copy = structuredClone(flow);
    const groups = nodesIn(copy).filter(({ nodes }) => nodes !== undefined);
    const scope = pick(groups) as Definition & { nodes: Definition[]; edges: Edge[] };
    const inner = pick(scope.nodes);
    switch (pick(["add", "remove", "edge", "no edge", "size", "order", "name"])) {
      case "add":
        scope.nodes.splice(Math.floor(random() * (scope.nodes.length + 1)), 0, leaf(`n${count++}`));
        break;
      case "remove":
        if (scope.nodes.length < 2 || scope.type === "try") break;
        scope.nodes = scope.nodes.filter((each) => each !== inner);
        scope.edges = scope.edges.filter(({ source, target }) => source !== inner.id && target !== inner.id);
        break;
      case "edge": {
        const added = leaf(`n${count++}`);
        scope.nodes.push(added);
        if (scope.type === "group") scope.edges.push({ id: `new`, source: inner.id, target: added.id });
        break;
      }
      case "no edge":
        scope.edges.pop();
        break;
      case "size":
        inner.parameters = { ...inner.parameters, size: 7 };
        break;
      case "order":
        scope.nodes.reverse();
        break;
      case "name":
        inner.name = "another name";
    }
    return copy;
  }
}

/** A node and all in it. */
export function nodesIn(node: Definition): Definition[] {
  return [node, ...(node.nodes ?? []).flatMap(nodesIn)];
}
