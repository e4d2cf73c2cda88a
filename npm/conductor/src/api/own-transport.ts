/** A transport of the caller's own: it executes nodes, and all else happens in this process. */
import { TransportError } from "../transports/failure.js";
import { remoteNode } from "../transports/remote/node.js";
import type { NodeApi, Services } from "../types/api.js";
import type { NodeDefinition } from "../types/definition.js";
import { getErrorRecoveryStrategy } from "../types/errors.js";
import type { ConductorExecutionContext } from "../types/execution.js";
import { demandChildren } from "../types/flow.js";
import { createExecutionId } from "../types/ids.js";
import type { ConductorTransport, RemoteTransport } from "../types/transport.js";
import type { Runs } from "./runs.js";

/** What goes with the transport. */
export interface OwnTransportOptions {
  /** Told how executions end, so that those who listen hear of it. */
  runs: Runs;
  /** Deadline of an execution in ms. Default none. */
  timeout: number | undefined;
  warn: (message: string) => void;
}

/**
 * The services of this process, with `node.run` and `flow.run` by the transport. What it throws is tried again after 1, 2
 * and 4 s; a result that says that it failed is passed on. An execution that is cancelled ends here at once: the transport
 * has no way to be told.
 */
export function servicesByOwnTransport(
  local: Services,
  own: ConductorTransport,
  { runs, timeout, warn }: OwnTransportOptions,
): Services {
  const remote = remoteNode(executing(own), { recovery: getErrorRecoveryStrategy, timeout, warn });
  const run: NodeApi["run"] = async (node, given) => {
    const executionId = createExecutionId(given?.executionId);
    const result = await remote.run(node, { ...given, executionId });
    runs.onEnd?.({ nodeId: node?.id, executionId }, result);
    return result;
  };
  return {
    ...local,
    node: { ...local.node, run, cancel: remote.cancel },
    flow: {
      ...local.flow,
      async run(flow, context) {
        demandChildren(flow);
        return run(flow, context);
      },
    },
  };
}

/** The one command that it knows. */
function executing(own: ConductorTransport): RemoteTransport {
  const call = async (channel: string, command: string, args?: unknown): Promise<unknown> => {
    if (channel !== "node" || command !== "execute") {
      throw new TransportError("IMPLEMENTATION_NOT_FOUND", `This transport has no ${channel}.${command}`);
    }
    const { node, context } = args as { node: NodeDefinition; context: ConductorExecutionContext };
    return own.execute(node, context);
  };
  return {
    type: "local",
    call,
    execute: () => Promise.reject(new TransportError("IMPLEMENTATION_NOT_FOUND", "This transport runs nodes only")),
    listen: () => () => {},
    shutdown: async () => {},
  };
}
