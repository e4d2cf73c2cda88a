// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
const flow = await conductor.storage.loadFlow("my-workflow");

console.log("Flow:", flow.name);
console.log("Saved at:", flow.savedAt);
console.log("Version:", flow.version);
console.log("Nodes:", flow.nodes.length);
