/** The channel of the saved flows. */
import { createMemoryEngine } from "@atomiton/storage/desktop";
import { z } from "zod/v3";
import { FlowStore } from "../../api/flow-store.js";
import { isolator } from "../../api/isolate.js";
import { createLog } from "../../engine/log.js";
import type { StorageApi } from "../../types/api.js";
import type { FlowToSave, ListFlowsOptions } from "../../types/flow.js";
import { createExecutionId } from "../../types/ids.js";
import type { HealthResult } from "../../types/transport.js";
import { type ChannelOptions, type ChannelServer, createChannelServer } from "../channel-server.js";
import type { IpcHandlers } from "../electron.js";
import { checked } from "./arguments.js";

/** What the channel needs; a conductor's `storage` fits. */
export interface StorageChannelDependencies {
  /**
   * Default: flows are kept in memory, at first none. Where it does not tell of deleted flows, windows are only told of
   * those that pages delete.
   */
  storage?: Omit<StorageApi, "onFlowDeleted"> & Partial<Pick<StorageApi, "onFlowDeleted">>;
}

/** How the storage is doing. */
export interface StorageHealth extends HealthResult {
  flowCount: number;
}

/** The channel, with its health. */
export interface StorageChannelServer extends ChannelServer {
  health(): Promise<StorageHealth>;
}

const id = z.string().min(1, "Flow ID is required");
const byId = z.object({ id });
const saveArgs = z.object({
  flow: z
    .object({
      id: id.nullish(),
      name: z.string().optional(),
      nodes: z.array(z.unknown()),
      edges: z.array(z.unknown()).optional(),
      metadata: z.record(z.unknown()).optional(),
    })
    .passthrough(),
  overwrite: z.boolean().optional(),
});
const listArgs = z
  .object({
    limit: z.number().int().min(0).default(50),
    offset: z.number().int().min(0).default(0),
    sortBy: z.enum(["name", "savedAt", "updatedAt"]).default("savedAt"),
    sortOrder: z.enum(["asc", "desc"]).default("desc"),
  })
  .default({});

/**
 * Serves `storage`: `saveFlow { flow }`, `loadFlow { id }`, `listFlows`, `deleteFlow { id }` and `health`. Everything that
 * a flow carries is kept.
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
  const server = createChannelServer("storage", ipcMain, options);
  const unsubscribeSaved = storage.onFlowSaved((event) => server.broadcast("flowSaved", event));
  const unsubscribeDeleted = storage.onFlowDeleted?.((event) => server.broadcast("flowDeleted", event));

  const health = async (): Promise<StorageHealth> => {
    const { total } = await storage.listFlows({ limit: 0 });
    return { status: "ok", timestamp: Date.now(), flowCount: total };
  };
  const remove = async (id: string) => {
    // What cannot be read can still be deleted; what is not there is refused by that.
    const { name } = await storage.loadFlow(id).catch(() => ({ name: id }));
    await storage.deleteFlow(id);
    const deleted = { id, name, deletedAt: new Date().toISOString() };
    if (unsubscribeDeleted === undefined) server.broadcast("flowDeleted", deleted);
    return deleted;
  };

  server.handle(
    "saveFlow",
    checked("saveFlow", saveArgs, ({ flow, overwrite }) =>
      storage.saveFlow(flow as unknown as FlowToSave, { allowEmpty: true, ...(overwrite === true && { overwrite }) }),
    ),
  );
  server.handle(
    "loadFlow",
    checked("loadFlow", byId, ({ id }) => storage.loadFlow(id)),
  );
  server.handle(
    "listFlows",
    checked("listFlows", listArgs, (given: ListFlowsOptions) => storage.listFlows(given)),
  );
  server.handle(
    "deleteFlow",
    checked("deleteFlow", byId, ({ id }) => remove(id)),
  );
  server.handle("health", health);

  return {
    ...server,
    health,
    dispose() {
      unsubscribeSaved();
      unsubscribeDeleted?.();
      server.dispose();
    },
  };
}

/** Flows in memory, as long as this process runs. */
function memoryStorage(): StorageApi {
  const newId = () => createExecutionId().slice("exec_".length);
  return new FlowStore(createMemoryEngine(), newId, isolator(createLog(), "A listener"));
}
