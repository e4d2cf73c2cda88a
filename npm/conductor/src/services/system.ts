/** The service about the system that runs things, and the channels that only an application's own pages have. */
import type { HealthResult } from "../types/transport.js";
import { type Declaration, named, whole, type Zod } from "./declaration.js";

/** About the system that runs things. */
export interface SystemApi {
  health(): Promise<HealthResult>;
  /** In the desktop application, after a question to the user. Rejects elsewhere. */
  restart(): Promise<void>;
}

const LONGEST_DELAY_MS = 60 * 60_000;

/** `health` and `restart` for callers, the rest for pages of a desktop application. */
export const system: Declaration<SystemApi> = {
  channel: "system",
  subject: "system operations",
  size: "words",
  methods: {
    health: { role: "viewer" },
    restart: {
      role: "admin",
      answers: "nothing",
      schema: (z) =>
        z
          .object({
            /** Ends without asking windows whether they can close. */
            force: z.boolean().default(false),
            /** In ms. */
            delay: z.number().min(0).max(LONGEST_DELAY_MS).default(1000),
          })
          .prefault({}),
    },
  },
  events: {},
  commands: {
    metrics: { role: "viewer" },
    shutdown: { role: "admin" },
    getConfig: { role: "admin" },
    getSystemInfo: { role: "viewer" },
  },
  notices: { appRestarting: { role: "viewer" }, appShuttingDown: { role: "viewer" } },
};

const text = (z: Zod) => z.string().min(1, "Must not be empty");
const one = (name: string) => ({
  role: "editor" as const,
  wire: named(name),
  schema: (z: Zod) => z.object({ [name]: text(z) }),
});
const workspaceOf = (z: Zod) => ({
  workspaceId: text(z)
    .nullish()
    .transform((id) => id ?? undefined),
});

/** Where the files of a desktop application are; its implementation is a path manager. */
export const path: Declaration<object> = {
  channel: "path",
  subject: "paths",
  size: "words",
  methods: {},
  events: {},
  commands: {
    getWorkspacePath: one("id"),
    getFlowsDirectory: {
      role: "editor",
      wire: named("workspaceId"),
      schema: (z) => z.object(workspaceOf(z)).prefault({}),
    },
    getUserDataPath: { role: "editor" },
    getFlowPath: {
      role: "editor",
      wire: named("flowId", "workspaceId"),
      schema: (z) => z.object({ flowId: text(z), ...workspaceOf(z) }),
    },
    getConfigPath: one("configName"),
    getDatabasePath: one("dbName"),
    getExportPath: one("filename"),
    getAllPaths: { role: "editor" },
    ensureDirectory: one("path"),
  },
};

/** Messages of pages to the application's log. */
export const logger: Declaration<object> = {
  channel: "logger",
  subject: "messages",
  size: "words",
  methods: {},
  events: {},
  messages: {
    log: {
      role: "viewer",
      wire: whole,
      schema: (z) =>
        z.object({
          level: z.enum(["debug", "info", "warn", "error"]),
          scope: z.string().max(256).nullish(),
          message: z.string(),
          meta: z.unknown().optional(),
          timestamp: z.union([z.number(), z.string(), z.date()]).nullish(),
        }),
    },
  },
};
