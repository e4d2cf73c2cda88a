// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
// Flow saved
conductor.storage.onFlowSaved((event) => {
  console.log("Flow saved:", event.id);
  console.log("Name:", event.name);
  console.log("Saved at:", event.savedAt);
});

// Note: Additional events (flowLoaded, flowDeleted) may be added in future versions
