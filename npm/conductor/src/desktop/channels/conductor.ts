/** The channel that runs stored flows for pages. */
import type { HealthResult } from "../../types/transport.js";
import type { ChannelOptions, ChannelServer } from "../channel-server.js";
import type { IpcHandlers } from "../electron.js";
import type { Requests } from "../requests.js";
import { serveChannel } from "./serve.js";

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
  const health = async (): Promise<HealthResult> => (await ask?.()) ?? { status: "ok", timestamp: Date.now() };
  // Requests check their own size, and answer malformed ones with a result.
  const execute = { handle: (request: unknown) => requests.execute(request), plain: true };
  const server = serveChannel("conductor", ipcMain, { handlers: { execute, health } }, options);
  return { ...server, health };
}
