/** Flows that the other side keeps. */
import type { StorageApi } from "../../types/api.js";
import type { FlowList, FlowReceipt, SavedFlow } from "../../types/flow.js";
import type { RemoteTransport } from "../../types/transport.js";
import { TransportError } from "../failure.js";
import { onFlowDeleted, onFlowSaved } from "./events.js";

/** Of the form in which flows are sent. */
const VERSION = "1.0.0";
/** The form before, which can be read as it is. */
const EARLIER_VERSION = "0.9.0";

/** `storage` over a transport. Every method rejects with what the transport or the other side says went wrong. */
export function remoteStorage(transport: RemoteTransport | undefined, warn: (message: string) => void): StorageApi {
  const call = async (command: string, args: unknown) => {
    if (transport === undefined) {
      throw new TransportError("NO_TRANSPORT", "No transport available for storage operations");
    }
    return transport.call("storage", command, args);
  };

  return {
    async saveFlow(given, options) {
      if (options?.allowEmpty !== true && (!Array.isArray(given?.nodes) || given.nodes.length === 0)) {
        throw new Error("Flow must contain at least one node");
      }
      const flow = { ...given, savedAt: new Date().toISOString(), version: VERSION };
      // Older servers answer nothing when all went well.
      return ((await call("saveFlow", { flow, ...(options?.overwrite === true && { overwrite: true }) })) ??
        flow) as FlowReceipt;
    },

    async loadFlow(id) {
      const flow = (await call("loadFlow", { id }).catch(rethrowNamed)) as SavedFlow | null | undefined;
      if (flow === undefined || flow === null) throw new TransportError("NODE_NOT_FOUND", "Flow not found");
      return flow.version === EARLIER_VERSION ? { ...flow, version: VERSION } : flow;
    },

    async listFlows(options = {}) {
      const list = (await call("listFlows", options)) as Partial<FlowList> | null | undefined;
      if (!Array.isArray(list?.flows)) {
        throw new TransportError("DESERIALIZATION_FAILED", "The answer of storage.listFlows is no list of flows");
      }
      // Servers that only mark what was deleted list it too.
      const flows = list.flows.filter((flow) => !(flow as { deleted?: unknown }).deleted);
      return { ...list, flows, total: list.total ?? flows.length };
    },

    async deleteFlow(id) {
      await call("deleteFlow", { id });
    },

    onFlowSaved: (callback) => onFlowSaved(transport, callback, warn),
    onFlowDeleted: (callback) => onFlowDeleted(transport, callback, warn),
  };
}

/** One message for a missing flow, whatever the other side says; all else is told as it was. */
function rethrowNamed(error: unknown): never {
  if (error instanceof TransportError && error.answered && /not found/i.test(error.message)) {
    throw new TransportError("NODE_NOT_FOUND", "Flow not found", { cause: error, answered: true });
  }
  throw error;
}
