// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";
import type { NodeDefinition } from "@atomiton/conductor/types";

declare const node: NodeDefinition;

// As shown:
// Execute with different slowMo settings for development

// Instant execution (production)
await conductor.node.run(node, { slowMo: 0 });

// Normal speed for demos (100ms per node)
await conductor.node.run(node, { slowMo: 50 });

// Slow for debugging (500ms per node)
await conductor.node.run(node, { slowMo: 250 });

// Very slow for presentations (2s per node)
await conductor.node.run(node, { slowMo: 1000 });

// Super slow for detailed analysis (15s per node)
await conductor.node.run(node, { slowMo: 7500 });
