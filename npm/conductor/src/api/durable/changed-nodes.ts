/** Which nodes of a flow cannot keep what they gave in an execution of an earlier version of it. */
import { isRecord } from "@atomiton/values";

import { coded } from "../../engine/failure.js";
import type { FlowNodeTypes } from "../../engine/flows.js";
import { branchModeIn, NODE_WORDS, OUTLINE_HEADER_WORDS, outlineOf, sectionOrder } from "../../engine/outline.js";
import { suggestion } from "../../expressions/failure.js";
import type { NodeDefinition, NodeEdge } from "../../types/definition.js";

/** Keys of nodes that say nothing of what they do. Children and edges are compared by themselves. */
const NOT_COMPARED = ["id", "name", "parentId", "description", "category", "position", "metadata", "nodes", "edges"];
/** Those of the flow itself: its own version changes whenever it is saved, variables and settings count where they are read. */
const NOT_COMPARED_OF_FLOW = [...NOT_COMPARED, "version", "variables", "settings"];

/** Ids that a message lists. */
const MOST_LISTED = 20;

/** The nodes of a flow in preorder, which is their place in an outline. */
export class FlowTree {
  readonly nodes: NodeDefinition[] = [];
  readonly parents: number[] = [];
  /** By node: its children by id. */
  readonly children: Map<string, number>[] = [];

  constructor(readonly root: NodeDefinition) {
    const open: [node: NodeDefinition, parent: number][] = [[root, 0]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [node, parent] = next;
      const place = this.nodes.push(node) - 1;
      this.parents.push(parent);
      this.children.push(new Map());
      if (place > 0) this.children[parent]?.set(node.id, place);
      for (const child of [...(node.nodes ?? [])].reverse()) open.push([child, place]);
    }
  }

  /** The place of each node of another version of the flow in this one, as far as it is there as well. */
  matches(other: FlowTree): Map<number, number> {
    const found = new Map([[0, 0]]);
    for (let place = 1; place < other.nodes.length; place++) {
      const parent = found.get(other.parents[place] as number);
      const own =
        parent === undefined ? undefined : this.children[parent]?.get((other.nodes[place] as NodeDefinition).id);
      if (own !== undefined) found.set(place, own);
    }
    return found;
  }

  /** The ids from below the flow down to a node, as in `group/node`; of the flow itself its id. */
  pathOf(place: number): string {
    const { id } = this.nodes[place] as NodeDefinition;
    const parent = this.parents[place] as number;
    return place === 0 || parent === 0 ? id : `${this.pathOf(parent)}/${id}`;
  }

  /**
   * The places of nodes that are named by id or by path. `option` is what names them.
   *
   * @throws Error INVALID_PARAMETERS for a name that stands for no node, or for several
   */
  named(names: readonly string[], option: string): number[] {
    return names.map((name) => {
      const places = this.nodes.map((_, place) => place);
      const byPath = places.filter((place) => this.pathOf(place) === name);
      const found = byPath.length === 1 ? byPath : places.filter((place) => this.nodes[place]?.id === name);
      if (found.length === 1) return found[0] as number;
      const paths = (found.length === 0 ? places.slice(1) : found).map((place) => this.pathOf(place));
      const more = paths.length > MOST_LISTED ? `, and ${paths.length - MOST_LISTED} more` : "";
      const listed = `${paths.slice(0, MOST_LISTED).join(", ")}${more}`;
      const what = found.length === 0 ? "names no node of the flow; it has" : "names several nodes; name one of";
      const hint = found.length === 0 ? suggestion(name, paths) : "";
      throw coded(
        "INVALID_PARAMETERS",
        `\`${name}\` in \`${option}\` ${what} ${listed}${hint && `.${hint}`}`,
        undefined,
      );
    });
  }
}

/** What is known of two versions of a flow, and of what their executions are given. */
export interface Comparison {
  before: FlowTree;
  after: FlowTree;
  /** Places in the later one that are to run anew. */
  from: readonly number[];
  /** Places in the earlier one that were given the input of the run. */
  readInput: ReadonlySet<number>;
  hasNewInput: boolean;
  /** Variables that are others than they were. */
  newVariables: ReadonlySet<string>;
  /** Nodes changed variables of the old execution, and may do otherwise now. */
  variablesMoved: boolean;
  types: FlowNodeTypes;
}

/** Places in the later version. */
export interface ChangedNodes {
  /** Nodes that run anew, with all that is in them. */
  inside: Set<number>;
  /** Nodes whose output may be another: these, and groups in which something may be. */
  outputs: Set<number>;
}

/** The nodes that are others by themselves, and all that depends on them. What did not complete is not among them. */
export function changedNodes(comparison: Comparison): ChangedNodes {
  const { before, after, from } = comparison;
  const places = new Map([...after.matches(before)].map(([old, place]) => [place, old]));
  const inside = new Set<number>(from);
  const outputs = new Set<number>();
  const { words } = outlineOf(after.root);
  after.nodes.forEach((node, place) => {
    const old = places.get(place);
    if (old === undefined || isAnother(comparison, place, old)) inside.add(place);
    // The output of a group is that of its last node, or of those that were first in time.
    const mode = branchModeIn(words[OUTLINE_HEADER_WORDS + place * NODE_WORDS + 2] as number);
    const isOther = old !== undefined && idsIn(node) !== idsIn(before.nodes[old] as NodeDefinition);
    if (isOther || mode === "first") outputs.add(place);
  });
  spread(after, inside, outputs);
  return { inside, outputs };
}

