/** The channel of the application's folders. */
import { resolve } from "node:path";
import { createPathManager, type PathManager } from "@atomiton/storage/desktop";
import type { HealthResult } from "../../types/transport.js";
import type { ChannelOptions, ChannelServer } from "../channel-server.js";
import type { IpcHandlers } from "../electron.js";
import { serveChannel } from "./serve.js";

/** What the channel needs. */
export interface PathChannelDependencies {
  /** Names never lead out of its folders. Default: folders below the user's home. */
  paths?: PathManager;
}

/** The channel, with its health. */
export interface PathChannelServer extends ChannelServer {
  health(): Promise<HealthResult>;
}

/**
 * Serves `path`: where the files of the application are, and making folders among them.
 *
 * @param dependencies the path manager, by itself or as `paths`
 */
export function createPathChannelServer(
  ipcMain: IpcHandlers,
  dependencies: PathManager | PathChannelDependencies = {},
  options: ChannelOptions = {},
): PathChannelServer {
  const paths = "getAllPaths" in dependencies ? dependencies : (dependencies.paths ?? createPathManager());
  const ensureDirectory = async ({ path }: { path: string }) => {
    await paths.ensureDirectory(path);
    return { success: true, path: resolve(path) };
  };
  const server = serveChannel("path", ipcMain, { handlers: { ensureDirectory }, api: paths }, options);

  return {
    ...server,
    async health() {
      paths.getAllPaths();
      return { status: "ok", timestamp: Date.now() };
    },
  };
}
