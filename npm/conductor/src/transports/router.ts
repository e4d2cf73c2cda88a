/** Which transport executes a request. */
import type { ExecutionRequest, RequestResult } from "../types/request.js";
import type { ExecutionTransport, TransportType } from "../types/transport.js";
import { TransportError } from "./failure.js";

/** See `createExecutionRouter`. */
export interface ExecutionRouter {
  /** Executes on the transport of this type, else on the default one. Rejects with `NO_TRANSPORT` without a default one. */
  execute(request: ExecutionRequest, type?: TransportType): Promise<RequestResult>;
  /** Takes the place of an earlier one of its type. The first becomes the default. */
  registerTransport(transport: ExecutionTransport): void;
  /** Throws `NO_TRANSPORT` if none of this type is registered. */
  setDefaultTransport(type: TransportType): void;
  /** The transport of this type, else the default one. */
  getTransport(type?: TransportType): ExecutionTransport | undefined;
}

/** A router without transports. */
export function createExecutionRouter(): ExecutionRouter {
  const transports = new Map<TransportType, ExecutionTransport>();
  let standard: TransportType = "local";

  const getTransport = (type: TransportType = standard) => transports.get(type);

  return {
    async execute(request, type = standard) {
      const transport = getTransport(type);
      if (transport === undefined) {
        throw new TransportError("NO_TRANSPORT", `No transport registered for type: ${type}`);
      }
      return transport.execute(request);
    },
    registerTransport(transport) {
      if (transports.size === 0) standard = transport.type;
      transports.set(transport.type, transport);
    },
    setDefaultTransport(type) {
      if (!transports.has(type)) throw new TransportError("NO_TRANSPORT", `Transport ${type} not registered`);
      standard = type;
    },
    getTransport,
  };
}
