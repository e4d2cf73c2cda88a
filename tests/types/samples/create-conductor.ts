// As shown:
import { createConductor } from "@atomiton/conductor";

// Auto-detects environment and configures appropriate transport
const conductor = createConductor();

// Same API everywhere!
const result = await conductor.execute({
  flowId: "my-workflow",
  inputs: { data: "test" },
});
