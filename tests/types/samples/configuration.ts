// Taken for granted:
import { createConductor } from "@atomiton/conductor";
import type { TransportType } from "@atomiton/conductor";

// As shown:
interface ConductorConfig {
  transport?: TransportType; // Override auto-detection
  apiUrl?: string; // For HTTP transport
  concurrency?: number; // For local execution
  storage?: unknown; // Storage backend
  timeout?: number; // Execution timeout
}

const conductor = createConductor({
  transport: "local", // Force local execution
  concurrency: 8, // 8 concurrent workers
  timeout: 30000, // 30-second timeout
});

// So that:
export const configure = (config: ConductorConfig) => createConductor(config);
