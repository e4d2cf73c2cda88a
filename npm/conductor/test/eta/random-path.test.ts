/** Critical paths of random flows under way, beside those of a plain model. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import type { ExecutionGraphNode, ExecutionGraphState } from "../../src/types/graph.js";
import type { Definition, Edge } from "../contract/flows.js";
import { pass, settled, stopTime } from "../durable/stopped-time.js";
import { seededRandom } from "../seeded-random.js";
import { close, line, Office, type Times } from "./office.js";

const FLOWS = 60;
/** Times of nodes are seen in whole ms. */
const TOLERANCE_MS = 15;

beforeAll(async () => {
  await import("../../src/api/eta/etas.js");
  await new Office().conductor.node.run(line("a") as never);
});
beforeEach(stopTime);
afterEach(async () => {
  await close();
  vi.useRealTimers();
});

describe("the critical path of a random flow", () => {
  it.each(Array.from({ length: FLOWS }, (_, seed) => seed))("is that of the model, seed %i", async (seed) => {
    const random = seededRandom(seed);
    const flow = flowOf(random);
    const office = new Office({ concurrency: 1 + Math.floor(random() * 4) });
    const draw = () => {
      office.routes = {};
      const times: Times = {};
      for (const { id, parameters } of leavesOf(flow)) {
        if (parameters?.["branches"] === true) office.routes[id] = random() < 0.7 ? "yes" : "no";
        const ms = 400 + 10 * Math.floor(random() * 160);
        // It fails at first, and is tried again.
        times[id] = parameters?.["fails"] === true && random() < 0.5 ? [-1, ms] : ms;
      }
      return times;
    };
    const history: Past[] = [];
    for (let run = 0, runs = 1 + Math.floor(random() * 4); run < runs; run++) {
      const flowThen = editedOf(flow, random);
      expect((await office.run(flowThen, draw())).success).toBe(true);
      history.push(pastOf(flowThen, office.conductor.node.store.getState()));
    }
    const madeAt = new Map<ExecutionGraphState, number>();
    const note = (state: ExecutionGraphState) => {
      if (!madeAt.has(state)) madeAt.set(state, Date.now());
    };
    const { store } = office.conductor.node;
    store.subscribe(note);
    const result = office.begin(flow, draw());
    await settled();
    await pass(310);
    let compared = 0;
    for (let look = 0; look < 100; look++) {
      const state = store.getState();
      if (!state.isExecuting) break;
      // Where something else than a node changed, the state is made when it is asked for.
      note(state);
      const model = new Model(flow, state, madeAt.get(state) as number, history);
      if (model.isKnown) {
        expect(state.criticalPathKind).toBe("expected");
        const at = `look ${look}: ${state.criticalPath}`;
        model.expectChain(state.criticalPath, at);
        const gap = Math.abs(model.timeOfAll(state.criticalPath) - model.longest());
        expect(gap, at).toBeLessThanOrEqual(TOLERANCE_MS);
        compared++;
      } else expect(state.criticalPathKind).toBe("estimated");
      await pass(430);
    }
    expect(compared).toBeGreaterThan(0);
    expect((await office.ended(result)).success).toBe(true);
    expect(store.getState().criticalPathKind).toBe("measured");
  });
});

/** What a node took in one execution: ms and rounds, `null` where it did not run; missing where that says nothing. */
type Past = Record<string, { ms: number; rounds: number } | null>;

function pastOf(flow: Definition, state: ExecutionGraphState): Past {
  const past: Past = {};
  for (const [id, { state: ended, duration = 0, rounds }] of state.nodes) {
    const definition = flow.nodes?.find((node) => node.id === id);
    if (definition?.parameters?.["enabled"] === false) continue;
    if (ended === "completed") past[id] = { ms: duration, rounds: rounds?.done ?? 0 };
    if (ended === "skipped") past[id] = null;
  }
  return past;
}

/** The expectation as it is defined, worked out in the plainest way. */
class Model {
  private readonly nodes: ExecutionGraphNode[];
  constructor(
    private readonly flow: Definition,
    state: ExecutionGraphState,
    private readonly madeAt: number,
    private readonly history: readonly Past[],
  ) {
    this.nodes = [...state.nodes.values()];
  }

  get isKnown(): boolean {
    return this.nodes.some(({ id }) => this.median(id) !== undefined);
  }

  private definition(id: string): Definition {
    return this.flow.nodes?.find((node) => node.id === id) as Definition;
  }

  private sources(id: string): string[] {
    return (this.flow.edges ?? []).filter(({ target }) => target === id).map(({ source }) => source);
  }

  private median(id: string, timeOf = ({ ms }: { ms: number; rounds: number }) => ms): number | undefined {
    const took = this.history.flatMap((past) => (past[id] ? [timeOf(past[id])] : [])).sort((a, b) => a - b);
    const [below, above] = [took[Math.ceil(took.length / 2) - 1], took[Math.floor(took.length / 2)]];
    return below === undefined || above === undefined ? undefined : (below + above) / 2;
  }

  private usual(id: string): number | undefined {
    if (this.definition(id).parameters?.["enabled"] === false) return 0;
    const told = this.history.filter((past) => past[id] !== undefined);
    return told.length === 0 ? undefined : told.filter((past) => past[id] !== null).length / told.length;
  }

