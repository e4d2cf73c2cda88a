// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
const { flows, total } = await conductor.storage.listFlows({
  limit: 50, // Optional: default 50
  offset: 0, // Optional: for pagination
  sortBy: "savedAt", // Optional: 'name' | 'savedAt' | 'updatedAt'
  sortOrder: "desc", // Optional: 'asc' | 'desc'
});

flows.forEach((flow) => {
  console.log(`${flow.name} (${flow.nodeCount} nodes)`);
  console.log(`  Last saved: ${flow.savedAt}`);
});

console.log(`Total flows: ${total}`);
