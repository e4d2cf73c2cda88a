// Taken for granted:

import type { ExecutionMetadata } from "@atomiton/conductor";
import { conductor } from "@atomiton/conductor";

// As shown:
interface ExecutionResult {
  success: boolean; // Execution status
  outputs?: Record<string, any>; // Output data
  error?: string; // Error message if failed
  metadata?: ExecutionMetadata; // Execution metrics
}

// So that:
export const result: ExecutionResult = await conductor.execute({ flowId: "my-workflow" });
