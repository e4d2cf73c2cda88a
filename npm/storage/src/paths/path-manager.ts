import { mkdir } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";

import { StorageError } from "../error.js";
import { isInside, whereabouts } from "../files/containment.js";
import { fileFailure } from "../files/failure.js";
import { sanitise } from "./sanitise.js";

/** What an application's files are for. */
export interface ApplicationPaths {
  /** The application's own data. */
  userData: string;
  /** What belongs to the user. */
  documents: string;
  /** The system's folder for temporary files as Electron gives it, not one of the application's own. In tests one of the test's. */
  temp: string;
  logs: string;
  workspaces: string;
  flows: string;
  nodePackages: string;
  templates: string;
  exports: string;
  config: string;
  database: string;
}

/** Where an application runs: each has folders of its own. */
export type PathContext = "test" | "development" | "production";

/** The part of Electron's `app` that paths come from. */
export interface ElectronPaths {
  getPath(name: "userData" | "documents" | "temp"): string;
  readonly isPackaged?: boolean;
}

/** Options of {@link createPathManager}. */
export interface PathManagerOptions {
  /** Default: `test` under `NODE_ENV=test`, `development` under `NODE_ENV=development` or an unpacked Electron, else `production`. */
  context?: PathContext;
  /** Electron's `app`; without it paths are below the home folder. */
  electronApp?: ElectronPaths | undefined;
  /** The same; `electronApp` wins. */
  app?: ElectronPaths | undefined;
  /** Default `Atomiton`. */
  appName?: string;
  /** Names the folder of a test. Default: the time in ms and the process id. */
  testId?: string;
  /** Paths that win over all others. */
  overrides?: Partial<ApplicationPaths>;
}

/** Knows where an application's files are. Names given to it never lead out of its folders. */
export interface PathManager {
  readonly context: PathContext;
  /** The same as `context`. */
  getContext(): PathContext;
  getPath(name: keyof ApplicationPaths): string;
  getAllPaths(): ApplicationPaths;
  getUserDataPath(): string;
  getLogsPath(): string;
  getTempPath(): string;
  /** `<workspaces>/<id>`. */
  getWorkspacePath(id: string): string;
  /** `<flows>`, or `<workspaces>/<id>/flows`. */
  getFlowsDirectory(workspaceId?: string): string;
  /** `<flows>/<id>.flow.yaml`, or the same in a workspace. */
  getFlowPath(flowId: string, workspaceId?: string): string;
  /** `<config>/<name>`, with `.json` unless the name has an ending. */
  getConfigPath(name: string): string;
  /** `<database>/<name>`, with `.db` unless the name has an ending. */
  getDatabasePath(name: string): string;
  /** `<exports>/<filename>`. */
  getExportPath(filename: string): string;
  /** Any text as one safe name; see {@link sanitise}. */
  sanitizePath(text: string): string;
  /**
   * Makes a folder, and those around it, inside of the managed ones.
   *
   * @throws StorageError ACCESS_DENIED `Invalid path: must be within managed directories`, also where a link leads out.
   */
  ensureDirectory(path: string): Promise<void>;
  /** Makes all folders. */
  ensureAllDirectories(): Promise<void>;
}

