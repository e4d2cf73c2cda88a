// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
// 1. Load a template
const template = await conductor.flow.loadFlow("data-processor");

// 2. Customize it
const customFlow = {
  ...template,
  name: "My Custom Data Processor",
  parameters: {
    ...template.parameters,
    outputFormat: "json",
  },
};

// 3. Save for reuse
await conductor.storage.saveFlow(customFlow);

// 4. Execute it
const result = await conductor.flow.run(customFlow, {
  input: { file: "/path/to/data.csv" },
});

// 5. Check result
if (result.success) {
  console.log("Processed data:", result.data);
}
