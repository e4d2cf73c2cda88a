/**
 * Edges whose handle does not do what it says: it is not among those that the parameters of the node name, so that the edge never
 * carries anything; or it is a part of an output that edges bring as a whole.
 */
import type { NodeDefinition, NodeEdge } from "../types/definition.js";
import type { FlowProblem } from "../types/flow.js";
import { constants } from "./constants.js";
import type { DeclaredType, FlowNodeTypes } from "./flows.js";
import { DEFAULT_HANDLE } from "./outline.js";

type HandlesOf = NonNullable<FlowNodeTypes["handles"]>;

/** Handles that a message lists. */
const MOST_HANDLES = 12;
const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
/** Names for all that a node gives, whatever its type calls it, and for what several types give as their data too. */
const WHOLE: ReadonlySet<string> = new Set(
  "content data default error imagePath item out output path result stdout text value".split(" "),
);

/** The problems of a flow with those of the handles of its edges; no more than are listed. */
export function withHandleProblems(
  problems: FlowProblem[],
  flow: NodeDefinition,
  handlesOf: HandlesOf,
  declared: Readonly<Record<string, DeclaredType>>,
): FlowProblem[] {
  const most = constants().limits.problems - problems.length;
  // The flow may be too large to be looked through.
  if (most <= 0 || problems.some(({ rule }) => rule === "limit")) return problems;
  const found: FlowProblem[] = [];
  const visit = (group: NodeDefinition, path: string) => {
    if (typeof group !== "object" || group === null || !Array.isArray(group.nodes)) return;
    const known = new Map<string, readonly string[]>();
    const children = new Map<string, NodeDefinition>();
    for (const [index, child] of group.nodes.entries()) {
      const handles = namedBy(child, handlesOf);
      if (handles !== undefined) known.set(child.id, handles);
      if (typeof child === "object" && child !== null) children.set(child.id, child);
      visit(child, `${path}/nodes/${index}`);
    }
    if (!Array.isArray(group.edges)) return;
    for (const [index, edge] of group.edges.entries()) {
      if (found.length === most) return;
      const handles = known.get(edge?.source);
      const handle = edge?.sourceHandle || DEFAULT_HANDLE;
      const say = (rule: string, message: string) =>
        found.push({
          code: "VALIDATION_FAILED",
          severity: "warning",
          rule,
          path: `${path}/edges/${index}${edge.sourceHandle ? "/sourceHandle" : ""}`,
          message,
          ...(group.id !== undefined && path !== "" && { nodeId: group.id }),
        });
      if (handles !== undefined) {
        if (handle !== "error" && !handles.includes(handle)) say("unknown-handle", unnamedText(edge, handles));
        else if (!edge.sourceHandle && !isSplit(group.edges, edge.source, handles)) {
          say("unnamed-handle", defaultText(edge, handles));
        }
        continue;
      }
      const [source, target] = [children.get(edge?.source), children.get(edge?.target)];
      if (source === undefined || target === undefined || WHOLE.has(handle)) continue;
      if (isPart(source, handle, declared) && !speaksOf(target, handle)) say("ignored-handle", partText(edge));
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

/** Whether some edge leaves a node by one of its handles other than the one for what is left, or there is no other. */
function isSplit(edges: readonly NodeEdge[], id: string, handles: readonly string[]): boolean {
  const others = handles.filter((handle) => handle !== DEFAULT_HANDLE);
  return others.length === 0 || edges.some((edge) => edge?.source === id && others.includes(edge.sourceHandle ?? ""));
}

/** Whether a handle is a part of what a node gives, and not the data that its edges are there for, which is the first of its ports. */
function isPart(
  { type, parameters }: NodeDefinition,
  handle: string,
  declared: Readonly<Record<string, DeclaredType>>,
): boolean {
  const { outputs, routed } = (typeof type === "string" && Object.hasOwn(declared, type) && declared[type]) || {};
  // A disabled node passes on what it gets.
  if (outputs === undefined || routed || parameters?.["enabled"] === false) return false;
  return outputs.indexOf(handle) > 0;
}

/** Whether a node, or one inside it, has a text that names a part, as expressions and code do that take it out. */
function speaksOf(node: NodeDefinition, part: string): boolean {
  let found = false;
  try {
    JSON.stringify([node.parameters, node.nodes], (_, value: unknown) => {
      found ||= typeof value === "string" && value.includes(part);
      return value;
    });
  } catch {
    return true;
  }
  return found;
}

function partText({ source, target, sourceHandle }: NodeEdge): string {
  const node = NAME.test(source) ? `nodes.${source}` : `nodes[${JSON.stringify(source)}]`;
  return `The edge from \`${source}\` to \`${target}\` leaves by \`${sourceHandle}\`, a part of what \`${source}\` gives; an edge brings all of it, and \`${target}\` not that part alone. Read it in a parameter of \`${target}\`: \`\${{ ${node}.${sourceHandle} }}\``;
}

function defaultText({ source, target }: NodeEdge, handles: readonly string[]): string {
  const others = handles.filter((handle) => handle !== DEFAULT_HANDLE);
  return `The edge from \`${source}\` to \`${target}\` leaves by no handle, which is \`${DEFAULT_HANDLE}\`: it brings what is left for none of the others, and \`${target}\` is skipped where there is nothing of it. No edge leaves by ${shownHandles(others)}. Give it a \`sourceHandle\`; \`${DEFAULT_HANDLE}\`, where that is meant`;
}

function shownHandles(handles: readonly string[]): string {
  const more = handles.length > MOST_HANDLES ? ` and ${handles.length - MOST_HANDLES} more` : "";
  return `${handles
    .slice(0, MOST_HANDLES)
    .map((handle) => `\`${handle}\``)
    .join(", ")}${more}`;
}

function unnamedText({ source, target, sourceHandle }: NodeEdge, handles: readonly string[]): string {
  const way = sourceHandle ? `the handle \`${sourceHandle}\`` : "no handle";
  return `The edge from \`${source}\` to \`${target}\` leaves by ${way}, which the parameters of \`${source}\` do not name, so that it never carries anything; there are ${shownHandles(handles)}`;
}
