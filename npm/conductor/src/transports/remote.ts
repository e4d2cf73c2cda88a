/** The API over a transport: the same services as in this process, carried out on the other side. */
import type { AuthApi, FlowApi, NodeApi, StorageApi, SystemApi } from "../types/api.js";
import type { RemoteTransport } from "../types/transport.js";
import { remoteAuth } from "./remote/auth.js";
import { remoteFlow } from "./remote/flow.js";
import { type RemoteNodeOptions, remoteNode } from "./remote/node.js";
import { remoteStorage } from "./remote/storage.js";
import { remoteSystem } from "./remote/system.js";
import type { TokenStore } from "./token-store.js";

export interface RemoteOptions extends RemoteNodeOptions {
  /** Where the token of the session is kept; transports send it if they are told to. */
  tokens: TokenStore;
}

export interface RemoteServices {
  node: NodeApi;
  flow: FlowApi;
  storage: StorageApi;
  auth: AuthApi;
  system: SystemApi;
}

/** All services over one transport. Without a transport they answer, or reject, with what is missing. */
export function remoteServices(transport: RemoteTransport | undefined, options: RemoteOptions): RemoteServices {
  const node = remoteNode(transport, options);
  const storage = remoteStorage(transport);
  return {
    node,
    flow: remoteFlow(transport, node, storage),
    storage,
    auth: remoteAuth(transport, options.tokens),
    system: remoteSystem(transport),
  };
}
