/** The channel of the application's folders. */
import { resolve } from "node:path";
import { createPathManager, type PathManager } from "@atomiton/storage/desktop";
import { z } from "zod/v3";
import type { HealthResult } from "../../types/transport.js";
import { type ChannelOptions, type ChannelServer, createChannelServer } from "../channel-server.js";
import type { IpcHandlers } from "../electron.js";
import { WORDS_LIMITS } from "../limits.js";
import { checked } from "./arguments.js";

/** What the channel needs. */
export interface PathChannelDependencies {
  /** Names never lead out of its folders. Default: folders below the user's home. */
  paths?: PathManager;
}

/** The channel, with its health. */
export interface PathChannelServer extends ChannelServer {
  health(): Promise<HealthResult>;
}

const name = z.string().min(1, "Must not be empty");
const workspace = name.nullish().transform((id) => id ?? undefined);

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
  const server = createChannelServer("path", ipcMain, { limits: WORDS_LIMITS, ...options });
  const handle = <S extends z.ZodTypeAny>(command: string, schema: S, handler: (args: z.output<S>) => unknown) =>
    server.handle(command, checked(command, schema, handler));

  handle("getWorkspacePath", z.object({ id: name }), ({ id }) => paths.getWorkspacePath(id));
  handle("getFlowsDirectory", z.object({ workspaceId: workspace }).default({}), ({ workspaceId }) =>
    paths.getFlowsDirectory(workspaceId),
  );
  handle("getFlowPath", z.object({ flowId: name, workspaceId: workspace }), ({ flowId, workspaceId }) =>
    paths.getFlowPath(flowId, workspaceId),
  );
  handle("getConfigPath", z.object({ configName: name }), ({ configName }) => paths.getConfigPath(configName));
  handle("getDatabasePath", z.object({ dbName: name }), ({ dbName }) => paths.getDatabasePath(dbName));
  handle("getExportPath", z.object({ filename: name }), ({ filename }) => paths.getExportPath(filename));
  handle("ensureDirectory", z.object({ path: name }), async ({ path }) => {
    await paths.ensureDirectory(path);
    return { success: true, path: resolve(path) };
  });
  server.handle("getUserDataPath", () => paths.getUserDataPath());
  server.handle("getAllPaths", () => paths.getAllPaths());

  return {
    ...server,
    async health() {
      paths.getAllPaths();
      return { status: "ok", timestamp: Date.now() };
    },
  };
}
