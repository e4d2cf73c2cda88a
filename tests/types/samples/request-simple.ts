// Taken for granted:
import { createConductor } from "@atomiton/conductor";

// As shown:
const conductor = createConductor();

// Execute data processing workflow
const result = await conductor.execute({
  flowId: "data-processing",
  inputs: {
    file: "/path/to/data.csv",
    format: "json",
  },
});

if (result.success) {
  console.log("Processed data:", result.outputs);
} else {
  console.error("Processing failed:", result.error);
}
