// Taken for granted:
import { conductor } from "@atomiton/conductor";
import type { ExecutionContext, ExecutionOptions } from "@atomiton/conductor";

// As shown:
interface ExecutionRequest {
  flowId: string; // Flow identifier
  inputs?: Record<string, any>; // Input parameters
  context?: ExecutionContext; // Execution context
  options?: ExecutionOptions; // Runtime options
}

// So that:
export const execute = (request: ExecutionRequest) => conductor.execute(request);
