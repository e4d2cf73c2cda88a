/** The conductor for pages: over a bridge or a server where there is one, else in the page itself. */
import type { Conductor } from "../api/conductor.js";
import type { ConductorConfig } from "../api/settings.js";
import { detectServer } from "../transports/detect.js";
import { createBrowserConductor } from "./environment/browser.js";
import { engine } from "./environment/inlined-engine.js";

/**
 * Makes a conductor. Unless its settings name a transport, executions happen in the main process of the Electron
 * application whose page this is, else on the server at `apiUrl`, `VITE_API_URL` or `ATOMITON_API_URL`, else in the page.
 * Nothing is opened or loaded before it is first used.
 */
export function createConductor(config: ConductorConfig = {}): Conductor {
  return createBrowserConductor(engine, config, () => detectServer(config));
}

/** The same under another name. */
export { createConductor as createConductorInstance };

/** A conductor that is ready. */
export const conductor: Conductor = createConductor();

export * from "./page/companions.js";
