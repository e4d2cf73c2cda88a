import { requirePeer } from "../peers.mjs";
import { nodeInputs } from "./node-input.mjs";

/** p-graph: a promise graph of tasks and dependencies; a nested flow is a graph run inside a task. */
export const pGraph = {
  name: "p-graph",

  prepare(flow, execute) {
    const { PGraph } = requirePeer("p-graph");

    const run = async (group, input) => {
      const outputs = new Map();
      const inputOf = nodeInputs(group, outputs, input);
      const tasks = new Map();
      for (const node of group.nodes) {
        tasks.set(node.id, {
          run: async () => {
            const nodeInput = inputOf(node.id);
            const output = node.nodes?.length
              ? await run(node, nodeInput)
              : await execute({ ...node.parameters, input: nodeInput });
            outputs.set(node.id, output);
          },
        });
      }
      const dependencies = group.edges.map(({ source, target }) => [source, target]);
      await new PGraph(tasks, dependencies).run();
      return outputs.get(group.nodes.at(-1).id);
    };
    return async () => {
      await run(flow, {});
    };
  },
};
