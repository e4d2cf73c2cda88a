// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";
import type { NodeDefinition } from "@atomiton/nodes/definitions";

// As shown:
// Get template details
const { definition } = await conductor.flow.getTemplate("hello-world");

// Or load directly
const flowDefinition = await conductor.flow.loadFlow("data-pipeline");

// An editor that knows the nodes of the library:
const inEditor: NodeDefinition[] = [definition, flowDefinition];
console.log(inEditor.map(({ position, fields }) => [position.x, Object.keys(fields)]));
