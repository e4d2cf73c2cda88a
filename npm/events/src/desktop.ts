/** Events that cross processes. */
import { createEvents, type EventManager, type EventManagerConfig } from "./events.js";
import { type IpcConfig, linkageOf } from "./ipc.js";

export interface DesktopEventManagerConfig extends EventManagerConfig {
  /** The other end of the link; left out, Electron's surroundings decide, and `false` makes no link. */
  ipc?: IpcConfig | false | undefined;
}

/** Events for any place: linked where Electron or the config says with whom, local elsewhere. */
export function createDesktopEventManager(config: DesktopEventManagerConfig = {}): EventManager {
  return createEvents(config, linkageOf(config.ipc));
}
