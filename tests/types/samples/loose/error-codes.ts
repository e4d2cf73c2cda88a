// Not strict by itself: a result's type does not say that what failed has an error.

// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";
import type { NodeDefinition } from "@atomiton/conductor/types";

declare const node: NodeDefinition;

// As shown:
const result = await conductor.node.run(node);

if (!result.success) {
  switch (result.error.code) {
    case "INVALID_NODE":
      console.error("Node definition is invalid");
      break;
    case "NO_TRANSPORT":
      console.error("No execution environment available");
      break;
    case "EXECUTION_FAILED":
      console.error("Execution failed:", result.error.message);
      break;
    case "TIMEOUT":
      console.error("Execution timed out");
      break;
  }
}
