/**
 * Measures how long it takes to open the replay of a long execution, and to go to a step of it.
 *
 *     node tests/durable/long-replay.mjs [events]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { createConductor, openReplay } from "../../npm/conductor/dist/desktop.js";

/** Steps that are gone to, spread over all. */
const STEPS = 200;

/** A loop whose rounds have one node: an event for each round, beside a few. */
const flow = (rounds) => ({
  id: "long",
  type: "group",
  nodes: [
    {
      id: "loop",
      type: "loop",
      parameters: { loopType: "forEach", array: Array.from({ length: rounds }, (_, n) => n), collectResults: false },
      nodes: [{ id: "step", type: "pure" }],
    },
  ],
  edges: [],
});

/** ms to open the replay of an execution with so many events, and to go to the slowest of a hundred of its steps, in any order. */
export async function replayOf(folder, events) {
  const conductor = createConductor({
    store: `sqlite:${join(folder, "long.db")}`,
    durability: "relaxed",
    nodeExecutorFactory: {
      getNodeExecutable: (type) => (type === "pure" ? { effects: "none", execute: () => 1 } : undefined),
    },
  });
  try {
    const result = await conductor.node.run(flow(events), { executionId: "long" });
    if (!result.success) throw new Error(result.error.message);
    const bytes = await conductor.executions.export("long");
    const begun = performance.now();
    const replay = await openReplay(bytes);
    const opened = performance.now() - begun;
    const { progress } = replay.at(replay.length);
    // A turn of the host with several answers is one step.
    if (progress !== 100 || replay.length < 2) throw new Error(`Only ${progress} % of the execution were recorded`);
    const times = [];
    for (let number = 0; number < STEPS; number++) {
      const step = (number * 7_919_993) % (replay.length + 1);
      const at = performance.now();
      if (replay.at(step).nodes.length !== 2) throw new Error("A node is missing");
      times.push(performance.now() - at);
    }
    return { steps: replay.length, opened, step: times.toSorted((a, b) => a - b)[Math.floor(STEPS * 0.99)] };
  } finally {
    await conductor.shutdown();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = mkdtempSync(join(tmpdir(), "conductor-replay-"));
  try {
    const { steps, opened, step } = await replayOf(folder, Number(process.argv[2] ?? 1_000_000));
    process.stdout.write(`${steps} steps: opened in ${opened.toFixed(0)} ms, a step in ${step.toFixed(2)} ms (p99)\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
