// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
// Get template details
const { definition } = await conductor.flow.getTemplate("hello-world");

// Or load directly
const flowDefinition = await conductor.flow.loadFlow("data-pipeline");
