// Taken for granted:
import type { NodeDefinition } from "@atomiton/conductor/types";

declare const nodeDefinition: NodeDefinition;

// As shown:
import { conductor } from "@atomiton/conductor/browser";

const result = await conductor.node.run(nodeDefinition, {
  input: { data: [1, 2, 3] },
  variables: { userId: "123" },
  slowMo: 1000, // Optional: slow down execution for debugging
  debug: true, // Optional: enable debug logging
});

if (result.success) {
  console.log("Output:", result.data);
  console.log("Duration:", result.duration, "ms");
  console.log("Executed nodes:", result.executedNodes);
} else {
  console.error("Error:", result.error);
}
