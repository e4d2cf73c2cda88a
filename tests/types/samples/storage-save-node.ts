// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";
import { flow, type NodeDefinition } from "@atomiton/conductor";

// The sample has them from elsewhere.
declare const definition: NodeDefinition;

// As shown:
await conductor.storage.saveFlow(definition);
await conductor.storage.saveFlow(flow("built").node("a", "edit-fields").build(), { allowEmpty: false });
await conductor.storage.saveFlow(await conductor.storage.loadFlow("built"));
