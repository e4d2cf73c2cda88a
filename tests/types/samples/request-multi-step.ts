// Taken for granted:
import { createConductor } from "@atomiton/conductor";

// As shown:
const conductor = createConductor();

// Complex multi-step workflow
const result = await conductor.execute({
  flowId: "complex-automation",
  inputs: {
    source: "database",
    destination: "webhook",
    filters: { status: "active" },
  },
});
