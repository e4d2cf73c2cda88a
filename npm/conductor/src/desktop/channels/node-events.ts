/** What windows are told of executions. */
import { createLog } from "../../engine/log.js";
import type { ExecutionResult } from "../../types/execution.js";
import type { NodeCompleteEvent, NodeErrorEvent, NodeProgressEvent } from "../../types/progress-event.js";
import type { ChannelServer } from "../channel-server.js";

/** Tells windows of executions by their ids. */
export interface ExecutionBroadcasts {
  started(executionId: string, nodeId: string, nodeType?: string): void;
  cancelled(executionId: string): void;
  /**
   * How far it is, with the next turn of the event loop; what is told again before only counts as it is last. So an
   * execution that is over at once is told of once.
   */
  progressed(executionId: string, event: () => NodeProgressEvent): void;
  /** Exactly one of `completed` and `error`. The result must be plain. */
  ended(executionId: string, nodeId: string, result: ExecutionResult): void;
  /** It ended with an error that is put into words already. */
  failed(event: NodeErrorEvent): void;
  /** Tells with the next turn what was held back, or forgets it where no window is left. */
  goOn(): void;
}

/**
 * Broadcasts over a channel.
 *
 * @param isForLater whether windows come later: until then progress is held back, and of executions that end meanwhile not told at all
 */
export function executionBroadcasts(
  server: Pick<ChannelServer, "broadcast" | "isHeard">,
  isForLater: () => boolean = () => false,
): ExecutionBroadcasts {
  const log = createLog();
  const pending = new Map<string, () => NodeProgressEvent>();

  const tellPending = (executionId: string) => {
    const event = pending.get(executionId);
    if (event === undefined) return;
    pending.delete(executionId);
    if (!server.isHeard() || isForLater()) return;
    try {
      server.broadcast("progress", event());
    } catch (error) {
      // There is no caller above the event loop to catch it.
      log.warn("Progress could not be told", error);
    }
  };
  const tellAllPending = () => {
    if (server.isHeard() && isForLater()) return;
    for (const executionId of [...pending.keys()]) tellPending(executionId);
  };

  return {
    started(executionId, nodeId, nodeType) {
      const timestamp = Date.now();
      server.broadcast("started", { executionId, nodeId, ...(nodeType !== undefined && { nodeType }), timestamp });
    },
    cancelled(executionId) {
      server.broadcast("cancelled", { executionId, timestamp: Date.now() });
    },
    progressed(executionId, event) {
      if (pending.size === 0 && !isForLater()) setImmediate(tellAllPending);
      pending.set(executionId, event);
    },
    ended(executionId, nodeId, result) {
      tellPending(executionId);
      const timestamp = Date.now();
      if (result.success) {
        // The trace is much larger than all the rest, and the caller of the execution gets it with the answer.
        const { trace: _, ...told } = result;
        const event: NodeCompleteEvent = { executionId, nodeId, result: told, output: told.data, timestamp };
        server.broadcast("completed", event);
      } else {
        const { code = "UNKNOWN_ERROR", message = "", nodeId: failed = nodeId } = result.error ?? {};
        server.broadcast("error", { executionId, nodeId: failed, error: message, code, timestamp });
      }
    },
    failed(event) {
      tellPending(event.executionId);
      server.broadcast("error", event);
    },
    goOn() {
      if (pending.size > 0) setImmediate(tellAllPending);
    },
  };
}
