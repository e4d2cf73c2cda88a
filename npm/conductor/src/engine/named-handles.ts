/** Edges that leave nodes by handles that are not among those that the parameters of the node name. */
import type { NodeDefinition, NodeEdge } from "../types/definition.js";
import type { FlowProblem } from "../types/flow.js";
import { constants } from "./constants.js";
import type { FlowNodeTypes } from "./flows.js";
import { DEFAULT_HANDLE } from "./outline.js";

type HandlesOf = NonNullable<FlowNodeTypes["handles"]>;

/** Handles that a message lists. */
const MOST_HANDLES = 12;

/** The problems of a flow with those of its edges, which never carry anything; no more than are listed. */
export function withHandleProblems(problems: FlowProblem[], flow: NodeDefinition, handlesOf: HandlesOf): FlowProblem[] {
  const most = constants().limits.problems - problems.length;
  // The flow may be too large to be looked through.
  if (most <= 0 || problems.some(({ rule }) => rule === "limit")) return problems;
  const found: FlowProblem[] = [];
  const visit = (group: NodeDefinition, path: string) => {
    if (typeof group !== "object" || group === null || !Array.isArray(group.nodes)) return;
    const known = new Map<string, readonly string[]>();
    for (const [index, child] of group.nodes.entries()) {
      const handles = namedBy(child, handlesOf);
      if (handles !== undefined) known.set(child.id, handles);
      visit(child, `${path}/nodes/${index}`);
    }
    if (known.size === 0 || !Array.isArray(group.edges)) return;
    for (const [index, edge] of group.edges.entries()) {
      const handles = known.get(edge?.source);
      if (found.length === most || handles === undefined) continue;
      const handle = edge.sourceHandle || DEFAULT_HANDLE;
      if (handle === "error" || handles.includes(handle)) continue;
      found.push({
        code: "VALIDATION_FAILED",
        severity: "warning",
        rule: "unknown-handle",
        path: `${path}/edges/${index}${edge.sourceHandle ? "/sourceHandle" : ""}`,
        message: messageOf(edge, handles),
        ...(group.id !== undefined && path !== "" && { nodeId: group.id }),
      });
    }
  };
  visit(flow, "");
  return [...problems, ...found];
}

/** The handles that a node names; `undefined` for one that is a group, is disabled and so passes on what it gets, or names none. */
function namedBy(node: NodeDefinition, handlesOf: HandlesOf): readonly string[] | undefined {
  if (typeof node !== "object" || node === null || (Array.isArray(node.nodes) && node.nodes.length > 0))
    return undefined;
  const { type, parameters } = node;
  if (typeof type !== "string" || typeof parameters !== "object" || parameters === null) return undefined;
  return parameters["enabled"] === false ? undefined : handlesOf(type, parameters);
}

function messageOf({ source, target, sourceHandle }: NodeEdge, handles: readonly string[]): string {
  const way = sourceHandle ? `the handle \`${sourceHandle}\`` : "no handle";
  const shown = handles.slice(0, MOST_HANDLES).map((handle) => `\`${handle}\``);
  const more = handles.length > MOST_HANDLES ? ` and ${handles.length - MOST_HANDLES} more` : "";
  return `The edge from \`${source}\` to \`${target}\` leaves by ${way}, which the parameters of \`${source}\` do not name, so that it never carries anything; there are ${shown.join(", ")}${more}`;
}
