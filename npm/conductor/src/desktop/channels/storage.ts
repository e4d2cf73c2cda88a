/** The channel of the saved flows. */
import { createMemoryEngine } from "@atomiton/storage/desktop";
import { FlowStore } from "../../api/flow-store.js";
import { createLog } from "../../engine/log.js";
import { isolator } from "../../events/isolate.js";
import type { StorageApi } from "../../services/storage.js";
import type { HealthResult } from "../../types/transport.js";
import type { ChannelOptions, ChannelServer } from "../channel-server.js";
import type { IpcHandlers } from "../electron.js";
import { serveChannel } from "./serve.js";

/** What the channel needs; a conductor's `storage` fits. */
export interface StorageChannelDependencies {
  /**
   * Default: flows are kept in memory, at first none. Where it does not tell of deleted flows, windows are only told of
   * those that pages delete. Where it keeps no versions of flows, pages are told so.
   */
  storage?: Omit<StorageApi, LaterMethod> & Partial<Pick<StorageApi, LaterMethod>>;
}

/** What a storage of an application may lack. */
type LaterMethod = "onFlowDeleted" | "flowHistory" | "restoreFlow";

/** How the storage is doing. */
export interface StorageHealth extends HealthResult {
  flowCount: number;
}

/** The channel, with its health. */
export interface StorageChannelServer extends ChannelServer {
  health(): Promise<StorageHealth>;
}

/**
 * Serves `storage`: `saveFlow { flow, ifVersion? }`, `loadFlow { id, version? }`, `listFlows`, `deleteFlow { id }`,
 * `flowHistory { id, limit?, before? }`, `restoreFlow { id, version, ifVersion? }` and `health`. Everything that a flow carries is
 * kept.
 *
 * A flow may be empty: an editor saves one that was just begun.
 *
 * Events: `flowSaved` and `flowDeleted`, also for flows that others save or delete in the same storage.
 */
export function createStorageChannelServer(
  ipcMain: IpcHandlers,
  { storage = memoryStorage() }: StorageChannelDependencies = {},
  options: ChannelOptions = {},
): StorageChannelServer {
  const health = async (): Promise<StorageHealth> => {
    const { total } = await storage.listFlows({ limit: 0 });
    return { status: "ok", timestamp: Date.now(), flowCount: total };
  };
  const deleteFlow = async ({ id }: { id: string }) => {
    // What cannot be read can still be deleted; what is not there is refused by that.
    const { name } = await storage.loadFlow(id).catch(() => ({ name: id }));
    await storage.deleteFlow(id);
    const deleted = { id, name, deletedAt: new Date().toISOString() };
    if (storage.onFlowDeleted === undefined) server.broadcast("flowDeleted", deleted);
    return deleted;
  };

  const server = serveChannel("storage", ipcMain, { handlers: { deleteFlow, health }, api: storage }, options);
  return { ...server, health };
}

/** Flows in memory, as long as this process runs. */
function memoryStorage(): StorageApi {
  return new FlowStore(createMemoryEngine(), isolator(createLog(), "A listener"));
}
