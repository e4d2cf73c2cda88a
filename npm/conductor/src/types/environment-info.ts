/** Where this program runs, and what it can do there. */
export interface EnvironmentInfo {
  type: "desktop" | "browser";
  isDesktop: boolean;
  /** Whether executions can be started. */
  hasTransport: boolean;
  capabilities: {
    nodeExecution: boolean;
    localStorage: boolean;
    sessionStorage: boolean;
    fileSystem: boolean;
    cloudExecution: boolean;
  };
  details: { userAgent: string; platform: string };
}
