/** Flows and templates on the other side. */
import type { FlowApi, NodeApi, StorageApi } from "../../types/api.js";
import { demandChildren, type FlowDefinition, type FlowTemplate } from "../../types/flow.js";
import type { RemoteTransport } from "../../types/transport.js";
import { TransportError } from "../failure.js";

/** `flow` over a transport. Flows run as nodes do; a flow that is no template is looked for in the storage. */
export function remoteFlow(
  transport: RemoteTransport | undefined,
  node: NodeApi,
  storage: Pick<StorageApi, "loadFlow">,
): FlowApi {
  const call = async (command: string, args: unknown) => {
    if (transport === undefined) throw new TransportError("NO_TRANSPORT", "No transport available for flow operations");
    return transport.call("flow", command, args);
  };

  const getTemplate = async (id: string) => (await call("getTemplate", { id })) as { definition: FlowDefinition };

  return {
    async run(flow, context) {
      demandChildren(flow);
      return node.run(flow, context);
    },
    listTemplates: async () => (await call("listTemplates", {})) as { templates: FlowTemplate[] },
    getTemplate,
    async loadFlow(id) {
      try {
        return (await getTemplate(id)).definition;
      } catch (error) {
        if (!(error instanceof TransportError && error.answered)) throw error;
        // What is said about the template tells a caller more than that there is no such saved flow either.
        return storage.loadFlow(id).catch(() => Promise.reject(error));
      }
    },
    onProgress: node.onProgress,
    onComplete: node.onComplete,
    onError: node.onError,
  };
}
