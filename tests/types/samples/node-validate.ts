// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";
import type { NodeDefinition } from "@atomiton/conductor/types";

declare const nodeDefinition: NodeDefinition;

// As shown:
const validation = await conductor.node.validate(nodeDefinition);

if (!validation.valid) {
  console.error("Validation errors:", validation.errors);
  // Example: ["Node must have an id", "Invalid parameter type"]
}
