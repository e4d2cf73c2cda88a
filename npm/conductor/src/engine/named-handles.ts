/**
 * Edges whose handle does not do what it says: it is not among those that the parameters of the node name, so that the edge never
 * carries anything; or it is a part of an output that edges bring as a whole.
 */
import type { NodeDefinition, NodeEdge } from "../types/definition.js";
import type { FlowProblem } from "../types/flow.js";
import { constants } from "./constants.js";
import type { FlowNodeTypes } from "./flows.js";
import { DEFAULT_HANDLE } from "./outline.js";

type HandlesOf = NonNullable<FlowNodeTypes["handles"]>;
type PartsOf = NonNullable<FlowNodeTypes["parts"]>;

/** Handles that a message lists. */
const MOST_HANDLES = 12;
const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
/** The problems of a flow with those of the handles of its edges; no more than are listed. */
export function withHandleProblems(
  problems: FlowProblem[],
  flow: NodeDefinition,
  handlesOf: HandlesOf,
  partsOf: PartsOf,
): FlowProblem[] {
  const most = constants().limits.problems - problems.length;
  // The flow may be too large to be looked through.
  if (most <= 0 || problems.some(({ rule }) => rule === "limit")) return problems;
  const found: FlowProblem[] = [];
  let texts: string | undefined;
  const visit = (group: NodeDefinition, path: string) => {
    if (typeof group !== "object" || group === null || !Array.isArray(group.nodes)) return;
    const known = new Map<string, readonly string[]>();
    const children = new Map<string, NodeDefinition>();
    const edges: readonly NodeEdge[] = Array.isArray(group.edges) ? group.edges : [];
    const split = new Set(edges.map((edge) => JSON.stringify([edge?.source, edge?.sourceHandle])));
    for (const [index, child] of group.nodes.entries()) {
      const handles = namedBy(child, handlesOf);
      if (handles !== undefined) known.set(child.id, handles);
      if (typeof child === "object" && child !== null) children.set(child.id, child);
      visit(child, `${path}/nodes/${index}`);
    }
    for (const [index, edge] of edges.entries()) {
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
        else if (!edge.sourceHandle && !isSplit(split, edge.source, handles)) {
          say("unnamed-handle", defaultText(edge, handles));
        }
        continue;
      }
      const source = children.get(edge?.source);
      if (source === undefined || !isPart(source, handle, partsOf)) continue;
      texts ??= textsIn(flow);
      if (!speakOf(texts, handle)) say("ignored-handle", partText(edge));
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
function isSplit(ways: ReadonlySet<string>, id: string, handles: readonly string[]): boolean {
  const others = handles.filter((handle) => handle !== DEFAULT_HANDLE);
  return others.length === 0 || others.some((handle) => ways.has(JSON.stringify([id, handle])));
}

/** Whether a handle is a part of what a node gives. A disabled node passes on what it gets. */
function isPart({ type, parameters }: NodeDefinition, handle: string, partsOf: PartsOf): boolean {
  return typeof type === "string" && parameters?.["enabled"] !== false && (partsOf(type)?.includes(handle) ?? false);
}

/** All parameters of a flow: where one names a part, as expressions and code do, it is taken out there. */
function textsIn(flow: NodeDefinition): string {
  const texts: string[] = [];
  const visit = ({ parameters, nodes }: NodeDefinition) => {
    texts.push(
      JSON.stringify(parameters ?? {}, (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value)),
    );
    if (Array.isArray(nodes)) for (const child of nodes) if (typeof child === "object" && child !== null) visit(child);
  };
  visit(flow);
  return texts.join();
}

/** Whether texts read a part as expressions, code and templates do; that a file is called like it says nothing. */
function speakOf(texts: string, part: string): boolean {
  const name = part.replace(/[^\w]/g, "\\$&");
  return new RegExp(`\\.${name}\\b|["'\\[{#(,\\s]${name}(?![\\w.])`).test(texts);
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
