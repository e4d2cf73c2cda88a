/** What of an outline goes to the worker. */
import type { NodeExecutorFactory } from "../engine/executables.js";
import type { Outline } from "../engine/outline.js";
import type { NodeDefinition } from "../types/definition.js";
import type { SentNode, SentOutline } from "./messages.js";

/**
 * The outline without what only the page needs: names of nodes, positions on a canvas, and the parameters of nodes that
 * the page executes, which therefore may be anything.
 */
export function sentOutline(outline: Outline, page: NodeExecutorFactory | undefined): SentOutline {
  const { words, length, names, edges, nodes } = outline;
  const owners = new Map<unknown, Owner>();
  const ownerOf = (type: string) => {
    let owner = owners.get(type);
    if (owner === undefined) {
      owner = page === undefined ? "worker" : findOwner(page, type);
      owners.set(type, owner);
    }
    return owner;
  };
  return {
    words,
    length,
    names,
    edges,
    nodes: nodes.map((node, index) => {
      const owner = ownerOf(node?.type);
      return owner === "worker" ? workerNode(node) : pageNode(node, index, owner === "page, with items");
    }),
  };
}

/** Who has the executable of a type; `with items`: which also tells the items of a scope. */
type Owner = "worker" | "page" | "page, with items";

function findOwner(page: NodeExecutorFactory, type: string): Owner {
  try {
    const executable = page.getNodeExecutable(type);
    if (executable === undefined || executable === null) return "worker";
    return typeof executable.items === "function" ? "page, with items" : "page";
  } catch {
    // It will throw again where the node fails with it.
    return "page";
  }
}

function workerNode(node: NodeDefinition): SentNode {
  const { type, parameters } = node ?? {};
  return parameters === undefined ? { type } : { type, parameters };
}

function pageNode(node: NodeDefinition, index: number, hasItems: boolean): SentNode {
  const sent: SentNode = hasItems ? { type: index, items: true } : { type: index };
  // The items of a scope are found where it runs, unless its executable tells them.
  if (!hasItems && Array.isArray(node.nodes))
    return { ...sent, ...(node.parameters && { parameters: node.parameters }) };
  return sent;
}
