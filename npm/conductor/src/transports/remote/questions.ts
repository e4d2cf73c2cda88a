/** Questions of executions on the other side. */
import { SERVICES } from "../../services/contract.js";
import type { ExecutionsApi } from "../../services/executions.js";
import type { RemoteTransport } from "../../types/transport.js";
import { TransportError } from "../failure.js";
import { stubsOf, type Warn } from "./stubs.js";

/** What the other side says of an answer. */
interface Receipt {
  success?: boolean;
  error?: string;
  code?: string;
}

/** `executions` over a transport. Without one, nothing is ever asked. */
export function remoteQuestions(transport: RemoteTransport | undefined, warn: Warn): ExecutionsApi {
  const stubs = stubsOf(SERVICES.executions, transport, warn);
  return {
    ...stubs,
    async answer(id, answer) {
      const receipt = (await stubs.answer(id, answer)) as unknown as Receipt | null | undefined;
      if (receipt?.success === true) return;
      throw new TransportError(
        receipt?.code === "INVALID_PARAMETERS" ? "INVALID_PARAMETERS" : "NODE_NOT_FOUND",
        receipt?.error ?? "The other side does not know how to take answers",
      );
    },
  };
}
