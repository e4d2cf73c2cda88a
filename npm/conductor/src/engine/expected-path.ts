/** The critical path that is to be expected of a run, from what its nodes took in earlier ones. */
import type { ExecutionGraphNode, ExecutionGraphState } from "../types/graph.js";
import { constants } from "./constants.js";
import { frozenList } from "./frozen.js";
import type { Graph } from "./graph.js";
import { longestPath, timeTaken } from "./measured-path.js";
import { chanceOf, type ExpectedTimes, ratioOf } from "./node-times.js";
import type { Plan } from "./plan.js";

/** What is known of a node before it runs. */
interface Expected {
  place: number;
  /** ms; missing where no earlier run tells. */
  median?: number;
  /** How often it ran, 0–1; NaN where no earlier run tells. */
  usual: number;
}

/** Expects of one run what its states list: nodes, and groups as a whole. */
export class ExpectedPath {
  /** By id. */
  private readonly nodes = new Map<string, Expected>();
  /**
   * ms for each unit of weight, of all nodes whose time is known; 0 where there are none. A node that no earlier run knows takes
   * its weight in this unit: by its weight among all the others, as in the path that is estimated by weight.
   */
  private msPerWeight = 0;
  private isKnown = false;
  private latest: string[] | undefined;

  /** @param openedAt when the run began in this process, or went on in it, in ms since the epoch */
  constructor(
    private readonly plan: Plan,
    private readonly times: ExpectedTimes,
    graph: Graph,
    private readonly openedAt: number,
  ) {
    let [ms, weight] = [0, 0];
    for (const place of graph.listed) {
      const median = times.spread(place)?.[1];
      this.nodes.set(plan.id(place), { place, usual: times.chance(place), ...(median !== undefined && { median }) });
      if (median === undefined) continue;
      this.isKnown = true;
      ms += median;
      weight += graph.node(place).weight;
    }
    if (weight > 0) this.msPerWeight = ms / weight;
  }

  /**
   * Ids of the longest chain, in the order in which they run; the same list as before while they are the same. `undefined`
   * where no earlier run tells how long any of the nodes takes.
   *
   * @param now when the state was made, in ms since the epoch
   */
  at(
    { nodes, executionOrder }: Pick<ExecutionGraphState, "nodes" | "executionOrder">,
    now: number,
  ): string[] | undefined {
    if (!this.isKnown) return undefined;
    const ratios = new Map<string, number>();
    const path = longestPath(nodes, executionOrder, (node) => this.timeOf(node, now, ratios));
    if (!isSame(path, this.latest)) this.latest = frozenList(path);
    return this.latest;
  }

  /**
   * The time that a node took if it is over. Of one that is under way, its median, or what it took already where that is more; one
   * that was under way when its process ended began again. Of one to come, its median as often as it ran. `undefined` for a
   * node that does not run.
   */
  private timeOf(node: ExecutionGraphNode, now: number, ratios: Map<string, number>): number | undefined {
    const { id, dependencies, state, startTime = now } = node;
    const { usual } = this.nodes.get(id) as Expected;
    let given = dependencies.length === 0 ? 1 : 0;
    for (const source of dependencies) given = Math.max(given, ratios.get(source) ?? 0);
    const chance = chanceOf(usual, constants().states.indexOf(state), given);
    ratios.set(id, ratioOf(chance, usual));
    if (state === "executing") {
      const before = Math.max(0, this.openedAt - startTime);
      // It takes more than it took so far: beside what ended just now, the run waits for it.
      return Math.max(before + this.expectedOf(node), now - startTime + 1);
    }
    if (state === "pending" && chance > 0) return chance * this.expectedOf(node);
    return timeTaken(node);
  }

  /** How long a node takes that runs, in ms. */
  private expectedOf({ id, weight, rounds }: ExecutionGraphNode): number {
    const { place, median } = this.nodes.get(id) as Expected;
    const total = this.plan.isEach(place) ? rounds?.total : undefined;
    const ofRounds = total === undefined ? undefined : this.times.spreadOfRounds(place, total);
    return ofRounds?.[1] ?? median ?? weight * this.msPerWeight;
  }
}

function isSame(one: readonly string[], other: readonly string[] | undefined): boolean {
  return one.length === other?.length && one.every((id, at) => id === other[at]);
}
