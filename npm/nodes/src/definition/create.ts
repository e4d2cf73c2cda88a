import type { NodeFieldsConfig } from "./fields.js";
import type { NodePort } from "./node-type.js";

/** What a node's executable is written in. */
export interface NodeRuntime {
  language: string;
  [key: string]: unknown;
}

/** What a node is described by in the catalogue. */
export interface NodeMetadata {
  id: string;
  name: string;
  author: string;
  description: string;
  category: string;
  /** The name of an icon of Lucide. */
  icon: string;
  runtime?: NodeRuntime;
  /** Words by which a search finds the node. */
  keywords?: string[];
  tags?: string[];
  [key: string]: unknown;
}

/** The metadata of a node that was made here, which leave nothing out. */
export interface MadeNodeMetadata extends NodeMetadata {
  runtime: NodeRuntime;
  keywords: string[];
  tags: string[];
}

/** Where an editor draws a node, in pixels. */
export interface NodePosition {
  x: number;
  y: number;
}

/** The parameters of a node by name. */
export type NodeParameters = Record<string, unknown>;

/** An edge between two children of one node. */
export interface NodeEdge {
  id?: string;
  /** Id of the child that the edge leaves. */
  source: string;
  /** Id of the child that the edge enters. */
  target: string;
  sourceHandle?: string | null;
  /** Key under which the target sees the value. */
  targetHandle?: string | null;
  /** How an editor draws it. */
  type?: string;
  [key: string]: unknown;
}

/** An edge of a flow that was made here, which has a name and a form. */
export interface MadeNodeEdge extends NodeEdge {
  id: string;
  type: string;
}

interface NodeFields {
  id: string;
  type: string;
  version: string;
  name: string;
  position: NodePosition;
  metadata: NodeMetadata;
  parameters: NodeParameters;
  fields: NodeFieldsConfig;
  inputPorts: NodePort[];
  outputPorts: NodePort[];
  nodes?: NodeDefinition[];
  edges?: NodeEdge[];
}

/** A node as flows hold it. */
export interface NodeDefinition extends NodeFields {
  [key: string]: unknown;
}

/** A node as flows hold it, under the name that earlier versions gave it. */
export type Node = NodeDefinition;

/** A node that was made here, whose metadata leave nothing out. */
export interface MadeNodeDefinition extends NodeDefinition {
  metadata: MadeNodeMetadata;
}

/** A node definition with gaps. */
export interface NodeDefinitionInput extends Partial<Omit<NodeFields, "metadata">> {
  metadata?: Partial<NodeMetadata>;
  [key: string]: unknown;
}

/**
 * Fills the gaps of a node definition. `parameters` that are given are used as they are; `nodes` and `edges` stay absent
 * unless given.
 */
export function createNodeDefinition(given: NodeDefinitionInput = {}): MadeNodeDefinition {
  const metadata = createNodeMetadata(given.metadata);
  return {
    ...given,
    id: given.id ?? `node_${uuid()}`,
    type: given.type ?? "unknown",
    version: given.version ?? "1.0.0",
    name: given.name ?? given.metadata?.name ?? "Unnamed Node",
    position: given.position ?? { x: 0, y: 0 },
    metadata,
    parameters: given.parameters ?? { enabled: true, timeout: 30000, retries: 1 },
    fields: given.fields ?? {},
    inputPorts: given.inputPorts ?? [],
    outputPorts: given.outputPorts ?? [],
  };
}

/** Fills the gaps of a node's metadata. */
export function createNodeMetadata(given: Partial<NodeMetadata> = {}): MadeNodeMetadata {
  const id = given.id ?? "node";
  const words = id.split(/[^A-Za-z0-9]+/).filter(Boolean);
  const category = given.category ?? "utility";
  return {
    ...given,
    id,
    name: given.name ?? (words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join(" ") || "Node"),
    author: given.author ?? "Atomiton Core Team",
    description: given.description ?? "",
    category,
    icon: given.icon ?? "code-2",
    runtime: given.runtime ?? { language: "typescript" },
    keywords: given.keywords ?? [...new Set([id, ...words.map((word) => word.toLowerCase()), category])],
    tags: given.tags ?? [category],
  };
}

/** A version 4 UUID. `randomUUID` is missing on pages that did not come over HTTPS. */
function uuid(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
