/** How long a run still takes, from what its nodes are expected to take. */
import type { Eta, NodeRounds } from "../types/graph.js";
import { chanceOf, type ExpectedTimes, ratioOf } from "./node-times.js";
import type { Plan } from "./plan.js";
import { State } from "./state.js";
import { nodeStartOf, stateOf } from "./view-numbers.js";

/** Nodes that run at once in a group that asks for it, where the run takes one at a time; as in the engine. */
const PARALLEL_LIMIT = 5;
/** The type of the nodes that wait for people. */
const ASKS = "wait-for-input";
/** A node that ran less often takes no time in the low estimate; one that ran as seldom as the rest, no more than its part in the high one. */
const OFTEN = 0.75;
const UNKNOWN = [Number.NaN, Number.NaN, Number.NaN];

/**
 * Estimates for one run. Loops, `try` and groups that end before all of their nodes do count as a whole: they take what they
 * took. Of the rest it is the larger of two times: of the longest path along edges, and of all work over the nodes that run at
 * once. Takes time in proportion to the number of nodes.
 */
export class RemainingTime {
  /** The nodes of each group that does not count as a whole, in an order that edges follow; groups before those inside them. */
  private readonly scopes = new Map<number, number[]>();
  /** The nodes by which edges lead to a node are from its number in `firstSource` on, up to that of the next. */
  private readonly sources: number[] = [];
  private readonly firstSource: Uint32Array;
  /** Nodes that count as a whole, without those inside them. */
  private readonly wholes: number[] = [];
  /** Whether a node, or one inside it, waits for people. */
  private readonly asks: Uint8Array;
  /** How often nodes ran, 0–1; NaN where that is not known. */
  private readonly usual: Float64Array;
  /** Low, median and high of each node that counts as a whole; NaN where they are not known. */
  private readonly spreads: Float64Array;
  // The rest is worked out anew each time.
  private readonly chances: Float64Array;
  private readonly ratios: Float64Array;
  private readonly left: Float64Array;
  private readonly ends: Float64Array;
  private readonly work: Float64Array;

  constructor(
    private readonly plan: Plan,
    private readonly expected: ExpectedTimes,
    private readonly concurrency: number,
  ) {
    const { length } = plan;
    this.firstSource = new Uint32Array(length + 1);
    this.asks = new Uint8Array(length);
    this.usual = new Float64Array(length).fill(Number.NaN);
    this.spreads = new Float64Array(length * 3);
    this.left = new Float64Array(length * 3);
    const numbers = () => new Float64Array(length);
    [this.chances, this.ratios, this.ends, this.work] = [numbers(), numbers(), numbers(), numbers()];
    for (let node = 0; node < length; node++) {
      if (node === 0 || this.scopes.has(plan.parent(node))) this.add(node);
      this.firstSource[node + 1] = this.sources.length;
      if (plan.node(node).type === ASKS) this.asks[node] = 1;
    }
    for (let node = length - 1; node > 0; node--) if (this.asks[node] === 1) this.asks[plan.parent(node)] = 1;
    for (let position = 0; position < length; position++) {
      const node = plan.order(position);
      if (node > 0) this.scopes.get(plan.parent(node))?.push(node);
    }
  }

  private add(node: number): void {
    const { expected, plan } = this;
    for (let input = plan.firstInput(node), end = plan.firstInput(node + 1); input < end; input++) {
      const source = plan.sourceNode(input);
      if (source !== undefined) this.sources.push(source);
    }
    this.usual[node] = expected.chance(node);
    if (!isWhole(plan, node)) {
      this.scopes.set(node, []);
      return;
    }
    this.wholes.push(node);
    this.spreads.set(expected.spread(node) ?? UNKNOWN, node * 3);
  }

