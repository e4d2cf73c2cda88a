import { executable } from "../../library/work.js";
import { group } from "./definition.js";

/** A group without nodes hands its input on, as in earlier versions. With nodes the engine runs them. */
export const groupNode = executable<object>(group, async ({ input, nodeId }) => ({
  result: input,
  metadata: {
    executedAt: new Date().toISOString(),
    nodeId,
    nodeType: "group",
    childNodesExecuted: 0,
    totalExecutionTime: 0,
  },
}));
