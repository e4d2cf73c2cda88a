/** The longest path through a run, by the time that its nodes took or are expected to take. */
import type { ExecutionGraphNode } from "../types/graph.js";
import { frozenList } from "./frozen.js";

/** The longest chain of nodes up to one of them: how long it took in ms, how many nodes it has, its last one, and the chain before. */
interface Chain {
  ms: number;
  length: number;
  id?: string;
  before?: Chain;
}

type Nodes = ReadonlyMap<string, ExecutionGraphNode>;

const EMPTY: Chain = { ms: 0, length: 0 };

/**
 * Ids of the longest chain along edges by the time that its nodes took, in the order in which they ran; of chains that
 * took the same, the one of more nodes. A node that did not run is in no chain, but chains lead through it: what comes
 * after a disabled node waited for what comes before it.
 *
 * @param executionOrder ids by level
 */
export function measuredPath(nodes: Nodes, executionOrder: string[][]): string[] {
  return frozenList(longestPath(nodes, executionOrder, timeTaken));
}

/** How long a node took, in ms; `undefined` for one that did not run. */
export function timeTaken({ state, duration }: ExecutionGraphNode): number | undefined {
  return state === "pending" || state === "skipped" ? undefined : (duration ?? 0);
}

/**
 * Ids of the longest chain by any time.
 *
 * @param executionOrder ids by level
 * @param timeOf ms of a node, `undefined` for one that is in no chain; asked once for each, in that order
 */
export function longestPath(
  nodes: Nodes,
  executionOrder: string[][],
  timeOf: (node: ExecutionGraphNode) => number | undefined,
): string[] {
  const chains = new Map<string, Chain>();
  let longest = EMPTY;
  for (const level of executionOrder) {
    for (const id of level) {
      const node = nodes.get(id);
      if (node === undefined) continue;
      let chain = EMPTY;
      for (const before of node.dependencies) chain = longer(chain, chains.get(before));
      const ms = timeOf(node);
      if (ms !== undefined) chain = { ms: chain.ms + ms, length: chain.length + 1, id, before: chain };
      chains.set(id, chain);
      longest = longer(longest, chain);
    }
  }
  const path: string[] = [];
  for (let { id, before } = longest; id !== undefined; { id, before } = before as Chain) path.push(id);
  return path.reverse();
}

/** Of chains that are the same, the one that was found first. */
function longer(one: Chain, other = EMPTY): Chain {
  return other.ms > one.ms || (other.ms === one.ms && other.length > one.length) ? other : one;
}
