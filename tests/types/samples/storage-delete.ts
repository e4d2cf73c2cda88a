// Taken for granted:
import { conductor } from "@atomiton/conductor/browser";

// As shown:
await conductor.storage.deleteFlow("my-workflow");
