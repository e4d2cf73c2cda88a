// Taken for granted:
import type { NodeParams } from "@atomiton/nodes/executable";

declare const nodeType: string;
declare const config: NodeParams;

// As shown:
import { nodes } from "@atomiton/nodes/executable";


// In validation:
if (!nodes[nodeType]) throw new Error(`Unknown node type: ${nodeType}`);

// In execution:
const node = nodes[nodeType](config);
