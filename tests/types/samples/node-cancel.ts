// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";
import type { NodeDefinition } from "@atomiton/conductor/types";

declare const longRunningNode: NodeDefinition;
declare const executionId: string;

// As shown:
// Start execution
const result = conductor.node.run(longRunningNode);

// Cancel it
await conductor.node.cancel(executionId);
