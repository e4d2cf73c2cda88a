// Taken for granted:
import type { DesktopEventManagerConfig } from "@atomiton/events/desktop";
import { conductor, type RequestResult } from "@atomiton/conductor";

interface ConductorEvents {
  execute: { data: { compositeId: string; inputs?: Record<string, unknown> }; answer: void };
  complete: RequestResult;
}
declare const config: DesktopEventManagerConfig;
declare const compositeId: string;

// As shown:
import { createEventManager } from "@atomiton/events/desktop";

const events = createEventManager(config);

// Typed event buses with async support
const conductorBus = events.createBus<ConductorEvents>("conductor");

// Async event emission and handling
const result = await conductorBus.emit("execute", { compositeId });

conductorBus.on("execute", async (data) => {
  const result = await conductor.execute(data);
  await conductorBus.emit("complete", result);
});
