// Taken for granted:
import type { TransportType } from "@atomiton/conductor";

declare global {
  interface Window {
    electron?: { ipcRenderer?: unknown };
  }
}

// As shown:
// Detection logic
function detectEnvironment(): TransportType {
  if (typeof window !== "undefined" && window.electron?.ipcRenderer) {
    return "ipc"; // Electron renderer process
  }
  if (typeof window !== "undefined") {
    return "http"; // Browser environment
  }
  return "local"; // Node.js/Electron main
}

// So that:
export const detected: "local" | "ipc" | "http" | "websocket" = detectEnvironment();
