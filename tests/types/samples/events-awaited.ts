// Taken for granted:
import { createEventManager } from "@atomiton/events";

interface Reports {
  execute: { data: { report: string }; answer: number };
}
declare const data: { report: string };
declare function someAsyncOperation(data: { report: string }): Promise<number>;
const eventBus = createEventManager().createBus<Reports>("reports");

// As shown:
// Core async patterns to implement (extend EventEmitter3):
// Note: EventEmitter3 supports async handlers but not awaitable emission

// 1. Promise-based event emission (NEW - build on top of EventEmitter3)
const result = await eventBus.emit("execute", data, { timeout: 30000 });

// 2. Async event handlers with auto-response (extend existing async support)
eventBus.on("execute", async (data) => {
  const result = await someAsyncOperation(data);
  return result; // NEW: Return value becomes emit() promise result
});
