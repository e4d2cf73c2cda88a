/** Questions of executions on the other side. */
import type { ExecutionsApi } from "../../types/api.js";
import type { OpenQuestion } from "../../types/question.js";
import type { RemoteTransport } from "../../types/transport.js";
import { TransportError } from "../failure.js";
import { listen, type Warn } from "./events.js";

/** `executions` over a transport. Without one, nothing is ever asked. */
export function remoteQuestions(transport: RemoteTransport | undefined, warn: Warn): ExecutionsApi {
  return {
    async waiting(executionId) {
      const answer = await transport?.call("node", "waiting", executionId === undefined ? {} : { executionId });
      return Array.isArray(answer) ? (answer as OpenQuestion[]) : [];
    },
    async answer(id, answer) {
      if (transport === undefined) throw new TransportError("NO_TRANSPORT", "No transport available for answers");
      const told = (await transport.call("node", "answer", { id, answer })) as Refusal | null | undefined;
      if (told?.success === true) return;
      throw new TransportError(
        told?.code === "INVALID_PARAMETERS" ? "INVALID_PARAMETERS" : "NODE_NOT_FOUND",
        told?.error ?? "The other side does not know how to take answers",
      );
    },
    onQuestion: (callback) =>
      listen(transport, "node", "question", (event) => callback(event as unknown as OpenQuestion), warn),
  };
}

/** What the other side says of an answer. */
interface Refusal {
  success?: boolean;
  error?: string;
  code?: string;
}
