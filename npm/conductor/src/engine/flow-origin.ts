/** Files that flows were read from. */
import type { NodeDefinition } from "../types/definition.js";

const files = new WeakMap<NodeDefinition, string>();

/** Notes the file of a flow, from whose folder paths of other flows in it are taken. Gives the flow. */
export function withFile(flow: NodeDefinition, file: string | undefined): NodeDefinition {
  if (file !== undefined) files.set(flow, file);
  return flow;
}

/** The file of a flow; `undefined` for one that was not read from a file. */
export function fileOf(flow: NodeDefinition): string | undefined {
  return files.get(flow);
}
