/** Requests to the other side: stored flows that are run by their id. */
import { conductor } from "../../services/requests.js";
import type { ExecutionRequest, RequestResult } from "../../types/request.js";
import type { RemoteTransport } from "../../types/transport.js";
import { TransportError } from "../failure.js";
import { encode } from "../json.js";
import type { Attempted } from "../retry.js";
import type { RemoteExecutions } from "./executions.js";
import { type Recovery, toAttachedResult, toRequestResult } from "./result.js";
import { noTransport } from "./stubs.js";

/**
 * The other side is told the deadline of a request, ends the execution itself, and says what had run until then. Only if
 * it has not answered so many ms later, the request is given up here.
 */
const GRACE = 1000;

export interface RemoteRequests {
  /**
   * Runs a stored flow on the other side, under this execution id. Never rejects; what is no result is
   * `DESERIALIZATION_FAILED`. A deadline in the request counts, else that of this conductor.
   */
  execute(request: ExecutionRequest, executionId: string): Promise<Attempted<RequestResult>>;
}

export interface RemoteRequestsOptions {
  recovery?: Recovery | undefined;
  /** Deadline in ms of requests that have none. */
  timeout?: number | undefined;
}

/** Requests over a transport. */
export function remoteRequests(
  transport: RemoteTransport | undefined,
  executions: RemoteExecutions,
  { recovery, timeout: standard }: RemoteRequestsOptions,
): RemoteRequests {
  return {
    execute(request, executionId) {
      const timeout = request.options?.timeout ?? request.config?.timeout ?? standard;
      const sent = toSend(request, executionId, timeout);
      const { flowId, compositeId, blueprintId } = request;
      const known = { executionId, flowId: flowId ?? compositeId ?? blueprintId ?? "" };
      return executions.run({
        executionId,
        timeout,
        grace: GRACE,
        async begin() {
          if (transport === undefined) throw noTransport(conductor);
          const result = toRequestResult(await transport.execute(sent), recovery);
          if (result !== undefined) return result;
          throw new TransportError("DESERIALIZATION_FAILED", "The answer of conductor.execute is no result");
        },
        read: (attached) => toAttachedResult(attached, known, recovery),
      });
    },
  };
}

/**
 * The other side knows nothing of this conductor's settings. It may apply a fallback itself, but need not: one that
 * cannot be sent is applied here alone.
 */
function toSend(request: ExecutionRequest, executionId: string, timeout: number | undefined): ExecutionRequest {
  const { fallback, ...options } = request.options ?? {};
  const needed = {
    ...(timeout !== undefined && request.config?.timeout === undefined && { timeout }),
    ...options,
    ...(fallback !== undefined && canBeSent(fallback) && { fallback }),
  };
  const { options: _, ...rest } = request;
  return {
    ...(rest as ExecutionRequest),
    context: { ...request.context, executionId },
    ...(Object.keys(needed).length > 0 && { options: needed }),
  };
}

function canBeSent(value: unknown): boolean {
  try {
    encode(value);
    return true;
  } catch {
    return false;
  }
}
