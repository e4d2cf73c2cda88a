/** The conductor for Electron's main process. */
import { templatesApi } from "../api/local.js";
import type { ChannelOptions } from "../desktop/channel-server.js";
import {
  createFlowChannelServer as createFlowChannelServerOf,
  type FlowChannelDependencies,
  type FlowChannelServer,
} from "../desktop/channels/flow.js";
import type { IpcHandlers } from "../desktop/electron.js";
import { createMainProcessSetup } from "../desktop/main-process.js";
import { templates } from "./environment/templates.js";
import { createConductor } from "./node.js";

/** Lets the windows of an Electron application run flows in its main process; see `createMainProcessSetup`. */
export const setupMainProcessHandler = createMainProcessSetup(createConductor);

/**
 * Serves `flow`: `listTemplates`, `getTemplate { id }` (id or short name) and `loadFlow { id }`, which gives the definition
 * itself. A conductor's `flow` fits as dependencies; default: the templates of the library.
 */
export function createFlowChannelServer(
  ipcMain: IpcHandlers,
  dependencies: FlowChannelDependencies = templatesApi(templates),
  options?: ChannelOptions,
): FlowChannelServer {
  return createFlowChannelServerOf(ipcMain, dependencies, options);
}

export type { Conductor as DesktopConductor } from "../api/conductor.js";
export * from "../desktop/index.js";
export * from "./node.js";