/** A path manager; nothing is made until it is asked to. */
export function createPathManager(options: PathManagerOptions = {}): PathManager {
  const app = options.electronApp ?? options.app;
  const context = options.context ?? contextOf(app);
  const paths: ApplicationPaths = { ...pathsFor(context, app, options), ...given(options.overrides ?? {}) };
  const flowsOf = (workspaceId: string | undefined): string =>
    workspaceId === undefined ? paths.flows : join(paths.workspaces, sanitise(workspaceId), "flows");

  const manager: PathManager = {
    context,
    getContext: () => context,
    getPath: (name) => paths[name],
    getAllPaths: () => ({ ...paths }),
    getUserDataPath: () => paths.userData,
    getLogsPath: () => paths.logs,
    getTempPath: () => paths.temp,
    getWorkspacePath: (id) => join(paths.workspaces, sanitise(id)),
    getFlowsDirectory: flowsOf,
    getFlowPath: (flowId, workspaceId) => join(flowsOf(workspaceId), `${sanitise(flowId)}.flow.yaml`),
    getConfigPath: (name) => join(paths.config, withEnding(sanitise(name), ".json")),
    getDatabasePath: (name) => join(paths.database, withEnding(sanitise(name), ".db")),
    getExportPath: (filename) => join(paths.exports, sanitise(filename)),
    sanitizePath: sanitise,
    async ensureDirectory(path) {
      const folder = resolve(path);
      try {
        if (path.includes("\0") || !(await isManaged(folder, Object.values(paths)))) throw outside(path);
        await mkdir(folder, { recursive: true });
      } catch (error) {
        throw fileFailure("Failed to create directory", error, { operation: "ensureDirectory", file: folder });
      }
    },
    async ensureAllDirectories() {
      for (const folder of Object.values(paths)) await manager.ensureDirectory(folder);
    },
  };
  return manager;
}

let shared: PathManager | undefined;

/** Makes the path manager that {@link getPathManager} gives from now on. */
export function initializePathManager(options: PathManagerOptions = {}): PathManager {
  shared = createPathManager(options);
  return shared;
}

/** The application's path manager. @throws Error before {@link initializePathManager} was called. */
export function getPathManager(): PathManager {
  if (shared === undefined) throw new Error("PathManager not initialized. Call initializePathManager() first.");
  return shared;
}

async function isManaged(folder: string, managed: readonly string[]): Promise<boolean> {
  for (const base of managed) {
    if (isInside(base, folder) && (await whereabouts(base, folder)).kind === "inside") return true;
  }
  return false;
}

function contextOf(app: ElectronPaths | undefined): PathContext {
  const environment = process.env["NODE_ENV"];
  if (environment === "test") return "test";
  return environment === "development" || app?.isPackaged === false ? "development" : "production";
}

function pathsFor(
  context: PathContext,
  app: ElectronPaths | undefined,
  { appName = "Atomiton", testId }: PathManagerOptions,
): ApplicationPaths {
  const name = sanitise(appName);
  if (context === "test") {
    const folder = join(tmpdir(), "atomiton-test", sanitise(testId ?? `${Date.now()}-${process.pid}`));
    return below(join(folder, "userData"), join(folder, "documents"), join(folder, "temp"));
  }
  const userData = app?.getPath("userData") ?? join(homedir(), ".atomiton");
  const documents = app?.getPath("documents") ?? join(homedir(), "Documents");
  const temp = app?.getPath("temp") ?? tmpdir();
  return context === "development"
    ? below(join(userData, "Dev"), join(documents, `${name}Dev`), temp)
    : below(userData, join(documents, name), temp);
}

function below(userData: string, documents: string, temp: string): ApplicationPaths {
  return {
    userData,
    documents,
    temp,
    logs: join(userData, "logs"),
    workspaces: join(documents, "workspaces"),
    flows: join(documents, "flows"),
    nodePackages: join(userData, "node-packages"),
    templates: join(userData, "templates"),
    exports: join(documents, "exports"),
    config: join(userData, "config"),
    database: join(userData, "database"),
  };
}

function given(overrides: Partial<ApplicationPaths>): Partial<ApplicationPaths> {
  const entries = Object.entries(overrides).filter(([, path]) => typeof path === "string" && path !== "");
  return Object.fromEntries(entries.map(([name, path]) => [name, resolve(path)]));
}

function withEnding(name: string, ending: string): string {
  return extname(name) === "" ? name + ending : name;
}

function outside(path: string): StorageError {
  return new StorageError("Invalid path: must be within managed directories", "ACCESS_DENIED", {
    context: { operation: "ensureDirectory", file: path },
  });
}
