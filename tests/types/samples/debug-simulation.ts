// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";
import type { NodeDefinition } from "@atomiton/conductor/types";

declare const myNode: NodeDefinition;

// As shown:
// Simulate a timeout error on a specific node
const result = await conductor.node.run(myNode, {
  debug: {
    simulateError: {
      nodeId: "node-123",
      errorType: "timeout",
      message: "Simulated timeout for testing",
      delayMs: 2000, // Error after 2 seconds
    },
  },
});

// Simulate a random error
const result2 = await conductor.node.run(myNode, {
  debug: {
    simulateError: {
      nodeId: "random", // Random node will fail
      errorType: "network",
      message: "Simulated network failure",
    },
  },
});

// Simulate a long-running node
const result3 = await conductor.node.run(myNode, {
  debug: {
    simulateLongRunning: {
      nodeId: "node-456",
      delayMs: 5000, // 5-second delay
    },
  },
});
