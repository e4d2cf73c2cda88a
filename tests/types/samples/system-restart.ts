// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
// Prompts user for confirmation before restarting
await conductor.system.restart();

// Note: Only available in desktop environment
// Throws error in browser environment
