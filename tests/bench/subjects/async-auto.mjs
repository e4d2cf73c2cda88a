import { requirePeer } from "../peers.mjs";
import { nodeInputs } from "./node-input.mjs";

/** `auto` of the async package: tasks named with what they wait for; a nested flow is an `auto` inside a task. */
export const asyncAuto = {
  name: "async.auto",

  /** Its check for deadlocks looks at all tasks once for each task. */
  refuses({ size }) {
    return size > 10_000 ? "time grows with the square of the size" : undefined;
  },

  prepare(flow, execute) {
    const { auto } = requirePeer("async");

    const run = async (group, input) => {
      const outputs = new Map();
      const inputOf = nodeInputs(group, outputs, input);
      const waitsFor = new Map(group.nodes.map(({ id }) => [id, new Set()]));
      for (const { source, target } of group.edges) waitsFor.get(target).add(source);
      const tasks = {};
      for (const node of group.nodes) {
        const task = async () => {
          const nodeInput = inputOf(node.id);
          const output = node.nodes?.length
            ? await run(node, nodeInput)
            : await execute({ ...node.parameters, input: nodeInput });
          outputs.set(node.id, output);
        };
        tasks[node.id] = [...waitsFor.get(node.id), task];
      }
      await auto(tasks);
      return outputs.get(group.nodes.at(-1).id);
    };
    return async () => {
      await run(flow, {});
    };
  },
};
