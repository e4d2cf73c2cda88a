/** Variables of the command line that nothing in the flow can read, which is how a misspelt name shows. */
import { closeNames, getNodeDefinition, namesText } from "@atomiton/nodes/definitions";

import type { NodeDefinition } from "../exports/node.js";
import { oneLine } from "./text.js";

/** A line for each of the names that the flow neither declares nor has anywhere in its text, nor in what is changed of it. */
export function unusedVariables(flow: NodeDefinition, names: Iterable<string>, changes: unknown = {}): string[] {
  if (!tellsAll(flow)) return [];
  const text = JSON.stringify([flow, changes]);
  const declared = Object.keys(flow.variables ?? {});
  return [...names]
    .filter((name) => !declared.includes(name) && !text.includes(JSON.stringify(name).slice(1, -1)))
    .map((name) => {
      const known = declared.length === 0 ? "it declares none" : `it declares ${declared.map(oneLine).join(", ")}`;
      const close = closeNames(name, declared);
      const hint = close.length > 0 ? `. Did you mean ${oneLine(namesText(close))}?` : "";
      return `--var ${oneLine(name)} was not used: the flow does not mention it; ${known}${hint}\n`;
    });
}

/** Whether all that a flow reads is in its text: node types that are not the library's may read any variable. */
function tellsAll({ type, nodes = [] }: NodeDefinition): boolean {
  if (nodes.length > 0) return nodes.every(tellsAll);
  return getNodeDefinition(type) !== undefined;
}
