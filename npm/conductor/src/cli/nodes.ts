/** `conductor nodes`: what types of nodes there are, and all that is known of one. */
import { type NodeType, nodeExamples, nodeTypePage, nodeTypes, touchesText } from "@atomiton/nodes/definitions";
import { getNodeExecutable } from "@atomiton/nodes/executables";
import { detailsOf, entryFor, unknownType } from "../api/node-types.js";
import { isDefinedNode } from "../engine/own-nodes.js";
import pc from "./colour.js";
import { Exit, UsageError } from "./exit.js";
import { jsonText } from "./json.js";
import { openProject, type ProjectOptions } from "./project.js";
import { column, oneLine } from "./text.js";

/** Prints the list of types, or the page of one. Throws `UsageError` for a type that there is not. */
export async function nodes(type: string | undefined, options: { json?: boolean } & ProjectOptions): Promise<Exit> {
  const { json } = options;
  const own = (await openProject(undefined, options)).nodes;
  const known = new Map<string, NodeType>([...nodeTypes, ...own.map((node) => [node.type, node] as const)]);
  if (type === undefined) {
    const all = [...known.values()];
    process.stdout.write(json ? `${jsonText(all.map(described), 2)}\n` : listText(all));
    return Exit.success;
  }
  const nodeType = known.get(type);
  if (nodeType === undefined) throw new UsageError(unknownType(oneLine(type), [...known.keys()]));
  process.stdout.write(json ? `${jsonText(described(nodeType), 2)}\n` : nodeTypePage(nodeType));
  return Exit.success;
}

function listText(all: readonly NodeType[]): string {
  const width = Math.max(...all.map(({ type }) => type.length)) + 2;
  const lines = all.map((nodeType) => {
    const touches = nodeType.touches.length === 0 ? "" : pc.dim(` (${touchesText(nodeType)})`);
    return `${pc.bold(column(nodeType.type, width))}${nodeType.description}${touches}`;
  });
  return `${lines.join("\n")}\n\nA node with \`nodes\` inside is a group, which runs them; of type loop it runs them for each item of a list.\nconductor nodes <type> tells parameters, handles, limits and examples of one.\n`;
}

/** A type for programs, as servers describe theirs. */
function described(nodeType: NodeType): object {
  const { type } = nodeType;
  const executable = isDefinedNode(nodeType) ? nodeType : getNodeExecutable(type);
  return detailsOf(nodeType, entryFor(nodeType, executable), nodeExamples(type));
}
