// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";
import { ErrorCode } from "@atomiton/conductor/browser";
import type { NodeDefinition } from "@atomiton/conductor/types";

declare const node: NodeDefinition;

// As shown:
const result = await conductor.node.run(node);

if (!result.success && result.error) {
  switch (result.error.code) {
    case ErrorCode.TIMEOUT:
      console.error("Execution timed out - consider increasing timeout");
      // Retry with longer timeout
      break;

    case ErrorCode.RATE_LIMIT_EXCEEDED:
      console.error("Rate limit exceeded - waiting before retry");
      // Wait and retry
      await new Promise((resolve) => setTimeout(resolve, 5000));
      break;

    case ErrorCode.INVALID_PARAMETERS:
      console.error("Invalid parameters:", result.error.message);
      // Fix parameters and retry
      break;

    case ErrorCode.NO_TRANSPORT:
      console.error("No transport available - check connection");
      // Prompt user to check connection
      break;

    default:
      console.error("Unexpected error:", result.error.code);
  }
}
