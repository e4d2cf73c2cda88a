// As shown:
import { createConductor } from "@atomiton/conductor";

// Create with custom configuration
const conductor = createConductor({
  transport: "http", // Force specific transport
  apiUrl: "https://api.example.com",
  concurrency: 10,
  timeout: 30000,
});

// Execute Blueprint
const result = await conductor.execute({
  blueprintId: "complex-workflow",
  inputs: {
    source: "api",
    data: {
      /* ... */
    },
  },
  config: {
    parallel: true,
    debugMode: true,
  },
});
