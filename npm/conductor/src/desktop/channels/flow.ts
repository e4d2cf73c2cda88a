/** The channel of the flow templates. */
import { z } from "zod/v3";
import type { FlowApi } from "../../types/api.js";
import type { HealthResult } from "../../types/transport.js";
import { type ChannelOptions, type ChannelServer, createChannelServer } from "../channel-server.js";
import type { IpcHandlers } from "../electron.js";
import { checked } from "./arguments.js";

/** What the channel needs; a conductor's `flow` fits. */
export type FlowChannelDependencies = Pick<FlowApi, "listTemplates" | "getTemplate">;

/** The channel, and whether templates can be read. */
export interface FlowChannelServer extends ChannelServer {
  health(): Promise<HealthResult>;
}

const byId = z.object({ id: z.string().min(1, "Template ID is required") });

/**
 * Serves `flow`: `listTemplates`, `getTemplate { id }` (id or short name) and `loadFlow { id }`, which gives the definition
 * itself.
 */
export function createFlowChannelServer(
  ipcMain: IpcHandlers,
  dependencies: FlowChannelDependencies,
  options: ChannelOptions = {},
): FlowChannelServer {
  const server = createChannelServer("flow", ipcMain, options);
  server.handle("listTemplates", () => dependencies.listTemplates());
  server.handle(
    "getTemplate",
    checked("getTemplate", byId, ({ id }) => dependencies.getTemplate(id)),
  );
  server.handle(
    "loadFlow",
    checked("loadFlow", byId, async ({ id }) => (await dependencies.getTemplate(id)).definition),
  );
  return {
    ...server,
    async health() {
      await dependencies.listTemplates();
      return { status: "ok", timestamp: Date.now() };
    },
  };
}
