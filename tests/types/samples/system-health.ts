// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
const health = await conductor.system.health();

console.log("Status:", health.status); // 'ok' | 'degraded' | 'down'
console.log("Timestamp:", health.timestamp);
console.log("Message:", health.message);
