/** The shape that `@atomiton/nodes/graph` works out without an engine, beside the one that the engine works out. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { createConductor } from "@atomiton/conductor/desktop";
import { nodeTypes } from "@atomiton/nodes/definitions";
import { analyzeExecutionGraph, getNodeWeight, NODE_WEIGHTS } from "@atomiton/nodes/graph";

const FLOWS = 500;
const TYPES = [...new Set([...nodeTypes.keys(), ...Object.keys(NODE_WEIGHTS), "constructor", "of-an-application"])];

const conductor = createConductor({ nodeExecutorFactory: { getNodeExecutable: () => ({ execute: () => null }) } });

/** What the engine says as a run begins, or why it does not begin. */
async function shapeOfEngine(flow) {
  let shape;
  const stop = conductor.events.onProgress((state) => {
    shape ??= shapeOf(state);
  });
  const { success, error } = await conductor.node.run(flow);
  stop();
  return success ? shape : { code: error.code, message: error.message };
}

function shapeOfLibrary(flow) {
  try {
    return shapeOf(analyzeExecutionGraph(flow));
  } catch ({ code, message }) {
    return { code, message };
  }
}

function shapeOf({ nodes, executionOrder, criticalPath, totalWeight, maxParallelism }) {
  const listed = Array.from(nodes.values(), ({ id, name, type, weight, dependencies, dependents, level }) => {
    return { id, name, type, weight, dependencies: [...dependencies], dependents: [...dependents], level };
  });
  const order = executionOrder.map((level) => [...level]);
  return { nodes: listed, order, criticalPath: [...criticalPath], totalWeight, maxParallelism };
}

test("weighs every type as the engine does", async () => {
  const nodes = TYPES.map((type) => ({ id: type, type }));
  const { nodes: listed } = await shapeOfEngine({ id: "flow", type: "group", nodes });
  for (const { type, weight } of listed) assert.equal(getNodeWeight(type), weight, type);
});

test("gives random flows the shape that the engine gives them", async () => {
  const kinds = new Set();
  for (let seed = 1; seed <= FLOWS; seed++) {
    const flow = randomFlow(seed);
    const expected = await shapeOfEngine(flow);
    const found = shapeOfLibrary(flow);
    kinds.add(expected.code ?? "ok");
    // The words of other refusals are each side's own.
    if (expected.code !== undefined && expected.code !== "CIRCULAR_DEPENDENCY") {
      assert.equal(found.code, expected.code, `seed ${seed}`);
    } else {
      assert.deepEqual(found, expected, `seed ${seed}`);
    }
  }
  assert.deepEqual([...kinds].sort(), ["CIRCULAR_DEPENDENCY", "INVALID_NODE", "NODE_NOT_FOUND", "ok"]);
});

/** A flow with a few nodes and edges; sometimes with an edge backwards, an id twice, or an end that is no node. */
function randomFlow(seed) {
  const next = numbersFrom(seed);
  const below = (bound) => Math.floor(next() * bound);
  const leaf = (id) => ({ id, type: TYPES[below(TYPES.length)], ...(below(3) === 0 && { name: `Node ${id}` }) });
  const nodes = Array.from({ length: 1 + below(12) }, (_, at) => {
    const node = leaf(`n${at}`);
    return below(5) === 0 ? { ...node, nodes: Array.from({ length: below(4) }, (_, at) => leaf(`i${at}`)) } : node;
  });
  const edges = Array.from({ length: below(2 * nodes.length) }, () => {
    const ends = [below(nodes.length), below(nodes.length)].sort((one, other) => one - other);
    if (ends[0] === ends[1]) return undefined;
    if (below(60) === 0) ends.reverse();
    const [source, target] = ends.map((at) => nodes[at].id);
    return { source, target: below(100) === 0 ? "elsewhere" : target };
  }).filter((edge) => edge !== undefined);
  if (below(30) === 0 && nodes.length > 1) nodes[1].id = nodes[0].id;
  return { id: "flow", type: "group", nodes, edges };
}

/** Numbers from 0 to 1 that are the same for the same seed. */
function numbersFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
