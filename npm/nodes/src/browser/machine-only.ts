import { NodeError } from "../contract/error.js";
import type { NodeExecutable, NodeParams } from "../contract/executable.js";

/** Stands for a type that cannot run in a page: fails with NO_TRANSPORT, saying which node it is and where it can run. */
export function machineOnly(type: string): NodeExecutable<NodeParams> {
  const code = "NO_TRANSPORT";
  const reason = "needs a machine: run this flow on a server or in the desktop application";
  return {
    refused: { code, message: `${type} ${reason}` },
    async execute({ nodeId }) {
      const subject = typeof nodeId === "string" ? `The node ${JSON.stringify(nodeId)} (${type})` : type;
      throw new NodeError(code, `${subject} ${reason}`);
    },
  };
}
