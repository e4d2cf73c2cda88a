// Taken for granted:
import { createConductor } from "@atomiton/conductor";

// As shown:
const conductor = createConductor();

// Execute HTTP processing pipeline
const result = await conductor.execute({
  flowId: "api-processing",
  inputs: {
    url: "https://api.example.com/data",
    method: "GET",
  },
});
