// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";
import type { ExecutionError, ExecutionResult } from "@atomiton/conductor/browser";
import type { NodeDefinition } from "@atomiton/conductor/types";

declare const myFlow: NodeDefinition;

// As shown:
async function executeWithRetry(
  flow: NodeDefinition,
  inputs: Record<string, unknown>,
  maxRetries = 3,
): Promise<ExecutionResult> {
  let lastError: ExecutionError | undefined;

  for (let attempt = 1; attempt <= maxRetries; attempt++) {
    console.log(`Execution attempt ${attempt}/${maxRetries}`);

    const result = await conductor.flow.run(flow, { input: inputs });

    if (result.success) {
      console.log("Execution succeeded on attempt", attempt);
      return result;
    }

    lastError = result.error;

    // Check if error is retryable
    if (result.error?.recovery?.retryable) {
      const delayMs = result.error.recovery.retryDelayMs ?? 1000 * attempt;
      console.log(`Retrying in ${delayMs}ms...`);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    } else {
      console.error("Error is not retryable:", result.error?.code);
      break;
    }
  }

  // All retries exhausted
  return {
    success: false,
    error: lastError,
    duration: 0,
    executedNodes: [],
  };
}

// Usage
const result = await executeWithRetry(myFlow, { data: "test" });
if (result.success) {
  console.log("Success:", result.data);
} else {
  console.error("Failed after all retries:", result.error);
}
