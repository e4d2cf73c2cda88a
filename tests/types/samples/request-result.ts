// Taken for granted:
import { conductor } from "@atomiton/conductor";
import type { ExecutionMetadata } from "@atomiton/conductor";

// As shown:
interface ExecutionResult {
  success: boolean; // Execution status
  outputs?: Record<string, any>; // Output data
  error?: string; // Error message if failed
  metadata?: ExecutionMetadata; // Execution metrics
}

// So that:
export const result: ExecutionResult = await conductor.execute({ flowId: "my-workflow" });
