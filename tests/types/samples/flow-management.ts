// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
// Complete workflow: List, Load, Execute, Save

// 1. List available templates
const { templates } = await conductor.flow.listTemplates();
console.log("Available templates:", templates);

// 2. Load a template
const template = await conductor.flow.loadFlow("data-processor");

// 3. Customize it
const customFlow = {
  ...template,
  id: "my-custom-processor",
  name: "My Custom Data Processor",
  // Modify nodes, parameters, etc.
};

// 4. Execute to test
const result = await conductor.flow.run(customFlow, {
  input: { file: "test.csv" },
});

if (result.success) {
  // 5. Save for reuse
  await conductor.storage.saveFlow(customFlow);
  console.log("Flow saved successfully");
}

// 6. List all saved flows
const { flows } = await conductor.storage.listFlows();
console.log("Saved flows:", flows);

// 7. Load and execute saved flow
const savedFlow = await conductor.storage.loadFlow("my-custom-processor");
await conductor.flow.run(savedFlow, {
  input: { file: "production-data.csv" },
});
