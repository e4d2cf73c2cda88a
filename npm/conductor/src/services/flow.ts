/** The service of flows and templates. */
import type { NodeDefinition, TypedFlow } from "../types/definition.js";
import type { ConductorExecutionContext, ExecutionResult } from "../types/execution.js";
import type { EditorFlow, FlowTemplate, LoadFlowOptions } from "../types/flow.js";
import { type Declaration, named, type Zod } from "./declaration.js";
import { type ExecutionEvents, executionEvents, node } from "./node.js";
import { type StorageApi, storage } from "./storage.js";

/** Runs flows, which are nodes with children, and knows the templates. */
export interface FlowApi extends ExecutionEvents {
  /** Like `node.run`, but rejects a node without children. */
  run<Output = unknown>(
    flow: TypedFlow<Output>,
    context?: Partial<ConductorExecutionContext>,
  ): Promise<ExecutionResult<Output>>;
  run<Output = unknown>(
    flow: NodeDefinition,
    context?: Partial<ConductorExecutionContext>,
  ): Promise<ExecutionResult<Output>>;
  listTemplates(): Promise<{ templates: FlowTemplate[] }>;
  /** A template by its id or its short name, such as `hello-world`. Rejects for an unknown id. */
  getTemplate(id: string): Promise<{ definition: EditorFlow }>;
  /**
   * The definition of a template, or of a saved flow; with a `version`, that of the saved flow. Rejects when there is neither. A saved
   * flow has what it was saved with: one that no editor made may lack positions, metadata, fields and ports, whatever the type says,
   * which is that of templates. `storage.loadFlow` promises less.
   */
  loadFlow(id: string, options?: LoadFlowOptions): Promise<EditorFlow>;
  /** The same as `storage.flowHistory`. */
  history: StorageApi["flowHistory"];
  /** The same as `storage.restoreFlow`. */
  restore: StorageApi["restoreFlow"];
}

const byId = (z: Zod) => z.object({ id: z.string().min(1, "Template ID is required") });

/** `loadFlow` over a wire knows the templates only. */
export const flow: Declaration<FlowApi> = {
  channel: "flow",
  subject: "flow operations",
  size: "data",
  methods: {
    run: { ...node.methods.run, command: ["node", "execute"] },
    listTemplates: { role: "viewer", wire: named() },
    getTemplate: { role: "viewer", wire: named("id"), schema: byId },
    loadFlow: { role: "viewer", wire: named("id"), schema: byId },
    history: { ...storage.methods.flowHistory, command: ["storage", "flowHistory"] },
    restore: { ...storage.methods.restoreFlow, command: ["storage", "restoreFlow"] },
  },
  events: executionEvents,
};
