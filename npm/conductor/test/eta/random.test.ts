/** Estimates of random flows, beside those of a plain model. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import type { Definition, Edge } from "../contract/flows.js";
import { pass, settled, stopTime } from "../durable/stopped-time.js";
import { seededRandom } from "../seeded-random.js";
import { modelOf, type Took, tookOf } from "./model.js";
import { close, line, Office, type Times } from "./office.js";

const FLOWS = 40;
const MOST_NODES = 14;

beforeAll(async () => {
  await import("../../src/api/eta/etas.js");
  await new Office().conductor.node.run(line("a") as never);
});
beforeEach(stopTime);
afterEach(async () => {
  await close();
  vi.useRealTimers();
});

describe("the estimate of a random flow", () => {
  it.each(Array.from({ length: FLOWS }, (_, seed) => seed))("is that of the model, seed %i", async (seed) => {
    const random = seededRandom(seed);
    const { flow, leaves, branching } = flowOf(random);
    const concurrency = 1 + Math.floor(random() * 3);
    const office = new Office({ concurrency });
    const draw = () => {
      office.routes = Object.fromEntries(branching.map((id) => [id, random() < 0.7 ? "yes" : "no"]));
      return Object.fromEntries(leaves.map((id) => [id, 400 + 10 * Math.floor(random() * 160)])) as Times;
    };
    const history: Took[] = [];
    for (let run = 0, runs = 2 + Math.floor(random() * 4); run < runs; run++) {
      await office.run(flow, draw());
      history.push(tookOf(office.conductor.node.store.getState()));
    }
    office.watch();
    const result = office.begin(flow, draw());
    await settled();
    await pass(310);
    let compared = 0;
    for (let look = 0; look < 100; look++) {
      const state = office.conductor.node.store.getState();
      if (!state.isExecuting) break;
      const { eta } = state;
      const model = modelOf(flow, state, Date.now(), history, concurrency);
      for (const key of ["ms", "low", "high"] as const) {
        // Times of nodes are seen in whole ms.
        expect(Math.abs((eta?.[key] ?? Number.NaN) - model[key]), `${key} at look ${look}`).toBeLessThanOrEqual(15);
      }
      expect(eta).toMatchObject({ basis: history.length });
      compared++;
      await pass(430);
    }
    expect(compared).toBeGreaterThan(0);
    expect((await office.ended(result)).success).toBe(true);
  });
});

/** A flow of nested groups, some of whose leaves choose between branches. */
function flowOf(random: () => number): { flow: Definition; leaves: string[]; branching: string[] } {
  const leaves: string[] = [];
  const branching: string[] = [];
  let count = 0;
  const node = (depth: number): Definition => {
    const id = `n${count++}`;
    if (depth === 3 || (depth > 0 && random() < 0.65)) {
      leaves.push(id);
      return { id, type: "test" };
    }
    const nodes: Definition[] = [];
    const size = 2 + Math.floor(random() * 3);
    while (nodes.length < size && count < MOST_NODES) nodes.push(node(depth + 1));
    if (nodes.length === 0) nodes.push(node(3));
    const edges: Edge[] = [];
    nodes.forEach((target, place) => {
      for (const source of nodes.slice(0, place)) {
        if (random() > 0.5) continue;
        const branches = source.nodes === undefined && random() < 0.4;
        if (branches && !branching.includes(source.id)) branching.push(source.id);
        const handle = branches ? { sourceHandle: random() < 0.5 ? "yes" : "no" } : {};
        edges.push({ id: `e${edges.length}`, source: source.id, target: target.id, ...handle });
      }
    });
    const parameters = depth > 0 && random() < 0.3 ? { parallel: true } : {};
    return { id, type: "group", parameters, nodes, edges };
  };
  // Groups have indices below those of the nodes inside them, whatever order edges follow.
  const flow = node(0);
  for (const group of groupsIn(flow)) if (random() < 0.5) group.nodes?.reverse();
  return { flow, leaves, branching };
}

function groupsIn(node: Definition): Definition[] {
  return node.nodes === undefined ? [] : [node, ...node.nodes.flatMap(groupsIn)];
}
