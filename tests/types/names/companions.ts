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
  Holds<Same<Awaited<typeof answer>, { success: boolean } | undefined>>,
  Holds<Fits<{ type: "memory" }, storage.StorageConfig>>,
  Holds<Fits<{ type: "filesystem"; basePath: string }, storage.StorageConfig>>,
  Holds<Fits<{ type: "filesystem"; path: string }, storage.StorageConfig>>,
  Holds<Fits<"save" | "load" | "list" | "delete" | "exists" | "getInfo", keyof storage.StorageEngine>>,
];
