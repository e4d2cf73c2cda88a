// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";
import type { NodeDefinition } from "@atomiton/conductor/types";

declare const unreliableNode: NodeDefinition;

// As shown:
// Automatically retries up to 3 times with increasing delays
// 1st retry: 1 second delay
// 2nd retry: 2 second delay
// 3rd retry: 4 second delay
const result = await conductor.node.run(unreliableNode);
