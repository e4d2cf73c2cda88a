/** Events within one page. */
import { createEvents, type EventManager, type EventManagerConfig } from "./events.js";

/** Events that stay in this page, whatever is around it. */
export function createBrowserEventManager(config: EventManagerConfig = {}): EventManager {
  return createEvents(config, { environment: "renderer", available: false, connect: () => [] });
}
