// Taken for granted:
import { conductor, type RequestResult } from "@atomiton/conductor";

interface ConductorEvents {
  execute: { data: { compositeId: string; inputs: Record<string, unknown> }; answer: RequestResult };
}
declare const compositeId: string;
declare const inputs: Record<string, unknown>;

// As shown:
// Use @atomiton/events for cross-process communication
import { createEventManager } from "@atomiton/events/desktop";

// UI side - trigger execution and wait for result
const events = createEventManager();
const conductorBus = events.createBus<ConductorEvents>("conductor");

const result = await conductorBus.emit("execute", { compositeId, inputs });
console.log("Execution completed:", result);

// Main process - handle execution asynchronously
conductorBus.on("execute", async (data) => {
  const result = await conductor.execute(data);
  return result; // Auto-emits response back to caller
});
