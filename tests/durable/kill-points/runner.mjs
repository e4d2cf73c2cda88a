/** A conductor with the node types of the world, and what both it and its successors do; in Node and in pages. */
import { EXECUTION, orderFlow, PART } from "./flow.mjs";
import { nodeTypes } from "./world.mjs";

/**
 * Gives what makes a conductor over a store.
 *
 * @param {{ createConductor: Function, createStorage: Function, getNodeExecutable: Function }} entries those of Node, or those of pages
 */
export function conductorsBy({ createConductor, createStorage, getNodeExecutable }) {
  return async (store, world, { isDead, durability = "strict" } = {}) => {
    const own = nodeTypes(world, isDead);
    const conductor = createConductor({
      transport: "local",
      store,
      durability,
      // The flow that is a part comes with the program; so a store that cannot be used is met by the run.
      storage: createStorage({ type: "memory" }),
      nodeExecutorFactory: { getNodeExecutable: (type) => own[type] ?? getNodeExecutable(type) },
      concurrency: 2,
      maxRetries: 0,
      // Processes are killed here whatever they do.
      maxTakeOvers: Number.POSITIVE_INFINITY,
    });
    await conductor.storage.saveFlow(PART);
    return conductor;
  };
}

/** Runs the flow, or goes on with what is left of it. */
export async function carryOn(conductor) {
  const { resumed, blocked } = await conductor.recover();
  if (blocked.length > 0) throw new Error(`blocked: ${JSON.stringify(blocked)}`);
  const own = resumed.find(({ executionId }) => executionId === EXECUTION);
  return own === undefined ? conductor.node.run(orderFlow(), { executionId: EXECUTION }) : own.result;
}