/** Adds what depends on what is changed. */
function spread({ nodes, parents, children }: FlowTree, inside: Set<number>, outputs: Set<number>): void {
  const dependents = nodes.map((): number[] => []);
  nodes.forEach((scope, place) => {
    for (const { source, target } of [...(scope.edges ?? []), ...sectionOrder(scope)]) {
      const [from, to] = [children[place]?.get(source), children[place]?.get(target)];
      if (from !== undefined && to !== undefined) dependents[from]?.push(to);
    }
  });
  const open: [place: number, isInside: boolean][] = [...inside].map((place) => [place, true]);
  for (const place of outputs) open.push([place, false]);
  const reach = (place: number, isInside: boolean) => {
    const known = isInside ? inside : outputs;
    if (known.has(place)) return;
    known.add(place);
    open.push([place, isInside]);
  };
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [place, isInside] = next;
    if (isInside) {
      reach(place, false);
      for (const child of children[place]?.values() ?? []) reach(child, true);
      continue;
    }
    if (place !== 0) reach(parents[place] as number, false);
    for (const dependent of dependents[place] ?? []) reach(dependent, true);
  }
}

/** Whether a node is another than it was, or reads something else. */
function isAnother(comparison: Comparison, place: number, old: number): boolean {
  const { before, after } = comparison;
  const [one, other] = [before.nodes[old] as NodeDefinition, after.nodes[place] as NodeDefinition];
  if (isGroup(one) !== isGroup(other)) return true;
  const skipped = place === 0 ? NOT_COMPARED_OF_FLOW : NOT_COMPARED;
  if (textOf(one, skipped) !== textOf(other, skipped)) return true;
  if (place > 0) {
    const edgesBefore = edgesTo(before.nodes[before.parents[old] as number] as NodeDefinition, one.id);
    const edgesAfter = edgesTo(after.nodes[after.parents[place] as number] as NodeDefinition, other.id);
    if (edgesBefore !== edgesAfter) return true;
  }
  return readsSomethingElse(comparison, other, old);
}

function isGroup({ nodes }: NodeDefinition): boolean {
  return (nodes?.length ?? 0) > 0;
}

function idsIn({ nodes = [] }: NodeDefinition): string {
  return JSON.stringify(nodes.map(({ id }) => id));
}

function edgesTo({ edges = [] }: NodeDefinition, id: string): string {
  return JSON.stringify(edges.filter(({ target }) => target === id).map((edge) => textOf<NodeEdge>(edge, ["id"])));
}

/** The text of an object's fields, whatever the order of keys. */
function textOf<T extends object>(of: T, skipped: readonly string[]): string {
  const fields = Object.entries(of).filter(([key]) => !skipped.includes(key));
  return JSON.stringify(Object.fromEntries(fields), (_, value: unknown) =>
    isRecord(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value,
  );
}

/** Groups without a type of their own that do anything but hold nodes. */
const PLAIN_GROUPS: readonly unknown[] = ["group", "parallel", "try"];

/** Whether what a node reads beside its edges may be another. */
function readsSomethingElse(
  { hasNewInput, newVariables, variablesMoved, readInput, types }: Comparison,
  node: NodeDefinition,
  old: number,
): boolean {
  if (!hasNewInput && newVariables.size === 0 && !variablesMoved) return false;
  if (isGroup(node) && PLAIN_GROUPS.includes(node.type)) return false;
  const isKnown = types.closed === true && Object.hasOwn(types.declared ?? {}, node.type);
  // An executable of an application may read all that it is handed.
  if (!isKnown) return true;
  const text = JSON.stringify(node.parameters ?? {});
  const isDynamic = CODE_TYPES.includes(node.type) && REACHES_ALL.test(text);
  if (hasNewInput && readInput.has(old) && (isDynamic || node.type !== "code" || READS_DATA.test(text))) return true;
  if (!variablesMoved && newVariables.size === 0) return false;
  return isDynamic || readsVariables(text, variablesMoved ? undefined : newVariables);
}

/** Types of the library with user code among their parameters. */
const CODE_TYPES: readonly unknown[] = ["code", "condition", "transform", "loop", "until", "python"];

/** In user code: what may reach names by other ways than by writing them. */
const REACHES_ALL = /\\u|\b(?:eval|Function|arguments|globalThis|this|globals|locals|vars|exec|inspect)\b/;
const READS_DATA = /\b(?:inputs?|data|items?|index)\b/;
const VARIABLES = /\bvariables\b(?:\s*\??\.\s*([A-Za-z_$][\w$]*)|\s*\[\s*\\?["']([^"'\\]*)\\?["']\s*\])?/g;

/** Whether parameters, as text, may read one of these variables; without a list, any. */
function readsVariables(text: string, names: ReadonlySet<string> | undefined): boolean {
  return [...text.matchAll(VARIABLES)].some(([, dotted, quoted]) => {
    const name = dotted ?? quoted;
    return name === undefined || names === undefined || names.has(name);
  });
}
