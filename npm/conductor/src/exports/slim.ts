/** The same as `./browser` for pages that fetch the engine as a file of its own, which must be awaited: see `init`. */
import type { Conductor } from "../api/conductor.js";
import type { ConductorConfig } from "../api/settings.js";
import { detectServer } from "../transports/detect.js";
import { createBrowserConductor } from "./environment/browser.js";
import { engine } from "./environment/slim-engine.js";

/** As that of `./browser`. What runs in the page needs {@link init} to be awaited before; over a bridge or a server nothing does. */
export function createConductor(config: ConductorConfig = {}): Conductor {
  return createBrowserConductor(engine, config, () => detectServer(config));
}

/** The same under another name. */
export { createConductor as createConductorInstance };

/** A conductor that is ready. */
export const conductor: Conductor = createConductor();

export { init, type ModuleSource } from "./environment/slim-engine.js";
export * from "./page/companions.js";
