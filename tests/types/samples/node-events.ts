// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
// Progress updates
conductor.node.onProgress((event) => {
  console.log(`Progress: ${event.progress}%`);
  console.log(`Message: ${event.message}`);
  console.log("Executing nodes:", event.nodes);
});

// Completion
conductor.node.onComplete((event) => {
  console.log("Node completed:", event.nodeId);
  console.log("Output:", event.output);
});

// Errors
conductor.node.onError((event) => {
  console.error("Node failed:", event.nodeId);
  console.error("Error:", event.error);
});
