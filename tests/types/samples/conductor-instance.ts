// Taken for granted:
import { createConductor } from "@atomiton/conductor";
import type { ExecutionRequest, RequestResult as ExecutionResult, TransportType } from "@atomiton/conductor";

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
