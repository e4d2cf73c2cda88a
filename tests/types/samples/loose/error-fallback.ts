// Not strict by itself: a result's type does not say that what failed has an error.

// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";
import type { NodeDefinition } from "@atomiton/conductor/types";

declare const node: NodeDefinition;
declare const defaultResult: unknown;

// As shown:
export async function shown() {
  try {
    const result = await conductor.node.run(node);

    if (!result.success) {
      // Log error details
      console.error("Node execution failed:", {
        nodeId: result.error.nodeId,
        message: result.error.message,
        timestamp: result.error.timestamp,
        code: result.error.code,
      });

      // Fallback to default behavior
      return defaultResult;
    }

    return result.data;
  } catch (error) {
    // Handle transport/network errors
    console.error("Transport error:", error);
    throw error;
  }
}
