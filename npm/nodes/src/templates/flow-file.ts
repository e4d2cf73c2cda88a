/** What a template's file must hold, and what is said where it does not. */

import type { NodeEdge } from "../definition/create.js";

/** A node of a template, as its file has it. */
export interface TemplateNode {
  id: string;
  type: string;
  name?: string;
  parameters?: Record<string, unknown>;
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
  edges?: TemplateEdge[];
  [key: string]: unknown;
}

/**
 * Checks what was read from a template's file.
 *
 * @throws Error `Template must have an id`, `Template must have a name`, `Template must have metadata`, `Templates must
 *   have nodes`, `Edge references unknown source node: <id>` or `Edge references unknown target node: <id>`
 */
export function checkTemplate(document: unknown): asserts document is TemplateFlow {
  const { id, name, metadata, nodes, edges = [] } = (isObject(document) ? document : {}) as Partial<TemplateFlow>;
  demand(isText(id), "Template must have an id");
  demand(isText(name), "Template must have a name");
  demand(isObject(metadata), "Template must have metadata");
  demand(Array.isArray(nodes) && nodes.length > 0, "Templates must have nodes");
  demand(Array.isArray(edges), "The edges of a template must be a list");
  for (const node of nodes) {
    demand(isText(node?.id) && isText(node.type), `Template node must have an id and a type: ${JSON.stringify(node)}`);
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
