/** A flow as the text of a Mermaid flowchart. */

import { Section, sectionOf } from "../engine/outline.js";
import type { FlowAnalysis, NodeDefinition } from "../exports/node.js";
import { oneLine } from "./text.js";

/** Groups as subgraphs, edges with the handles they leave, the critical path highlighted. */
export function mermaid(flow: NodeDefinition, analysis: FlowAnalysis): string {
  const lines = ["flowchart LR"];
  const { groups } = analysis;
  const critical: string[] = [];
  // Ids of nodes may be anything, so the chart has its own: their places.
  const write = (
    group: NodeDefinition,
    place: string,
    path: string,
    criticalPath: readonly string[],
    indent: string,
  ) => {
    const names = new Map<string, string>();
    for (const [index, node] of (group.nodes ?? []).entries()) {
      const name = `${place}${place === "n" ? "" : "_"}${index}`;
      names.set(node.id, name);
      if (criticalPath.includes(node.id)) critical.push(name);
      const shape = groups.get(`${path}${node.id}`);
      if (shape === undefined) {
        lines.push(`${indent}${name}["${labelOf(node)}"]`);
      } else {
        lines.push(`${indent}subgraph ${name}["${labelOf(node)}"]`);
        // What a group holds is critical only where the group is.
        const inner = criticalPath.includes(node.id) ? shape.criticalPath : [];
        write(node, name, `${path}${node.id}/`, inner, `${indent}  `);
        lines.push(`${indent}end`);
      }
    }
    for (const { source, target, sourceHandle } of group.edges ?? []) {
      const handle = sourceHandle ? `|"${escaped(sourceHandle)}"|` : "";
      lines.push(`${indent}${names.get(source)} -->${handle} ${names.get(target)}`);
    }
    // No edge leads to what a `try` runs after a failure or at the end.
    for (const name of group.type === "try" ? ["catch", "finally"] : []) {
      const named = names.get(group.parameters?.[name] as string);
      const body = group.nodes?.find(({ id }) => sectionOf(id, group) === Section.body);
      if (named !== undefined) lines.push(`${indent}${names.get(body?.id as string)} -.->|"${name}"| ${named}`);
    }
  };
  if (flow.nodes === undefined || flow.nodes.length === 0) lines.push(`  n["${labelOf(flow)}"]`);
  else write(flow, "n", "", analysis.criticalPath, "  ");
  if (critical.length > 0) {
    lines.push("  classDef critical stroke:#d33,stroke-width:3px", `  class ${critical.join(",")} critical`);
  }
  return `${lines.join("\n")}\n`;
}

function labelOf({ id, type, name }: NodeDefinition): string {
  return `${escaped(name || id)}<br/>${escaped(type)}`;
}

/** Text in a quoted label: entities are written with `#` instead of `&`. */
function escaped(text: string): string {
  const entities: Record<string, string> = { '"': "quot", "&": "amp", "<": "lt", ">": "gt" };
  return oneLine(text).replace(/["&<>#`\\[\]{}|()]/g, (char) => `#${entities[char] ?? char.charCodeAt(0)};`);
}
