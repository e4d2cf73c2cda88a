/** About the other side. */
import { messageOf } from "@atomiton/values";
import { SERVICES } from "../../services/contract.js";
import type { SystemApi } from "../../services/system.js";
import type { HealthResult, RemoteTransport } from "../../types/transport.js";
import { TransportError } from "../failure.js";
import { stubsOf } from "./stubs.js";

/**
 * `system` over a transport. A side that cannot be reached is `down`; `health` never rejects. `restart` is for the
 * desktop application alone, after a question to the user.
 */
export function remoteSystem(
  transport: RemoteTransport | undefined,
  ask: (question: string) => boolean = askUser,
): SystemApi {
  const stubs = stubsOf(SERVICES.system, transport, () => {});
  return {
    async health() {
      if (transport === undefined) return health("ok", "Browser conductor operational (no transport)");
      try {
        const answer = (await stubs.health()) as HealthResult | null | undefined;
        return typeof answer?.status === "string"
          ? answer
          : health("degraded", "The answer of system.health says nothing");
      } catch (error) {
        return health("down", messageOf(error));
      }
    },

    async restart() {
      if (transport?.type !== "ipc") {
        throw new TransportError("NO_TRANSPORT", "Restart not available in browser environment");
      }
      if (ask("System will restart. Continue?")) await stubs.restart();
    },
  };
}

function health(status: HealthResult["status"], message: string): HealthResult {
  return { status, timestamp: Date.now(), message };
}

interface Confirming {
  confirm?: (question: string) => boolean;
}

/** Without a way to ask the user, the answer is no. */
function askUser(question: string): boolean {
  const { window, confirm } = globalThis as { window?: Confirming } & Confirming;
  const ask = window?.confirm ?? confirm;
  return typeof ask === "function" && ask.call(window, question);
}
