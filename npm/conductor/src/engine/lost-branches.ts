/** Groups whose branches do not meet: a group gives what its last node gives, so that what ends another branch goes nowhere. */
import { isRecord } from "@atomiton/values";

import type { NodeDefinition } from "../types/definition.js";
import type { FlowProblem } from "../types/flow.js";
import type { EffectsOfType } from "./cache-problems.js";
import { constants } from "./constants.js";
import { effectsBy } from "./effects.js";
import type { DeclaredType } from "./flows.js";

/** What is known of types: what their nodes give, and what they do to the world. */
interface Types {
  declared: Readonly<Record<string, DeclaredType>>;
  effectsOf: EffectsOfType;
}

/**
 * The problems of a flow with those of its groups and loops that several nodes end which are there for their values alone; no more
 * than are listed; `text` is its JSON. Nodes that do something to the world may well be the end of a branch, and so may those that expressions read.
 */
export function withLostBranches(
  problems: FlowProblem[],
  flow: NodeDefinition,
  text: string,
  types: Types,
): FlowProblem[] {
  const most = constants().limits.problems - problems.length;
  if (most <= 0 || problems.some(({ severity }) => severity === "error")) return problems;
  const found: FlowProblem[] = [];
  const isRead = (id: string) =>
    ["nodes.ID", 'nodes[\\"ID\\"]', "nodes['ID']"].some((form) => text.includes(form.replace("ID", () => id)));
  const visit = (group: NodeDefinition, path: string) => {
    if (!Array.isArray(group.nodes) || !Array.isArray(group.edges)) return;
    const sources = new Set(group.edges.map((edge) => edge?.source));
    for (const [index, child] of group.nodes.entries()) {
      if (!isRecord(child) || !Array.isArray(child.nodes)) continue;
      visit(child, `${path}/nodes/${index}`);
      // What a group gives that leads nowhere is not asked for.
      if (found.length >= most || !sources.has(child.id)) continue;
      const lost = endsOf(child, types).filter((id) => !isRead(id));
      if (lost.length < 2) continue;
      found.push({
        code: "VALIDATION_FAILED",
        severity: "warning",
        rule: "lost-branch",
        path: `${path}/nodes/${index}`,
        message: messageOf(child, lost),
        nodeId: child.id,
      });
    }
  };
  visit(flow, "");
  return [...problems, ...found];
}

/** The nodes that end a branch of a group and are there for what they give. */
function endsOf({ type, nodes, edges, parameters }: NodeDefinition, { declared, effectsOf }: Types): string[] {
  // The branches of a `parallel` are all in its results.
  if (type === "parallel" || !Array.isArray(nodes) || parameters?.["collectResults"] === false) return [];
  const apart = [parameters?.["catch"], parameters?.["finally"]];
  const leads = new Set(Array.isArray(edges) ? edges.map(({ source }) => source) : []);
  return nodes
    .filter((node) => isRecord(node) && !leads.has(node.id) && !apart.includes(node.id))
    .filter((node) => {
      const effects = effectsOf(node.type);
      const isPlain = !Array.isArray(node.nodes) || node.nodes.length === 0;
      return (
        isPlain && declared[node.type]?.outputs?.length && effects && effectsBy(effects, node.parameters) === "none"
      );
    })
    .map(({ id }) => id);
}

function messageOf({ id, type }: NodeDefinition, ends: readonly string[]): string {
  const names = ends.map((end) => `\`${end}\``);
  const all = `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  const gives = type === "loop" ? "gathers what the last node inside gives" : "gives what the last node inside gives";
  return `Branches of \`${id}\` end with ${all}, and \`${id}\` ${gives}, so that the others go nowhere, and it is nothing where the last one is skipped. Let the branches meet in a \`merge\` with \`mode: first\`, as the last node`;
}
