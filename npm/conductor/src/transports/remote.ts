/** The API over a transport: the same services as in this process, carried out on the other side. */
import { SERVICES, type Services } from "../services/contract.js";
import type { RemoteTransport } from "../types/transport.js";
import type { Lifetime } from "./lazy-transport.js";
import { remoteAuth } from "./remote/auth.js";
import { RemoteExecutions } from "./remote/executions.js";
import { remoteFlow } from "./remote/flow.js";
import { type RemoteNodeOptions, remoteNode, warnOnConsole } from "./remote/node.js";
import { remoteQuestions } from "./remote/questions.js";
import { type RemoteRequests, remoteRequests } from "./remote/requests.js";
import { remoteStorage } from "./remote/storage.js";
import { stubsOf } from "./remote/stubs.js";
import { remoteSystem } from "./remote/system.js";
import type { TokenStore } from "./token-store.js";

/** What the services over a transport are given. */
export interface RemoteOptions extends Omit<RemoteNodeOptions, "executions"> {
  /** Where the token of the session is kept; transports send it if they are told to. */
  tokens: TokenStore;
  /** Of the transport; without it, that is for ever. */
  lifetime?: Lifetime;
}

/** The services, and requests for stored flows. */
export interface RemoteServices extends Services {
  requests: RemoteRequests;
}

/** All services over one transport. Without a transport they answer, or reject, with what is missing. */
export function remoteServices(transport: RemoteTransport | undefined, options: RemoteOptions): RemoteServices {
  const { lifetime, warn = warnOnConsole } = options;
  const executions = new RemoteExecutions(transport, { warn, lifetime });
  const node = remoteNode(transport, { ...options, executions });
  const storage = remoteStorage(transport, warn);
  return {
    node,
    nodes: stubsOf(SERVICES.nodes, transport, warn),
    executions: remoteQuestions(transport, warn),
    flow: remoteFlow(transport, node, storage, warn),
    storage,
    auth: remoteAuth(transport, options.tokens, warn),
    system: remoteSystem(transport),
    requests: remoteRequests(transport, executions, options),
  };
}
