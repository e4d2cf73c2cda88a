/** What of an outline goes to the worker. */
import type { NodeExecutorFactory } from "../engine/executables.js";
import type { Outline } from "../engine/outline.js";
import type { NodeDefinition } from "../types/definition.js";
import type { SentNode, SentOutline } from "./messages.js";

/**
 * The outline without what only the page needs: names of nodes, places on a canvas, and the parameters of nodes that the
 * page executes, which therefore may be anything.
 */
export function sentOutline(outline: Outline, page: NodeExecutorFactory | undefined): SentOutline {
  const { words, length, names, edges, nodes } = outline;
  const types = new Map<unknown, "library" | "page" | "page, with items">();
  const place = (type: string) => {
    let found = types.get(type);
    if (found === undefined) {
      found = page === undefined ? "library" : placeOf(page, type);
      types.set(type, found);
    }
    return found;
  };
  return {
    words,
    length,
    names,
    edges,
    nodes: nodes.map((node, index) => {
      const found = place(node?.type);
      return found === "library" ? libraryNode(node) : pageNode(node, index, found === "page, with items");
    }),
  };
}

function placeOf(page: NodeExecutorFactory, type: string): "library" | "page" | "page, with items" {
  try {
    const executable = page.getNodeExecutable(type);
    if (executable === undefined || executable === null) return "library";
    return typeof executable.items === "function" ? "page, with items" : "page";
  } catch {
    // It will throw again where the node fails with it.
    return "page";
  }
}

function libraryNode(node: NodeDefinition): SentNode {
  const { type, parameters } = node ?? {};
  return parameters === undefined ? { type } : { type, parameters };
}

function pageNode(node: NodeDefinition, index: number, hasItems: boolean): SentNode {
  const sent: SentNode = hasItems ? { type: index, items: true } : { type: index };
  // The items of a scope are found where it runs, unless its executable tells them.
  if (!hasItems && Array.isArray(node.nodes))
    return { ...sent, ...(node.parameters && { parameters: node.parameters }) };
  const timeout = node.parameters?.timeout;
  if (typeof timeout === "number") sent.parameters = { timeout };
  return sent;
}
