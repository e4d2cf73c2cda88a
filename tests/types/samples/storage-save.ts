// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";
import type { NodeDefinition, NodeEdge } from "@atomiton/conductor/types";

// The sample leaves out what stands in its lists.
declare const nodes: NodeDefinition[];
declare const edges: NodeEdge[];

// As shown:
await conductor.storage.saveFlow({
  id: 'my-workflow',  // Optional: auto-generated if not provided
  name: 'Data Processing Pipeline',
  description: 'Processes CSV files and exports to JSON',
  nodes: [...nodes],
  edges: [...edges],
  metadata: {
    tags: ['data', 'processing'],
    author: 'user@example.com'
  }
});
