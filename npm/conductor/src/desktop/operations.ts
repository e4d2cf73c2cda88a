/** What pages may do, by channel. Everything else does not get past the preload script. */

/** The operations of one channel. */
export interface ChannelOperations {
  /** Commands that can be called. */
  readonly commands?: readonly string[];
  /** Events that can be listened to. */
  readonly events?: readonly string[];
  /** Messages that can be sent without an answer. */
  readonly sends?: readonly string[];
}

/** The operations of all channels that the main process serves. */
export const OPERATIONS: Readonly<Record<string, ChannelOperations>> = {
  node: {
    commands: ["execute", "validate", "cancel", "pause", "resume", "active", "attach", "waiting", "answer", "health"],
    events: ["started", "progress", "completed", "error", "cancelled", "question"],
  },
  flow: { commands: ["listTemplates", "getTemplate", "loadFlow"] },
  storage: {
    commands: ["saveFlow", "loadFlow", "listFlows", "deleteFlow", "health"],
    events: ["flowSaved", "flowDeleted"],
  },
  system: {
    commands: ["health", "metrics", "restart", "shutdown", "getConfig", "getSystemInfo"],
    events: ["appRestarting", "appShuttingDown"],
  },
  auth: { commands: ["login", "logout", "getCurrentUser", "refreshToken"], events: ["sessionExpired"] },
  path: {
    commands: [
      "getWorkspacePath",
      "getFlowsDirectory",
      "getUserDataPath",
      "getFlowPath",
      "getConfigPath",
      "getDatabasePath",
      "getExportPath",
      "getAllPaths",
      "ensureDirectory",
    ],
  },
  logger: { sends: ["log"] },
  conductor: { commands: ["execute", "health"] },
};
