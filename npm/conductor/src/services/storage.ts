/** The service that keeps flows. */
import type {
  FlowDeletedEvent,
  FlowList,
  FlowReceipt,
  FlowToSave,
  ListFlowsOptions,
  SavedFlow,
  SaveFlowOptions,
} from "../types/flow.js";
import type { FlowSavedEvent } from "../types/progress-event.js";
import { type Declaration, named, type Unsubscribe, whole, type Zod } from "./declaration.js";
import { saveSchema } from "./schemas.js";

/** Keeps flows. */
export interface StorageApi {
  /** Saves a flow under its id, or under a new one. Rejects a flow without nodes. */
  saveFlow(flow: FlowToSave, options?: SaveFlowOptions): Promise<FlowReceipt>;
  /** Rejects when there is no such flow. */
  loadFlow(id: string): Promise<SavedFlow>;
  listFlows(options?: ListFlowsOptions): Promise<FlowList>;
  /** Rejects when there is no such flow. */
  deleteFlow(id: string): Promise<void>;
  onFlowSaved(callback: (event: FlowSavedEvent) => void): Unsubscribe;
  onFlowDeleted(callback: (event: FlowDeletedEvent) => void): Unsubscribe;
}

const byId = (z: Zod) => z.object({ id: z.string().min(1, "Flow ID is required") });
const place = (z: Zod) => z.number().int().min(0);

/** Over a wire a flow may be empty: an editor saves one that was just begun. */
export const storage: Declaration<StorageApi> = {
  channel: "storage",
  subject: "storage operations",
  size: "data",
  methods: {
    saveFlow: {
      role: "editor",
      wire: {
        send: (flow: FlowToSave, options?: SaveFlowOptions) => ({
          flow,
          ...(options?.overwrite === true && { overwrite: true }),
        }),
        receive: ({ flow, overwrite }) => [flow, { allowEmpty: true, ...(overwrite === true && { overwrite }) }],
      },
      schema: saveSchema,
    },
    loadFlow: { role: "viewer", wire: named("id"), schema: byId },
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
  },
  events: {
    onFlowSaved: { event: "flowSaved", role: "viewer" },
    onFlowDeleted: { event: "flowDeleted", role: "viewer" },
  },
  commands: { health: { role: "viewer" } },
};
