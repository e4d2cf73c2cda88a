/** The channel of the flow templates. */
import type { FlowApi } from "../../services/flow.js";
import type { HealthResult } from "../../types/transport.js";
import type { ChannelOptions, ChannelServer } from "../channel-server.js";
import type { IpcHandlers } from "../electron.js";
import { serveChannel } from "./serve.js";

/** What the channel needs; a conductor's `flow` fits. */
export type FlowChannelDependencies = Pick<FlowApi, "listTemplates" | "getTemplate">;

/** The channel, and whether templates can be read. */
export interface FlowChannelServer extends ChannelServer {
  health(): Promise<HealthResult>;
}

/**
 * Serves `flow`: `listTemplates`, `getTemplate { id }` (id or short name) and `loadFlow { id }`, which gives the definition
 * itself.
 */
export function createFlowChannelServer(
  ipcMain: IpcHandlers,
  dependencies: FlowChannelDependencies,
  options: ChannelOptions = {},
): FlowChannelServer {
  const loadFlow = async ({ id }: { id: string }) => (await dependencies.getTemplate(id)).definition;
  const server = serveChannel("flow", ipcMain, { handlers: { loadFlow }, api: dependencies }, options);
  return {
    ...server,
    async health() {
      await dependencies.listTemplates();
      return { status: "ok", timestamp: Date.now() };
    },
  };
}
