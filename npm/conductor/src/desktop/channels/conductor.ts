/** The channel that runs stored flows for pages. */
import type { HealthResult } from "../../types/transport.js";
import { type ChannelOptions, type ChannelServer, createChannelServer } from "../channel-server.js";
import type { IpcHandlers } from "../electron.js";
import type { Requests } from "../requests.js";

/** What the channel needs. */
export interface ConductorChannelDependencies {
  requests: Pick<Requests, "execute">;
  health?(): HealthResult | Promise<HealthResult>;
}

/** The channel, with its health. */
export interface ConductorChannelServer extends ChannelServer {
  health(): Promise<HealthResult>;
}

/** Serves `conductor`: `execute` with a request (`{ flowId, inputs?, … }`), answered with its result, and `health`. */
export function createConductorChannelServer(
  ipcMain: IpcHandlers,
  { requests, health: ask }: ConductorChannelDependencies,
  options: ChannelOptions = {},
): ConductorChannelServer {
  const server = createChannelServer("conductor", ipcMain, options);
  const health = async (): Promise<HealthResult> => (await ask?.()) ?? { status: "ok", timestamp: Date.now() };
  // Requests look at their own size.
  server.handle("execute", (request) => requests.execute(request), { plain: true });
  server.handle("health", health);
  return { ...server, health };
}
