// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";
import type { NodeDefinition } from "@atomiton/conductor/types";

declare const flowDefinition: NodeDefinition;

// As shown:
// Execute a flow (group node with children)
const result = await conductor.flow.run(flowDefinition, {
  input: {
    source: "database",
    destination: "api",
  },
  variables: {
    env: "production",
  },
});
