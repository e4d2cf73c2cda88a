/** `node.store` in a page whose runs are carried out elsewhere. */

import assert from "node:assert/strict";

/** Runs a flow in the page, and checks that subscribers saw every step of it, in order, before its result was there. */
export async function checkFollows(tab, settings) {
  const seen = await tab.evaluate(async (config) => {
    const conductor = window.made ?? (config ? entry.createConductor(config) : entry.conductor);
    const steps = ["a", "b", "c"].map((id) => ({ id, type: "edit-fields", parameters: { values: { [id]: 1 } } }));
    const states = [];
    const end = conductor.node.store.subscribe(({ nodes }) => {
      const now = [...nodes.values()].map(({ state }) => state).join(" ");
      if (now !== "" && states.at(-1) !== now) states.push(now);
    });
    const { success } = await conductor.flow.run(chain("flow", ...steps), { executionId: "followed" });
    const { nodes, isExecuting, cachedProgress, executionId } = conductor.node.store.getState();
    end();
    const isTimed = [...nodes.values()].every(({ startTime, endTime }) => startTime <= endTime);
    return { success, states, isExecuting, cachedProgress, executionId, isTimed };
  }, settings);
  assert.deepEqual(seen, {
    success: true,
    states: [
      "pending pending pending",
      "executing pending pending",
      "completed pending pending",
      "completed executing pending",
      "completed completed pending",
      "completed completed executing",
      "completed completed completed",
    ],
    isExecuting: false,
    cachedProgress: 100,
    executionId: "followed",
    isTimed: true,
  });
}
