// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
// Same events as node API (flows are nodes)
conductor.flow.onProgress((event) => {
  console.log(`Flow progress: ${event.progress}%`);
});

conductor.flow.onComplete((event) => {
  console.log("Flow completed successfully");
});

conductor.flow.onError((event) => {
  console.error("Flow execution failed:", event.error);
});
