/** Random flows, and how often their leaves fail: from a seed, and from nothing else. */
import type { Definition, Edge } from "../contract/flows.js";
import { seededRandom } from "../seeded-random.js";

/** What a leaf does, call by call; the last is repeated. */
export type Answer = "value" | "nothing" | "fails" | "fails for good";

export interface RandomFlow {
  definition: Definition;
  script: Map<string, Answer[]>;
  /** Further attempts of leaves that do not say themselves. */
  retries: number;
  /** Whether what does not depend on a failure goes on. */
  keepsGoing: boolean;
}

const MOST_NODES = 14;
const DEEPEST = 3;

/** The flow of a seed. */
export function randomFlow(seed: number): RandomFlow {
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const chance = (percent: number): boolean => random() * 100 < percent;
  const taste = {
    group: pick([20, 40]),
    edge: pick([0, 20, 50]),
    errorEdge: pick([0, 20, 50]),
    retries: pick([0, 30, 60]),
    fails: pick([0, 20, 50]),
    disabled: pick([0, 0, 15]),
  };
  const script: RandomFlow["script"] = new Map();
  let count = 0;

  const node = (depth: number): Definition => {
    const id = `n${count++}`;
    const parameters: Record<string, unknown> = {};
    const policy: Record<string, unknown> = { retryDelay: 0 };
    if (chance(taste.retries)) policy["retries"] = pick([0, 1, 2]);
    if (depth > 0 && chance(taste.disabled)) parameters["enabled"] = false;
    if (depth > 0 && (depth === DEEPEST || count >= MOST_NODES || !chance(taste.group))) {
      script.set(id, answers());
      return { id, type: "test", parameters, policy };
    }
    const nodes: Definition[] = [];
    const size = pick([1, 2, 3, 4]);
    while (nodes.length < size && (nodes.length === 0 || count < MOST_NODES)) nodes.push(node(depth + 1));
    return { id, type: "group", parameters, policy, nodes, edges: edgesOf(nodes) };
  };

  const answers = (): Answer[] => {
    const failures = chance(taste.fails) ? pick([1, 1, 2, 3, 9]) : 0;
    const bad = Array.from({ length: failures }, () => (chance(10) ? "fails for good" : "fails") as Answer);
    return [...bad, chance(10) ? "nothing" : "value"];
  };

  /** From earlier to later in a shuffled order, so that the declared order means nothing. */
  const edgesOf = (nodes: Definition[]): Edge[] => {
    const order = nodes.map((each) => ({ each, key: random() })).sort((a, b) => a.key - b.key);
    const edges: Edge[] = [];
    order.forEach(({ each: target }, place) => {
      for (const { each: source } of order.slice(0, place)) {
        while (chance(taste.edge)) {
          edges.push({
            id: `e${edges.length}`,
            source: source.id,
            target: target.id,
            ...(chance(taste.errorEdge) && { sourceHandle: "error" }),
            ...(chance(50) && { targetHandle: pick(["x", "y"]) }),
          });
        }
      }
    });
    return edges;
  };

  const definition = node(0);
  // Draws of their own, so that the flows of known seeds stay what they were.
  if (seed % 4 === 3) letSomeContinue(definition, seededRandom(~seed));
  return { definition, script, retries: pick([0, 0, 1]), keepsGoing: chance(40) };
}

/** Lets the flow go on after failures of some nodes. */
function letSomeContinue({ nodes = [] }: Definition, random: () => number): void {
  for (const node of nodes) {
    if (random() < 0.4) (node.policy as Record<string, unknown>)["continueOnError"] = true;
    letSomeContinue(node, random);
  }
}