  private chance({ id, state }: ExecutionGraphNode): number {
    if (state === "skipped") return 0;
    if (state !== "pending") return 1;
    const sources = this.sources(id);
    const given = sources.length === 0 ? 1 : Math.max(...sources.map((source) => this.likelier(source)));
    return Math.min(1, (this.usual(id) ?? 1) * given);
  }

  private likelier(id: string): number {
    const usual = this.usual(id) ?? 0;
    return usual === 0 ? 1 : this.chance(this.nodes.find((node) => node.id === id) as ExecutionGraphNode) / usual;
  }

  private expected({ id, weight, rounds }: ExecutionGraphNode): number {
    if (rounds?.total !== undefined) {
      const ofRound = this.median(id, (past) => past.ms / past.rounds);
      if (ofRound !== undefined) return ofRound * rounds.total;
    }
    const known = this.nodes.filter((node) => this.median(node.id) !== undefined);
    const sum = (numbers: number[]) => numbers.reduce((one, other) => one + other, 0);
    const unit = sum(known.map((node) => this.median(node.id) as number)) / sum(known.map((node) => node.weight));
    return this.median(id) ?? weight * unit;
  }

  /** ms; `undefined` for a node that does not run. */
  private time(node: ExecutionGraphNode): number | undefined {
    const { state, startTime, duration } = node;
    if (state === "executing") return Math.max(this.expected(node), this.madeAt - (startTime as number));
    const chance = this.chance(node);
    if (chance === 0) return undefined;
    return state === "pending" ? chance * this.expected(node) : duration;
  }

  private node(id: string): ExecutionGraphNode {
    return this.nodes.find((node) => node.id === id) as ExecutionGraphNode;
  }

  /** ms of the longest of all chains: each is tried. */
  longest(): number {
    let most = 0;
    const go = (id: string, before: number) => {
      const ms = before + (this.time(this.node(id)) ?? 0);
      most = Math.max(most, ms);
      for (const { source, target } of this.flow.edges ?? []) if (source === id) go(target, ms);
    };
    for (const { id } of this.nodes) go(id, 0);
    return most;
  }

  timeOfAll(path: readonly string[]): number {
    return path.reduce((ms, id) => ms + (this.time(this.node(id)) ?? Number.NaN), 0);
  }

  /** Each node of a chain depends on the one before, at most by way of nodes that do not run. */
  expectChain(path: readonly string[], at: string): void {
    path.slice(1).forEach((id, index) => {
      const leadsBack = (to: string): boolean =>
        this.sources(to).some(
          (source) => source === path[index] || (this.time(this.node(source)) === undefined && leadsBack(source)),
        );
      expect(leadsBack(id), at).toBe(true);
    });
  }
}

function leavesOf(node: Definition): Definition[] {
  return node.nodes === undefined ? [node] : node.nodes.flatMap(leavesOf);
}

/** A flow of leaves, groups and loops, some of which branch, are disabled, or fail before they succeed. */
function flowOf(random: () => number): Definition {
  const nodes: Definition[] = [];
  const size = 3 + Math.floor(random() * 6);
  for (let at = 0; at < size; at++) {
    const id = `n${at}`;
    const inner = [`${id}a`, `${id}b`].map((leaf) => ({ id: leaf, type: "test" }));
    const kind = random();
    if (kind < 0.1) nodes.push({ id, type: "group", nodes: inner, edges: [] });
    else if (kind < 0.2) {
      const count = 1 + Math.floor(random() * 3);
      nodes.push({ id, type: "loop", parameters: { loopType: "times", count }, nodes: inner.slice(0, 1), edges: [] });
    } else if (kind < 0.27) nodes.push({ id, type: "test", parameters: { enabled: false } });
    else if (kind < 0.37) {
      nodes.push({ id, type: "test", parameters: { fails: true }, policy: { retries: 1, retryDelay: 100 } });
    } else nodes.push({ id, type: "test", parameters: { branches: random() < 0.7 } });
  }
  const edges: Edge[] = [];
  nodes.forEach((target, place) => {
    for (const source of nodes.slice(0, place)) {
      if (random() > 0.4) continue;
      const handle = source.parameters?.["branches"] === true ? { sourceHandle: random() < 0.5 ? "yes" : "no" } : {};
      edges.push({ id: `e${edges.length}`, source: source.id, target: target.id, ...handle });
    }
  });
  if (random() < 0.5) nodes.reverse();
  return { id: "flow", type: "group", nodes, edges };
}

/** The flow as it may have been before: without some nodes, with others, and with some enabled or disabled. */
function editedOf(flow: Definition, random: () => number): Definition {
  const nodes = (flow.nodes as Definition[])
    .filter((_, place) => place === 0 || random() < 0.85)
    .map((node) => {
      const turns = node.type === "test" && random() < 0.1;
      const enabled = node.parameters?.["enabled"] === false;
      return turns ? { ...node, parameters: { ...node.parameters, enabled } } : node;
    });
  const has = (id: string) => nodes.some((node) => node.id === id);
  const edges = (flow.edges as Edge[]).filter(({ source, target }) => has(source) && has(target));
  return { ...flow, nodes: random() < 0.3 ? [{ id: "gone", type: "test" }, ...nodes] : nodes, edges };
}