  /**
   * The time that is left; `undefined` where that depends on people.
   *
   * @param look how the run looks at `now`, in ms since the epoch
   * @param rounds the rounds of a loop, as far as they are known
   */
  at(look: Float64Array, now: number, rounds: (node: number) => NodeRounds | undefined): Eta | undefined {
    const { asks, chances, expected, left, plan } = this;
    this.findChances(look);
    left.fill(0);
    let unknown = 0;
    for (const node of this.wholes) {
      const state = stateOf(look, node);
      const chance = chances[node] as number;
      if (state > State.executing || chance === 0) continue;
      if (asks[node] === 1) return undefined;
      const elapsed = state === State.executing ? Math.max(0, now - nodeStartOf(look, node)) : undefined;
      const total = plan.isEach(node) ? rounds(node)?.total : undefined;
      if (!this.findLeft(node, chance, elapsed, total)) unknown++;
    }
    const [low, ms, high] = [this.combined(0), this.combined(1), this.combined(2)];
    return { ms, low, high, basis: expected.basis, ...(unknown > 0 && { unknown }) };
  }

  /** How likely each node runs, or has run. */
  private findChances(look: Float64Array): void {
    const { chances, ratios, firstSource, sources } = this;
    this.findChance(look, 0, 1);
    for (const [scope, nodes] of this.scopes) {
      const isOpen = chances[scope] !== 0 && stateOf(look, scope) <= State.executing;
      for (const node of nodes) {
        const [from, to] = [firstSource[node] as number, firstSource[node + 1] as number];
        let given = from === to ? (ratios[scope] as number) : 0;
        for (let at = from; at < to; at++) given = Math.max(given, ratios[sources[at] as number] as number);
        this.findChance(look, node, isOpen ? given : 0);
      }
    }
  }

  private findChance(look: Float64Array, node: number, given: number): void {
    const usual = this.usual[node] as number;
    const chance = chanceOf(usual, stateOf(look, node), given);
    this.chances[node] = chance;
    this.ratios[node] = ratioOf(chance, usual);
  }

  /** What is left of a node that has not ended; false where that is not known. `elapsed` is missing before it began. */
  private findLeft(node: number, chance: number, elapsed?: number, rounds?: number): boolean {
    const { left, spreads } = this;
    const at = node * 3;
    const ofRounds = rounds === undefined ? undefined : this.expected.spreadOfRounds(node, rounds);
    for (let part = 0; part < 3; part++) {
      const time = ofRounds?.[part] ?? (spreads[at + part] as number);
      if (Number.isNaN(time)) return false;
      left[at + part] = Math.max(0, time - (elapsed ?? 0));
    }
    if (elapsed !== undefined) return true;
    const ms = chance * (left[at + 1] as number);
    left[at] = chance < OFTEN ? 0 : Math.min(left[at] as number, ms);
    left[at + 1] = ms;
    if (chance <= 1 - OFTEN) left[at + 2] = ms;
    return true;
  }

  /** The time that is left of the run in ms, from that which is left of its nodes: the low, median or high one. */
  private combined(part: 0 | 1 | 2): number {
    const { concurrency, plan, scopes, firstSource, sources, ends, left, work } = this;
    for (const [scope, nodes] of [...scopes].reverse()) {
      let longest = 0;
      let sum = 0;
      for (const node of nodes) {
        const own = left[node * 3 + part] as number;
        let from = 0;
        for (let at = firstSource[node] as number, end = firstSource[node + 1] as number; at < end; at++) {
          from = Math.max(from, ends[sources[at] as number] as number);
        }
        ends[node] = from + own;
        longest = Math.max(longest, from + own);
        sum += scopes.has(node) ? (work[node] as number) : own;
      }
      const isWider = concurrency === 1 && plan.node(scope).parameters?.parallel === true;
      const time = Math.max(longest, sum / (isWider ? PARALLEL_LIMIT : concurrency));
      left[scope * 3 + part] = time;
      // Beside it nothing else runs.
      work[scope] = isWider ? time : sum;
    }
    return Math.round(left[part] as number);
  }
}

/** Whether a node counts as a whole: a leaf, a loop, and a group of which not every node has to end. */
function isWhole(plan: Plan, node: number): boolean {
  const mode = plan.branchMode(node);
  return plan.isLeaf(node) || plan.isEach(node) || mode === "try" || mode === "race" || mode === "first";
}
