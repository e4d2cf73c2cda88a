/** The service that keeps flows. */
import type { FlowHistory, FlowHistoryOptions } from "@atomiton/storage";

import type { NodeDefinition } from "../types/definition.js";
import type {
  FlowDeletedEvent,
  FlowList,
  FlowReceipt,
  FlowToSave,
  ListFlowsOptions,
  LoadFlowOptions,
  SavedFlow,
  SaveFlowOptions,
} from "../types/flow.js";
import type { FlowSavedEvent } from "../types/progress-event.js";
import { type Declaration, named, type Unsubscribe, whole, type Zod } from "./declaration.js";
import { saveSchema } from "./schemas.js";

/** Keeps flows. */
export interface StorageApi {
  /** Saves a flow under its id, or under a new one. Rejects a flow without nodes. */
  saveFlow(flow: FlowToSave | NodeDefinition, options?: SaveFlowOptions): Promise<FlowReceipt>;
  /** Rejects when there is no such flow, or no such version of it. */
  loadFlow(id: string, options?: LoadFlowOptions): Promise<SavedFlow>;
  listFlows(options?: ListFlowsOptions): Promise<FlowList>;
  /** Rejects when there is no such flow. Where versions are kept, its history stays, from which it can be restored. */
  deleteFlow(id: string): Promise<void>;
  /**
   * The versions of a flow, the last one first, also of a deleted one. Rejects with NODE_NOT_FOUND for a flow that was never saved,
   * and with IMPLEMENTATION_NOT_FOUND where the storage keeps no versions.
   */
  flowHistory(id: string, options?: FlowHistoryOptions): Promise<FlowHistory>;
  /** Saves an earlier version of a flow again, as a new one; a deleted flow is there again. Rejects as `flowHistory` and `saveFlow`. */
  restoreFlow(id: string, version: number, options?: Pick<SaveFlowOptions, "ifVersion">): Promise<FlowReceipt>;
  onFlowSaved(callback: (event: FlowSavedEvent) => void): Unsubscribe;
  onFlowDeleted(callback: (event: FlowDeletedEvent) => void): Unsubscribe;
}

const idOf = (z: Zod) => z.string().min(1, "Flow ID is required");
const byId = (z: Zod) => z.object({ id: idOf(z) });
const place = (z: Zod) => z.number().int().min(0);
const versionOf = (z: Zod) => z.number().int().min(1);

const onTopOf = ({ ifVersion }: SaveFlowOptions = {}) => (ifVersion === undefined ? {} : { ifVersion });

/** Over a wire a flow may be empty: an editor saves one that was just begun. */
export const storage: Declaration<StorageApi> = {
  channel: "storage",
  subject: "storage operations",
  size: "data",
  methods: {
    saveFlow: {
      role: "editor",
      wire: {
        send: (flow: FlowToSave | NodeDefinition, options?: SaveFlowOptions) => ({
          flow,
          ...(options?.overwrite === true && { overwrite: true }),
          ...onTopOf(options),
        }),
        receive: ({ flow, overwrite, ...rest }) => [
          flow,
          { allowEmpty: true, ...(overwrite === true && { overwrite }), ...onTopOf(rest) },
        ],
      },
      schema: saveSchema,
    },
    loadFlow: {
      role: "viewer",
      wire: {
        send: (id: string, { version }: LoadFlowOptions = {}) => ({ id, ...(version !== undefined && { version }) }),
        receive: ({ id, version }) => (version === undefined ? [id] : [id, { version }]),
      },
      schema: (z) => z.object({ id: idOf(z), version: versionOf(z).optional() }),
    },
    listFlows: {
      role: "viewer",
      wire: whole,
      schema: (z) =>
        z
          .object({
            limit: place(z).default(50),
            offset: place(z).default(0),
            sortBy: z.enum(["name", "savedAt", "updatedAt"]).default("savedAt"),
            sortOrder: z.enum(["asc", "desc"]).default("desc"),
          })
          .prefault({}),
    },
    deleteFlow: { role: "editor", wire: named("id"), schema: byId, answers: "nothing" },
    flowHistory: {
      role: "viewer",
      wire: {
        send: (id: string, options?: FlowHistoryOptions) => ({ id, ...options }),
        receive: ({ id, ...options }) => [id, options],
      },
      schema: (z) =>
        z.object({
          id: idOf(z),
          limit: z.number().int().min(1).max(1000).optional(),
          before: versionOf(z).optional(),
        }),
    },
    restoreFlow: {
      role: "editor",
      wire: {
        send: (id: string, version: number, options?: SaveFlowOptions) => ({ id, version, ...onTopOf(options) }),
        receive: ({ id, version, ...rest }) => [id, version, onTopOf(rest)],
      },
      schema: (z) => z.object({ id: idOf(z), version: versionOf(z), ifVersion: place(z).optional() }),
    },
  },
  events: {
    onFlowSaved: { event: "flowSaved", role: "viewer" },
    onFlowDeleted: { event: "flowDeleted", role: "viewer" },
  },
  commands: { health: { role: "viewer" } },
};
