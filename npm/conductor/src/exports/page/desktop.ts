/**
 * `./desktop` in a page, so that code which is bundled for both sides can import it: flows run in the page, and what only
 * Electron's main process can do says so when it is called.
 */
import { TransportError } from "../../transports/failure.js";
import type * as Desktop from "../desktop.js";

/** Stands in for a function of the main process. @throws TransportError `NO_TRANSPORT` */
function onlyInMain(name: string): () => never {
  return () => {
    throw new TransportError(
      "NO_TRANSPORT",
      `${name} works only in Electron's main process, and this is the build for pages. ` +
        `If this is the main process, let its bundler resolve "node", not "browser"`,
    );
  };
}

export const createAuthChannelServer: typeof Desktop.createAuthChannelServer = onlyInMain("createAuthChannelServer");
export const createChannelServer: typeof Desktop.createChannelServer = onlyInMain("createChannelServer");
export const createConductorChannelServer: typeof Desktop.createConductorChannelServer =
  onlyInMain("createConductorChannelServer");
export const createFlowChannelServer: typeof Desktop.createFlowChannelServer = onlyInMain("createFlowChannelServer");
export const createLoggerChannelServer: typeof Desktop.createLoggerChannelServer =
  onlyInMain("createLoggerChannelServer");
export const createNodeChannelServer: typeof Desktop.createNodeChannelServer = onlyInMain("createNodeChannelServer");
export const createPathChannelServer: typeof Desktop.createPathChannelServer = onlyInMain("createPathChannelServer");
export const createRequests: typeof Desktop.createRequests = onlyInMain("createRequests");
export const createStorageChannelServer: typeof Desktop.createStorageChannelServer =
  onlyInMain("createStorageChannelServer");
export const createSystemChannelServer: typeof Desktop.createSystemChannelServer =
  onlyInMain("createSystemChannelServer");
export const plainResult: typeof Desktop.plainResult = onlyInMain("plainResult");
export const setupMainProcessHandler: typeof Desktop.setupMainProcessHandler = onlyInMain("setupMainProcessHandler");

export { DATA_LIMITS, FLOW_LIMITS, WORDS_LIMITS } from "../../desktop/limits.js";
export { withRetry, withValidation } from "../../desktop/middleware.js";
export { createSenderPolicy } from "../../desktop/sender.js";
export * from "./node.js";
