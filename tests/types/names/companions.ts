/** The packages beside: what a program imports of storage, events and nodes. */

import * as events from "@atomiton/events";
import * as browserEvents from "@atomiton/events/browser";
import * as desktopEvents from "@atomiton/events/desktop";
import * as executable from "@atomiton/nodes/executable";
import * as executables from "@atomiton/nodes/executables";
import * as storage from "@atomiton/storage";
import * as browserStorage from "@atomiton/storage/browser";
import * as desktopStorage from "@atomiton/storage/desktop";

import type { Fits, Holds, Same, Untyped } from "./check.js";

interface Executables {
  nodes: Readonly<Record<string, executables.NodeExecutable>>;
  getNodeExecutable(type: string): executables.NodeExecutable | undefined;
  nodeExecutableRegistry: Map<string, executables.NodeExecutable>;
}

interface Events {
  createEventManager(): events.EventManager;
}

export const values = [
  storage satisfies { createStorage(config: storage.StorageConfig): storage.StorageEngine },
  desktopStorage satisfies {
    createStorage(config?: { engine?: storage.StorageEngine }): desktopStorage.StorageEngine;
  },
  browserStorage satisfies {
    createStorage(config?: { engine?: storage.StorageEngine }): browserStorage.StorageEngine;
  },
  events satisfies Events,
  desktopEvents satisfies Events,
  browserEvents satisfies Events,
  executables satisfies Executables,
  executable satisfies Executables,
];

/** The types of storage by name, from each of its entry points. */
interface StorageTypes {
  AtomitonFile: storage.AtomitonFile;
  ElectronPathName: storage.ElectronPathName;
  FileSystemStorageConfig: storage.FileSystemStorageConfig;
  FlowFile: storage.FlowFile;
  FlowMetadata: storage.FlowMetadata;
  InMemoryStorageConfig: storage.InMemoryStorageConfig;
  IStorageEngine: storage.IStorageEngine;
  PathManagerConfig: storage.PathManagerConfig;
  PathMap: storage.PathMap;
  Platform: storage.Platform;
  StorageOptions: storage.StorageOptions;
  StorageType: storage.StorageType;
}

interface DesktopStorageTypes {
  AtomitonFile: desktopStorage.AtomitonFile;
  ElectronPathName: desktopStorage.ElectronPathName;
  FileSystemStorageConfig: desktopStorage.FileSystemStorageConfig;
  FlowFile: desktopStorage.FlowFile;
  FlowMetadata: desktopStorage.FlowMetadata;
  InMemoryStorageConfig: desktopStorage.InMemoryStorageConfig;
  IStorageEngine: desktopStorage.IStorageEngine;
  PathManagerConfig: desktopStorage.PathManagerConfig;
  PathMap: desktopStorage.PathMap;
  Platform: desktopStorage.Platform;
  StorageOptions: desktopStorage.StorageOptions;
  StorageType: desktopStorage.StorageType;
}

interface BrowserStorageTypes {
  AtomitonFile: browserStorage.AtomitonFile;
  ElectronPathName: browserStorage.ElectronPathName;
  FileSystemStorageConfig: browserStorage.FileSystemStorageConfig;
  FlowFile: browserStorage.FlowFile;
  FlowMetadata: browserStorage.FlowMetadata;
  InMemoryStorageConfig: browserStorage.InMemoryStorageConfig;
  IStorageEngine: browserStorage.IStorageEngine;
  PathManagerConfig: browserStorage.PathManagerConfig;
  PathMap: browserStorage.PathMap;
  Platform: browserStorage.Platform;
  StorageOptions: browserStorage.StorageOptions;
  StorageType: browserStorage.StorageType;
}

/** As an Electron application sets up its paths. */
declare const electronApp: { getPath(name: storage.ElectronPathName): string; getName(): string; isPackaged: boolean };
const config: storage.PathManagerConfig = { electronApp, overrides: { flows: "/flows" } };
export const paths: storage.PathMap = desktopStorage.initializePathManager(config).getAllPaths();

export function pathsOf(manager: desktopStorage.PathManager): [string, string, string, string, Promise<void>] {
  const context: "test" | "development" | "production" = manager.getContext();
  const folders = [manager.getLogsPath(), manager.getTempPath(), manager.sanitizePath("a/b")] as const;
  return [context, ...folders, manager.ensureDirectory(manager.getFlowsDirectory())];
}

/** What the engine of an application has to have. */
export async function saved(engine: storage.IStorageEngine, options: storage.StorageOptions): Promise<unknown> {
  await engine.save("key", { id: "a" }, options);
  return (await engine.exists("key")) ? engine.load("key") : engine.delete("key");
}

interface Jobs {
  execute: { data: { compositeId: string }; answer: { success: boolean } };
  progress: number;
}

const bus = events.createEventManager().createBus<Jobs>("jobs");
const answer = bus.emit("execute", { compositeId: "my-workflow" }, { timeout: 30_000 });
bus.on("execute", async ({ compositeId }, { signal }) => ({ success: compositeId !== "" && !signal.aborted }));
bus.on("progress", (percent) => void percent.toFixed());

export type Statements = [
  Holds<
    Same<
      Untyped<{
        Bus: events.Bus;
        EventManager: events.EventManager;
        EventManagerConfig: events.EventManagerConfig;
        NodeExecutable: executables.NodeExecutable;
        StorageConfig: storage.StorageConfig;
        StorageEngine: storage.StorageEngine;
      }>,
      never
    >
  >,
  Holds<Same<Untyped<StorageTypes>, never>>,
  Holds<Same<Untyped<DesktopStorageTypes>, never>>,
  Holds<Same<Untyped<BrowserStorageTypes>, never>>,
  Holds<Fits<storage.IStorageEngine, storage.StorageEngine>>,
  Holds<Fits<"memory" | "filesystem", storage.StorageType>>,
  Holds<Fits<"desktop" | "browser", storage.Platform>>,
  Holds<Fits<"userData" | "documents" | "temp" | "logs", storage.ElectronPathName>>,
  Holds<Fits<{ baseDir: string }, storage.FileSystemStorageConfig>>,
  Holds<Fits<{ initialData: Record<string, unknown> }, storage.InMemoryStorageConfig>>,
  Holds<Fits<storage.FlowFile<{ id: string }>, storage.AtomitonFile<{ id: string }>>>,
  Holds<Fits<storage.FlowMetadata, NonNullable<Parameters<typeof storage.saveFlowFile>[2]>>>,
  Holds<Same<Awaited<typeof answer>, { success: boolean } | undefined>>,
  Holds<Fits<{ type: "memory" }, storage.StorageConfig>>,
  Holds<Fits<{ type: "filesystem"; basePath: string }, storage.StorageConfig>>,
  Holds<Fits<{ type: "filesystem"; path: string }, storage.StorageConfig>>,
  Holds<Fits<"save" | "load" | "list" | "delete" | "exists" | "getInfo", keyof storage.StorageEngine>>,
];
