import { NodeError } from "../contract/error.js";
import type { NodeExecutable, NodeParams } from "../contract/executable.js";

/** Stands for a type that cannot run in a page: fails with NO_TRANSPORT, saying where it can. */
export function machineOnly(type: string): NodeExecutable<NodeParams> {
  return {
    async execute() {
      throw new NodeError(
        "NO_TRANSPORT",
        `${type} needs a machine: run this flow on a server or in the desktop application`,
      );
    },
  };
}
