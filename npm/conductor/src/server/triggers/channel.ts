/** The channel `trigger` of a server. */
import { type ChannelServer, withCode } from "../../desktop/channel-server.js";
import { serveChannel } from "../../desktop/channels/serve.js";
import type { IpcHandlers } from "../../desktop/electron.js";
import { SERVER_CHANNELS } from "../../services/server-channels.js";
import type { Triggers } from "../../triggers/triggers.js";
import { type Keyed, keyedOf } from "../../types/cause.js";
import type { Hooks } from "../hooks/hooks.js";
import { NO_HOOKS } from "../refused-triggers.js";

interface TriggerRef {
  flowId: string;
  nodeId: string;
}

interface Range {
  from: number;
  to: number;
}

/** Serves `list`, `times`, `fire`, `backfill` and `testAddress`. */
export function createTriggerChannelServer(
  ipc: IpcHandlers,
  triggers: Triggers,
  hooks: Hooks | undefined,
): ChannelServer {
  const handlers = {
    list: () => triggers.list(),
    times: (range: Range) => triggers.times(range),
    async fire({ flowId, nodeId, data, [keyedOf]: keyed }: TriggerRef & Keyed & { data?: Record<string, unknown> }) {
      const { executionId } = await triggers.fireByHand(flowId, nodeId, data, keyed);
      return { executionId };
    },
    testAddress({ flowId, nodeId }: TriggerRef) {
      if (hooks !== undefined) return hooks.testAddress(flowId, nodeId);
      throw withCode("IMPLEMENTATION_NOT_FOUND", NO_HOOKS);
    },
    backfill: ({ flowId, nodeId, from, to }: TriggerRef & Range) => triggers.backfill(flowId, nodeId, { from, to }),
  };
  return serveChannel("trigger", ipc, { handlers }, {}, SERVER_CHANNELS.get("trigger"));
}
