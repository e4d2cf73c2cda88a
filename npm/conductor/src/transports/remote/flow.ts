/** Flows and templates on the other side. */
import { SERVICES } from "../../services/contract.js";
import type { FlowApi } from "../../services/flow.js";
import type { NodeApi } from "../../services/node.js";
import type { StorageApi } from "../../services/storage.js";
import { asLoaded, demandChildren } from "../../types/flow.js";
import type { RemoteTransport } from "../../types/transport.js";
import { TransportError } from "../failure.js";
import { stubsOf, type Warn } from "./stubs.js";

/** `flow` over a transport. Flows run as nodes do; a flow that is no template is looked for in the storage. */
export function remoteFlow(
  transport: RemoteTransport | undefined,
  node: NodeApi,
  storage: StorageApi,
  warn: Warn,
): FlowApi {
  const stubs = stubsOf(SERVICES.flow, transport, warn);
  return {
    ...stubs,
    async run(flow, context) {
      demandChildren(flow);
      return node.run(flow, context);
    },
    async loadFlow(id, options) {
      if (options?.version !== undefined) return asLoaded(await storage.loadFlow(id, options));
      try {
        return (await stubs.getTemplate(id)).definition;
      } catch (error) {
        if (!(error instanceof TransportError && error.answered)) throw error;
        // What is said about the template tells a caller more than that there is no such saved flow either.
        return storage.loadFlow(id).then(asLoaded, () => Promise.reject(error));
      }
    },
    history: storage.flowHistory,
    restore: storage.restoreFlow,
    onProgress: node.onProgress,
    onComplete: node.onComplete,
    onError: node.onError,
  };
}
