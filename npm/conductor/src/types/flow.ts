/** Flows as they are kept. */
import type { FlowTemplate as TemplateOfLibrary } from "@atomiton/nodes/templates/flows";
import type { NodeDefinition, NodeEdge } from "./definition.js";
import type { ErrorCode } from "./errors.js";

/** One thing that is wrong with a flow, or probably is. */
export interface FlowProblem {
  code: ErrorCode;
  /** Whether it keeps the flow from running. */
  severity: "error" | "warning";
  /** The rule that is broken, such as `unknown-parameter`; missing for a text that could not be read. */
  rule?: string;
  /** JSON pointer into the definition, such as `/nodes/3/edges/1/source`. */
  path: string;
  message: string;
  /** The node that has the problem, or the group whose edge has it. */
  nodeId?: string;
  /** The name that stands there, where it is the name that is wrong. */
  found?: string;
  /** The name that was probably meant. */
  suggestion?: string;
  /** What may stand there, as far as it is known; the first twelve of it. */
  allowed?: string[];
  /** Place in the text that was read, from 1. */
  line?: number;
  column?: number;
}

/** A node with children. */
export interface FlowDefinition extends NodeDefinition {
  name: string;
  nodes: NodeDefinition[];
  edges: NodeEdge[];
}

/** A flow with all that editors need: positions, metadata, fields and ports of every node. Templates are such flows. */
export type EditorFlow = FlowDefinition & TemplateOfLibrary;

/** A flow to be saved. */
export interface FlowToSave {
  /** A new one is made when it is missing. */
  id?: string;
  name?: string;
  nodes: NodeDefinition[];
  edges?: NodeEdge[];
  description?: string;
  metadata?: Record<string, unknown>;
  [key: string]: unknown;
}

/** How to save a flow. */
export interface SaveFlowOptions {
  /**
   * Writes the flow even where that costs comments which a person wrote into its file, or a file that cannot be read.
   * Without it such a save is refused.
   */
  overwrite?: boolean;
  /** Takes a flow without nodes, such as one that an editor just began. */
  allowEmpty?: boolean;
  /**
   * Saves only on top of this version: the `storedVersion` that was loaded, or 0 for a flow that must be new. Where another version
   * was saved meanwhile, the save rejects with INVALID_PARAMETERS, and nothing is saved. For storages that keep versions.
   */
  ifVersion?: number;
}

/** Which version of a flow is loaded. */
export interface LoadFlowOptions {
  /** Its number; default: the current one. */
  version?: number;
}

/** What saving a flow answers. */
export interface FlowReceipt {
  id: string;
  /** ISO 8601. */
  savedAt: string;
  /** Of the form in which flows are saved. */
  version: string;
  /** The number of the version in the history of the flow; missing where the storage keeps no versions. */
  storedVersion?: number;
}

/** A flow as it was saved; it can be run as it is. */
export interface SavedFlow extends FlowDefinition {
  version: string;
  /** When it was saved last, in ISO 8601. */
  savedAt: string;
  /** When it was last saved with another content, in ISO 8601. */
  updatedAt: string;
  /** The number of the version in the history of the flow, for `ifVersion`; missing where the storage keeps no versions. */
  storedVersion?: number;
}

/** One line of a list of flows. */
export interface FlowSummary {
  id: string;
  name: string;
  description?: string;
  tags?: string[];
  /** Direct children. */
  nodeCount: number;
  savedAt: string;
  updatedAt: string;
  version: string;
}

/** Which flows to list. */
export interface ListFlowsOptions {
  /** At most this many; default 50. */
  limit?: number;
  /** After this many; default 0. */
  offset?: number;
  /** Default `savedAt`. */
  sortBy?: "name" | "savedAt" | "updatedAt";
  /** Default `desc`. */
  sortOrder?: "asc" | "desc";
}

/** A page of flows. */
export interface FlowList {
  flows: FlowSummary[];
  /** All flows, on this page or not. */
  total: number;
  /** Flows that cannot be read; their files are left alone. Missing when all can be read. */
  problems?: { id: string; message: string }[];
}

/** Tells of a flow that was deleted. */
export interface FlowDeletedEvent {
  id: string;
  name: string;
  /** ISO 8601. */
  deletedAt: string;
}

/** One line of the list of templates. */
export interface FlowTemplate {
  id: string;
  name: string;
  description?: string;
  nodeCount: number;
  /**
   * The types of its nodes that need a machine, such as `file-system`: with any, a page without a transport ends its runs with
   * NO_TRANSPORT. Missing where a server of an earlier version answers.
   */
  needs?: string[];
}

/** What `flow.loadFlow` gives for a saved flow: its type is that of templates, which is all that existing code loads by it. */
export function asLoaded(saved: FlowDefinition): EditorFlow {
  return saved as EditorFlow;
}

/** Throws unless a flow has nodes. */
export function demandChildren(flow: NodeDefinition): void {
  const nodes: unknown = flow?.nodes;
  if (typeof nodes === "object" && nodes !== null && !Array.isArray(nodes)) {
    throw new Error("Flow must be a group node with child nodes: `nodes` must be a list, found an object.");
  }
  if (!Array.isArray(flow?.nodes) || flow.nodes.length === 0) {
    throw new Error("Flow must be a group node with child nodes. Use conductor.node.run() for atomic nodes.");
  }
}
