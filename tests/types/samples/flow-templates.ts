// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
const { templates } = await conductor.flow.listTemplates();

templates.forEach((template) => {
  console.log(`${template.name}: ${template.description}`);
  console.log(`  Nodes: ${template.nodeCount}`);
});
