/** The conductor for Electron's main process. */
import { createMainProcessSetup } from "../desktop/main-process.js";
import { createConductor } from "./node.js";

/** Lets the windows of an Electron application run flows in its main process; see `createMainProcessSetup`. */
export const setupMainProcessHandler = createMainProcessSetup(createConductor);

export type { Conductor as DesktopConductor } from "../api/conductor.js";
export * from "../desktop/index.js";
export * from "./node.js";
