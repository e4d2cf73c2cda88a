/** What a template's file must hold, and what is said where it does not. */

import type { NodeEdge } from "../definition/create.js";

/** A node of a template, as its file has it. */
export interface TemplateNode {
  id: string;
  type: string;
  name?: string;
  parameters?: Record<string, unknown>;
  /** What is inside of a group or a loop. */
  nodes?: TemplateNode[] | undefined;
  edges?: TemplateEdge[] | undefined;
  [key: string]: unknown;
}

/** An edge of a template. */
export interface TemplateEdge extends NodeEdge {
  id: string;
}

/** A template, as its file has it: only what its author wrote. */
export interface TemplateFlow {
  id: string;
  name: string;
  type: "group";
  description?: string;
  metadata: Record<string, unknown>;
  nodes: TemplateNode[];
  edges?: TemplateEdge[] | undefined;
  [key: string]: unknown;
}

/** A template with the names under which it is found. */
export interface ShelvedTemplate {
  slug: string;
  otherSlugs: string[];
  flow: TemplateFlow;
}

/**
 * Checks what was read from a template's file.
 *
 * @throws Error `Template must have an id`, `Template must have a name`, `Template must have metadata`, `Templates must
 *   have nodes`, `Edge references unknown source node: <id>` or `Edge references unknown target node: <id>`
 */
export function checkTemplate(document: unknown): asserts document is TemplateFlow {
  const { id, name, metadata, ...inside } = (isObject(document) ? document : {}) as Partial<TemplateFlow>;
  demand(isText(id), "Template must have an id");
  demand(isText(name), "Template must have a name");
  demand(isObject(metadata), "Template must have metadata");
  checkInside(inside);
}

function checkInside({ nodes, edges = [] }: Pick<TemplateNode, "nodes" | "edges">): void {
  demand(Array.isArray(nodes) && nodes.length > 0, "Templates must have nodes");
  demand(Array.isArray(edges), "The edges of a template must be a list");
  for (const node of nodes) {
    demand(isText(node?.id) && isText(node.type), `Template node must have an id and a type: ${JSON.stringify(node)}`);
    if (node.nodes !== undefined || node.edges !== undefined) checkInside(node);
  }
  const known = new Set(nodes.map((node) => node.id));
  for (const edge of edges) {
    demand(known.has(edge?.source), `Edge references unknown source node: ${edge?.source}`);
    demand(known.has(edge.target), `Edge references unknown target node: ${edge.target}`);
  }
}

function demand(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
