// Taken for granted:
import { conductor } from "@atomiton/conductor";

// As shown:
// Automatic retry and error recovery
const result = await conductor.execute({
  flowId: "unreliable-api",
  options: {
    retries: 3,
    timeout: 10000,
    fallback: "cached-data",
  },
});
