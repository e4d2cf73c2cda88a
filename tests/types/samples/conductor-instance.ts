// Taken for granted:

import type { ExecutionRequest, RequestResult as ExecutionResult, TransportType } from "@atomiton/conductor";
import { createConductor } from "@atomiton/conductor";

// As shown:
interface ConductorInstance {
  // Primary execution method
  execute(request: ExecutionRequest): Promise<ExecutionResult>;

  // Runtime configuration
  configureTransport(type: TransportType, config?: any): void;

  // Cleanup resources
  shutdown?(): Promise<void>;
}

// So that:
export const instance: ConductorInstance = createConductor();
