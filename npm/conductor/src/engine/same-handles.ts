/** Edges that lead to one handle of a node from nodes that both give a value whenever it runs: one of the values is lost. */
import type { NodeDefinition, NodeEdge } from "../types/definition.js";
import type { FlowProblem } from "../types/flow.js";
import { constants } from "./constants.js";
import type { DeclaredType } from "./flows.js";
import { DEFAULT_HANDLE } from "./outline.js";

type Declared = Readonly<Record<string, DeclaredType>>;

/**
 * The problems of a flow with those of its edges that lose values, no more than are listed. Told is only what holds in every
 * run: nodes whose type is not known, that may be skipped or fail without ending the run, or that stand behind such nodes
 * may give nothing. Edges that name no handle may be there for the order alone: they count where the node takes what comes by
 * `default`, and reads no node by its name.
 */
export function withLostInputs(problems: FlowProblem[], flow: NodeDefinition, declared: Declared): FlowProblem[] {
  const most = constants().limits.problems - problems.length;
  // Only of a flow whose nodes and edges make sense can be said what runs.
  if (most <= 0 || problems.some(({ severity }) => severity === "error")) return problems;
  const found: FlowProblem[] = [];
  const visit = (group: NodeDefinition, path: string) => {
    if (!Array.isArray(group.nodes) || found.length >= most) return;
    for (const [index, child] of group.nodes.entries()) visit(child, `${path}/nodes/${index}`);
    if (!Array.isArray(group.edges) || group.edges.length < 2) return;
    for (const { index, edge, before } of lostIn(group.nodes, group.edges, declared)) {
      if (found.length >= most) return;
      found.push({
        code: "VALIDATION_FAILED",
        severity: "warning",
        rule: "same-handle",
        path: `${path}/edges/${index}${edge.targetHandle ? "/targetHandle" : ""}`,
        message:
          `Edges from \`${before.source}\` and from \`${edge.source}\` lead to the handle \`${handleOf(edge)}\` of ` +
          `\`${edge.target}\`, which gets the value of the later one alone; give each a \`targetHandle\` of its own`,
        ...(path !== "" && { nodeId: group.id }),
      });
    }
  };
  visit(flow, "");
  return [...problems, ...found];
}

interface Lost {
  index: number;
  edge: NodeEdge;
  /** The edge before it to the same handle. */
  before: NodeEdge;
}

function lostIn(nodes: readonly NodeDefinition[], edges: readonly NodeEdge[], declared: Declared): Lost[] {
  let always: ReadonlySet<string> | undefined;
  let byId: ReadonlyMap<string, NodeDefinition> | undefined;
  const lost: Lost[] = [];
  const last = new Map<string, NodeEdge>();
  for (const [index, edge] of edges.entries()) {
    if (edge.sourceHandle === "error") continue;
    const end = JSON.stringify([edge.target, handleOf(edge)]);
    const before = last.get(end);
    last.set(end, edge);
    if (before === undefined || before.source === edge.source) continue;
    if (!edge.targetHandle || !before.targetHandle) {
      byId ??= new Map(nodes.map((node) => [node.id, node]));
      if (!takesDefault(byId.get(edge.target), declared)) continue;
    }
    always ??= alwaysGiving(nodes, edges, declared);
    if (always.has(edge.source) && always.has(before.source)) lost.push({ index, edge, before });
  }
  return lost;
}

function handleOf({ targetHandle }: NodeEdge): string {
  return targetHandle || DEFAULT_HANDLE;
}

/** Whether what comes by the handle `default` is what a node works on, so that an edge without a handle is not there for the order alone. */
function takesDefault(node: NodeDefinition | undefined, declared: Declared): boolean {
  if (node === undefined || !Object.hasOwn(declared, node.type)) return false;
  return declared[node.type]?.inputs?.includes(DEFAULT_HANDLE) === true && !namesNodes(node.parameters);
}

/** Whether parameters may read nodes by their names. */
function namesNodes(parameters: unknown): boolean {
  try {
    return /\bnodes\b/.test(JSON.stringify(parameters ?? {}));
  } catch {
    // What is no JSON cannot be looked through this way.
    return true;
  }
}

/** The nodes of a scope that give a value whenever the run gets past them. */
function alwaysGiving(
  nodes: readonly NodeDefinition[],
  edges: readonly NodeEdge[],
  declared: Declared,
): ReadonlySet<string> {
  const doubtful = nodes.filter((node) => !givesAlways(node, declared)).map(({ id }) => id);
  const targets = new Map<string, string[]>();
  for (const { source, target, sourceHandle } of edges) {
    if (sourceHandle === "error") doubtful.push(source, target);
    const known = targets.get(source);
    if (known === undefined) targets.set(source, [target]);
    else known.push(target);
  }
  const always = new Set(nodes.map(({ id }) => id));
  for (let next = doubtful.pop(); next !== undefined; next = doubtful.pop()) {
    if (always.delete(next)) doubtful.push(...(targets.get(next) ?? []));
  }
  return always;
}

function givesAlways(node: NodeDefinition, declared: Declared): boolean {
  const { type, nodes, policy, parameters } = node;
  if (Array.isArray(nodes) && nodes.length > 0) return false;
  const isKnown = Object.hasOwn(declared, type) && declared[type]?.routed !== true;
  const isPlain = (parameters?.["enabled"] ?? true) === true;
  return isKnown && isPlain && policy?.continueOnError !== true && parameters?.["continueOnError"] !== true;
}
