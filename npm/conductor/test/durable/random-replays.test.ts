/** Random flows, recorded and stepped through: the end of each replay is what the execution gave. */
import { createConductor } from "@atomiton/conductor/node";
import { createMemoryExecutions } from "@atomiton/storage";
import { expect, it } from "vitest";

import type { Params } from "../contract/flows.js";
import { randomFlow } from "../random-flows/flow.js";
import { answerOf } from "../random-flows/model.js";

const FLOWS = Number(process.env.RANDOM_FLOWS ?? 200);

it("ends as the execution did, and begins with nothing, whatever the flow", async () => {
  let [values, failures] = [0, 0];
  for (let seed = 1; seed <= FLOWS; seed++) {
    const { definition, script, retries } = randomFlow(seed);
    const calls = new Map<string, number>();
    const execute = ({ nodeId }: Params): unknown => {
      const call = (calls.get(nodeId) ?? 0) + 1;
      calls.set(nodeId, call);
      const answer = answerOf(script, nodeId, call);
      if (answer.startsWith("fails")) throw new Error(`${nodeId}#${call}`);
      return answer === "value" ? `${nodeId}#${call}` : undefined;
    };
    const conductor = createConductor({
      nodeExecutorFactory: { getNodeExecutable: () => ({ execute, effects: "none" }) } as never,
      store: createMemoryExecutions(),
      logLevel: "error",
      maxRetries: retries,
      retryDelay: 0,
    });
    const result = await conductor.node.run(definition as never, { executionId: "one", input: {} });
    const replay = await conductor.executions.replay("one");
    expect(replay.moment.nodes.every(({ state }) => state === "pending")).toBe(true);
    const last = replay.at(replay.length);
    for (const { nodeId, state, progress } of result.trace?.nodes ?? []) {
      expect(last.node(nodeId), `seed ${seed}, ${nodeId}`).toMatchObject({ state, progress });
      if (state !== "error") continue;
      failures++;
      expect(last.error(nodeId)?.message, `seed ${seed}, ${nodeId}`).toMatch(/#\d+$|cancelled/);
    }
    // Ids are given once in these flows, and outputs are those of all depths.
    for (const { id, path } of last.nodes) {
      const value = last.value(path);
      if (value !== undefined) values++;
      expect(value, `seed ${seed}, ${path}`).toEqual(result.outputs?.[id]);
    }
    await conductor.shutdown();
  }
  expect(values).toBeGreaterThan(FLOWS);
  expect(failures).toBeGreaterThan(FLOWS / 10);
});
