/** What of `./node` the other entry points have in a page. */
import type { Conductor } from "../../api/conductor.js";
import type { ConductorConfig } from "../../api/settings.js";
import { type ExecutionEngineConfig, ExecutionEngineIn } from "../../compat/execution-engine.js";
import { createLocalTransportIn } from "../../compat/local-transport.js";
import type { ExecutionTransport } from "../../types/transport.js";
import { createBrowserConductor } from "../environment/browser.js";
import { engine } from "../environment/inlined-engine.js";

/** Makes a conductor that runs nodes in this page, unless its settings name another transport. */
export function createConductor(config: ConductorConfig = {}): Conductor {
  return createBrowserConductor(engine, config, () => "local");
}

/** The engine of older code; see `ExecutionEngineIn`. */
export class ExecutionEngine extends ExecutionEngineIn {
  constructor(config: ExecutionEngineConfig = {}) {
    super(config, createConductor);
  }
}

/** The same as `new ExecutionEngine(config)`. */
export function createExecutionEngine(config?: ExecutionEngineConfig): ExecutionEngine {
  return new ExecutionEngine(config);
}

/** Makes a transport that runs flows in this page. */
export function createLocalTransport(config: ConductorConfig = {}): ExecutionTransport & { shutdown(): Promise<void> } {
  return createLocalTransportIn(createConductor, config);
}

export { defineNode } from "@atomiton/nodes/browser";
export { FlowStorageError } from "../../api/flow-store.js";
export { openReplay } from "../../api/replay/open-replay.js";
export { flow } from "../../builder/flow.js";
export { analyseFlow, FlowTextError, problemText, readFlow, writeFlow } from "../../engine/flows.js";
export { validateFlow } from "../environment/browser.js";
