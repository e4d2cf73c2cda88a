/** Execution in this process, in the shape of a transport. */
import type { Conductor } from "../api/conductor.js";
import type { ConductorConfig } from "../api/settings.js";
import type { ExecutionTransport } from "../types/transport.js";

/** A transport that runs flows in this process with a conductor of its own. */
export function createLocalTransportIn(
  createConductor: (config: ConductorConfig) => Conductor,
  config: ConductorConfig,
): ExecutionTransport & { shutdown(): Promise<void> } {
  const { execute, shutdown } = createConductor({ ...config, transport: "local" });
  return { type: "local", execute: (request) => execute(request), shutdown };
}
