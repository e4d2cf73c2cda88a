/** Flows that the other side keeps. */
import { SERVICES } from "../../services/contract.js";
import type { StorageApi } from "../../services/storage.js";
import type { RemoteTransport } from "../../types/transport.js";
import { TransportError } from "../failure.js";
import { FLOW_VERSION, flowListOf, isMissing, savedFlowOf, storageReaders } from "./older-servers.js";
import { stubsOf, type Warn } from "./stubs.js";

/** `storage` over a transport. Every method rejects with what the transport or the other side says went wrong. */
export function remoteStorage(transport: RemoteTransport | undefined, warn: Warn): StorageApi {
  const stubs = stubsOf(SERVICES.storage, transport, warn, storageReaders);
  return {
    ...stubs,

    async saveFlow(given, options) {
      if (options?.allowEmpty !== true && (!Array.isArray(given?.nodes) || given.nodes.length === 0)) {
        throw new Error("Flow must contain at least one node");
      }
      const flow = { ...given, savedAt: new Date().toISOString(), version: FLOW_VERSION };
      // Older servers answer nothing when all went well.
      const receipt = (await stubs.saveFlow(flow, options)) ?? flow;
      if (options?.ifVersion !== undefined && receipt.storedVersion === undefined)
        throw withoutVersions("saved the flow");
      return receipt;
    },

    /** One message for a missing flow, whatever the other side says; all else is told as it was. */
    async loadFlow(id, options) {
      const version = options?.version;
      const flow = await stubs.loadFlow(id, options).catch((error) => {
        if (!isMissing(error) || version !== undefined) throw error;
        throw new TransportError("NODE_NOT_FOUND", "Flow not found", { cause: error, answered: true });
      });
      const saved = savedFlowOf(flow);
      if (saved === undefined) throw new TransportError("NODE_NOT_FOUND", "Flow not found");
      if (version !== undefined && saved.storedVersion !== version) throw withoutVersions("gave the current flow");
      return saved;
    },

    listFlows: async (options = {}) => flowListOf(await stubs.listFlows(options)),
  };
}

/** A server of before there were versions, which takes no notice of them. */
function withoutVersions(did: string): TransportError {
  const message = `The server knows no versions of flows, and ${did} without regard to the version; update the server`;
  return new TransportError("IMPLEMENTATION_NOT_FOUND", message, { answered: true });
}
