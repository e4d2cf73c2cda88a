// Taken for granted:
import type { ConductorConfig, ExecutionRequest, NodeDefinition } from "@atomiton/conductor";

declare const config: Pick<ConductorConfig, "concurrency" | "storage" | "timeout">;
declare const flow: NodeDefinition;
declare const request: ExecutionRequest;

// As shown:
// Old approach (deprecated)
import { ExecutionEngine } from "@atomiton/conductor";
const engine = new ExecutionEngine(config);
await engine.execute(flow);

// New approach (current)
import { createConductor } from "@atomiton/conductor";
const conductor = createConductor(config);
await conductor.execute(request);
