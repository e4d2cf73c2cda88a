// Taken for granted:
import { createConductor } from "@atomiton/conductor";

// As shown:
const conductor = createConductor();

// Override auto-detection
conductor.configureTransport("http", {
  apiUrl: "https://api.example.com",
});

// Switch to local execution
conductor.configureTransport("local", {
  concurrency: 4,
  timeout: 60000,
});
