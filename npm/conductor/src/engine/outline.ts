/**
 * A definition reduced to what the engine needs: words for identity, nesting, edges, weights and policies.
 *
 * Definitions, parameters and every other value stay here. The words are also what a run's trace and graph are worked
 * out from later, so that changing a definition after its run changes nothing that was seen.
 */

import { ExpressionLinks, type FlowShape } from "../expressions/links.js";
import { ParameterExpressions } from "../expressions/parameters.js";
import { type NodeDefinition, type NodeEdge, runsInRounds } from "../types/definition.js";
import { backend } from "./backend.js";
import { constants } from "./constants.js";
import {
  BRANCHES_BITS,
  BRANCHES_SHIFT,
  BranchModes,
  CONTINUES_ON_ERROR,
  DISABLED,
  EDGE_WORDS,
  ERROR_NAME,
  JITTER,
  MAX_WIDTH,
  MOST_BRANCHES,
  NO_NAME,
  NODE_WORDS,
  OUTLINE_HEADER_WORDS,
  PARALLEL,
  SAYS_JITTER,
  SECTION_MASK,
  SECTION_SHIFT,
  Section,
  TOLERANT,
} from "./generated.js";
import { PolicyReader, type PolicyWords } from "./policy.js";

export { NODE_WORDS, OUTLINE_HEADER_WORDS, Section };

/** When a group is over whose nodes are branches; `try` where they are sections instead, one after the other. */
export type BranchMode = keyof typeof BranchModes;

const MODES = new Map<number, string>(Object.entries(BranchModes).map(([mode, number]) => [number, mode]));

/** The mode in the flags of a node; missing where its nodes are no branches. */
export function branchModeIn(flags: number): BranchMode | undefined {
  return MODES.get((flags >> BRANCHES_SHIFT) & (2 ** BRANCHES_BITS - 1)) as BranchMode | undefined;
}

/** The section in the width of a node. */
export function sectionIn(width: number): Section {
  return ((width >> SECTION_SHIFT) & SECTION_MASK) as Section;
}

/** Which of the nodes inside a node comes before which because a `try` names them; edges say nothing of that. */
export function* sectionOrder(group: NodeDefinition): Generator<{ source: string; target: string }> {
  const { nodes, type } = group;
  if (type !== "try" || !Array.isArray(nodes)) return;
  const sections = nodes.map((node) => sectionOf(node?.id, group));
  for (const [to, later] of sections.entries()) {
    if (later === Section.body) continue;
    for (const [from, earlier] of sections.entries()) {
      if (earlier < later) yield { source: nodes[from]?.id as string, target: nodes[to]?.id as string };
    }
  }
}

/** What a node is for in the group around it. */
export function sectionOf(id: unknown, around: NodeDefinition): Section {
  if (around.type !== "try" || typeof id !== "string" || id === "") return Section.body;
  const { parameters } = around;
  if (id === parameters?.catch) return Section.catch;
  return id === parameters?.finally ? Section.finally : Section.body;
}

/** A reference of the root, which reads nothing: rate limits follow. */
const END_OF_REFERENCES = [0, 0];

/** The handle by which an edge leaves or arrives that names none. */
export const DEFAULT_HANDLE = "default";

/** A definition reduced to what the engine needs, beside the parts of it that stay in JavaScript. */
export interface Outline {
  /** Header, node records, edge records, references, rate limits; then the input table. */
  words: Uint32Array;
  /** Words of the outline proper. */
  length: number;
  /** The definitions in preorder: index 0 is the node that was run. */
  nodes: NodeDefinition[];
  /** Strings by their number. */
  names: string[];
  /** Number of edges. */
  edges: number;
  /** Whether a policy asks for something that nothing carries out. */
  ignoresPolicies?: boolean;
  /** Whether a policy asks for its node's outputs to be reused. */
  cachesOutputs?: boolean;
  /** Whether a policy names parts of outputs that are not shown; missing where none does. */
  redacts?: boolean;
  /** Whether a policy asks for a process with a label, or a node runs another flow, which may; missing where neither is so. */
  mayAskForLabels?: boolean;
  /** The expressions of parameters; missing without expressions. */
  expressions?: ExpressionLinks;
  /** The limits of nodes as in the words, flat records; missing where no node has a limit. */
  limits?: number[];
}

/** Scratch that grows to the largest flow seen and is never held across a call. */
let nodeWords = new Uint32Array(64 * NODE_WORDS);
let edgeWords = new Uint32Array(64 * EDGE_WORDS);
/** The scratch is in use. */
let encoding = false;
const weights = new Map<string, number>();

/** Makes the outline of a definition. A malformed one gets an outline that does not compile. */
export function outlineOf(root: NodeDefinition): Outline {
  if (!encoding) return encode(root);
  // A definition that starts a run when it is read: what was read so far must stay what it is.
  const [nodes, edges] = [nodeWords, edgeWords];
  nodeWords = nodeWords.slice();
  edgeWords = edgeWords.slice();
  try {
    return encode(root);
  } finally {
    [nodeWords, edgeWords, encoding] = [nodes, edges, true];
  }
}

function encode(root: NodeDefinition): Outline {
  encoding = true;
  try {
    const known = recent.find(({ nodes }) => nodes[0] === root);
    if (known !== undefined && new Encoder(known).confirms(root)) return known;
    const outline = new Encoder().encode(root);
    if (outline.nodes.length <= LARGEST_KEPT) keep(outline, known);
    return outline;
  } finally {
    encoding = false;
  }
}

/** Nodes of the largest flow whose outline is kept: with larger ones, making it is not what takes the time. */
const LARGEST_KEPT = 2048;
const MOST_KEPT = 8;
/** Outlines of the flows that were run last. A flow is mostly run again, with the same objects. */
const recent: Outline[] = [];
let oldest = 0;

function keep(outline: Outline, instead: Outline | undefined): void {
  const place = instead === undefined ? -1 : recent.indexOf(instead);
  if (place !== -1) recent[place] = outline;
  else if (recent.length < MOST_KEPT) recent.push(outline);
  else recent[oldest++ % MOST_KEPT] = outline;
}

/** Parameters of a node that has none. */
const NOTHING_SET: Record<string, unknown> = Object.freeze({});

const ASKS_NOTHING: PolicyWords = Object.freeze({
  retries: 0,
  retryDelay: 0,
  retryJitter: undefined,
  timeout: 0,
  continueOnError: false,
  rateLimit: undefined,
  rateKey: undefined,
  concurrency: 0,
  cacheKey: undefined,
});

/** Walks a definition: to make its outline, or to see whether one that was made before still says the same. */
class Encoder {
  private readonly nodes: NodeDefinition[] = [];
  private readonly names: string[] = ["", "error"];
  private numbers: Map<string, number> | undefined;
  private count = 0;
  private edges = 0;
  /** Around the node that is visited. */
  private loops = 0;
  /** The engine's limits, which a few objects that contain each other soon pass, are: no more is looked at. */
  private tooLarge = false;
  private readonly limits = constants().limits;
  /** A policy makes no sense: the outline must not compile, so that validation says what is wrong. */
  private refused = false;
  private changed = false;
  private policies: PolicyReader | undefined;
  /** A node runs another flow. */
  private runsFlows = false;
  private expressions: Map<number, ParameterExpressions> | undefined;
  /** Node, starts, ms and attempts at once of each. */
  private nodeLimits: number[] | undefined;
  /** The first node with each key of a rate, and how many nodes have the key. */
  private sharedRates: Map<string, { index: number; rateLimit: readonly number[]; nodes: number }> | undefined;
  private readonly tries: { scope: number; group: NodeDefinition }[] = [];

  constructor(private readonly known?: Outline) {}

  encode(root: NodeDefinition): Outline {
    this.numbers = new Map([["error", ERROR_NAME]]);
    this.visit(root, 0, 0);
    const nodeCount = this.count;
    const links = this.expressions === undefined || this.tooLarge ? undefined : this.link(this.expressions);
    if (links?.problems.some(({ isOfCode }) => !isOfCode)) this.refused = true;
    const { nodeLimits } = this;
    const references =
      nodeLimits === undefined
        ? (links?.references ?? [])
        : [...(links?.references ?? []), ...END_OF_REFERENCES, ...nodeLimits];
    const records = OUTLINE_HEADER_WORDS + nodeCount * NODE_WORDS + this.edges * EDGE_WORDS;
    const length = records + references.length;
    // One allocation for all that a flow writes down: typed arrays are dear.
    const words = new Uint32Array(length + tableWords(nodeCount, this.edges));
    // An outline without nodes does not compile.
    words[0] = this.tooLarge || this.refused ? 0 : nodeCount;
    words[1] = this.edges;
    words[2] = this.names.length;
    copy(nodeWords, nodeCount * NODE_WORDS, words, OUTLINE_HEADER_WORDS);
    copy(edgeWords, this.edges * EDGE_WORDS, words, OUTLINE_HEADER_WORDS + nodeCount * NODE_WORDS);
    for (let i = 0; i < references.length; i++) words[records + i] = references[i] as number;
    const { nodes, names, edges } = this;
    const ignoresPolicies = this.policies?.ignoresSome === true || this.hasLoneKey();
    const outline: Outline = { words, length, nodes, names, edges, ignoresPolicies };
    if (this.policies?.cachesSome === true) outline.cachesOutputs = true;
    if (links !== undefined) outline.expressions = links;
    if (this.policies?.redactsSome) outline.redacts = true;
    if (this.runsFlows || this.policies?.asksForLabels) outline.mayAskForLabels = true;
    if (nodeLimits !== undefined) outline.limits = nodeLimits;
    return outline;
  }

  private link(expressions: Map<number, ParameterExpressions>): ExpressionLinks {
    const { names, count, edges, tries } = this;
    const node = (index: number, word: number) => nodeWords[index * NODE_WORDS + word] as number;
    const name = (edge: number, word: number) => names[edgeWords[edge * EDGE_WORDS + word] as number] as string;
    const shape: FlowShape = {
      length: count,
      id: (index) => names[node(index, 0)] as string,
      parent: (index) => node(index, 1),
      isEach: (index) => (node(index, 7) & MAX_WIDTH) !== 0,
      isLeaf: (index) => index + 1 >= count || node(index + 1, 1) !== index,
      *edges() {
        for (let edge = 0; edge < edges; edge++) {
          yield { scope: edgeWords[edge * EDGE_WORDS] as number, source: name(edge, 1), target: name(edge, 2) };
        }
        for (const { scope, group } of tries) {
          for (const order of sectionOrder(group)) yield { scope, ...order };
        }
      },
    };
    return new ExpressionLinks(shape, expressions);
  }

  /** Whether the definition would give the outline that is known, from the same objects. */
  confirms(root: NodeDefinition): boolean {
    const {
      nodes,
      edges,
      limits,
      cachesOutputs = false,
      redacts = false,
      mayAskForLabels = false,
    } = this.known as Outline;
    this.visit(root, 0, 0);
    if (!isSameList(limits, this.nodeLimits) || cachesOutputs !== (this.policies?.cachesSome ?? false)) return false;
    if (redacts !== (this.policies?.redactsSome ?? false)) return false;
    if (mayAskForLabels !== (this.runsFlows || this.policies?.asksForLabels === true)) return false;
    return !this.changed && !this.tooLarge && !this.refused && this.count === nodes.length && this.edges === edges;
  }

  /** Says how often a node may start, and how many attempts of it may be under way. */
  private limit(index: number, { rateLimit = [0, 0], rateKey, concurrency }: PolicyWords): void {
    this.nodeLimits ??= [];
    if (rateKey !== undefined) {
      this.sharedRates ??= new Map();
      const first = this.sharedRates.get(rateKey);
      if (first !== undefined) {
        first.nodes++;
        if (!isSameList(first.rateLimit, rateLimit)) this.refused = true;
        // A record without starts has no rate of its own: its time is the index of the node whose rate it shares, plus one.
        this.nodeLimits.push(index, 0, first.index + 1, 0);
        return;
      }
      this.sharedRates.set(rateKey, { index, rateLimit, nodes: 1 });
    }
    this.nodeLimits.push(index, ...rateLimit, concurrency);
  }

  /** Whether a rate has a key that no other node has. */
  private hasLoneKey(): boolean {
    return this.sharedRates !== undefined && [...this.sharedRates.values()].some(({ nodes }) => nodes === 1);
  }

  /** `groups`: how many are around the node. */
  private visit(node: NodeDefinition, parent: number, groups: number, section: Section = Section.body): void {
    const index = this.count;
    if (index > this.limits.nodes) this.tooLarge = true;
    // Once refused, the rest is of no interest; it may have no end.
    if (this.tooLarge || this.changed) return;
    if (this.known === undefined) this.nodes.push(node);
    else if (this.known.nodes[index] !== node) this.changed = true;
    this.count++;
    this.pushNode(node, index, parent, section);
    const children = node?.nodes;
    if (!Array.isArray(children) || children.length === 0) return;
    if (groups >= this.limits.groups) {
      this.tooLarge = true;
      return;
    }
    const edges = node.edges;
    if (Array.isArray(edges)) {
      if (this.edges + edges.length > this.limits.edges) this.tooLarge = true;
      if (this.tooLarge) return;
      for (let i = 0; i < edges.length; i++) this.pushEdge(edges[i] as NodeEdge, index);
    }
    const loops = runsInRounds(node.type) ? 1 : 0;
    this.loops += loops;
    for (let i = 0; i < children.length && !this.tooLarge; i++) {
      const child = children[i] as NodeDefinition;
      this.visit(child, index, groups + 1, node.type === "try" ? sectionOf(child?.id, node) : Section.body);
    }
    this.loops -= loops;
  }

  private pushNode(node: NodeDefinition, index: number, parent: number, section: Section): void {
    const { known } = this;
    let at = index * NODE_WORDS;
    if (known !== undefined) at += OUTLINE_HEADER_WORDS;
    else if (at + NODE_WORDS > nodeWords.length) nodeWords = grown(nodeWords);
    const type: unknown = node?.type;
    const typed = typeof type === "string" && type !== "";
    if (type === "sub-flow") this.runsFlows = true;
    // A node without a type is as little to be run as one without id.
    this.put(nodeWords, at, typed ? this.number(node.id, at) : NO_NAME);
    this.put(nodeWords, at + 1, parent);
    const parameters = node?.parameters;
    const set = typeof parameters === "object" && parameters !== null ? parameters : NOTHING_SET;
    const asks = this.policyOf(node, set);
    const disabled = set.enabled === false ? DISABLED : 0;
    const branches = branchBits(type, node, set);
    if (branches === undefined) this.refused = true;
    else if (branches === BranchModes.try) this.tries.push({ scope: index, group: node });
    const flags = asks.continueOnError ? disabled | CONTINUES_ON_ERROR : disabled;
    this.put(nodeWords, at + 2, flags | ((branches ?? 0) << BRANCHES_SHIFT));
    this.put(nodeWords, at + 3, weightOf(type));
    this.put(nodeWords, at + 4, asks.retries);
    this.put(nodeWords, at + 5, asks.retryDelay);
    this.put(nodeWords, at + 6, asks.timeout);
    if (asks.rateLimit !== undefined || asks.concurrency > 0) this.limit(index, asks);
    this.put(
      nodeWords,
      at + 7,
      (runsInRounds(type) ? frameWidth(type, node, set) : isParallel(node, set) ? PARALLEL : 0) |
        (section << SECTION_SHIFT) |
        jitterBits(asks.retryJitter),
    );
    if (set === NOTHING_SET && asks.cacheKey === undefined) return;

    const expressions = ParameterExpressions.of(type, set, asks.cacheKey);
    if (known !== undefined) {
      // Texts may have changed in place.
      const before = known.expressions?.byNode.get(index);
      if (expressions === undefined ? before !== undefined : before?.isSame(expressions) !== true) this.changed = true;
    } else if (expressions !== undefined) {
      this.expressions ??= new Map();
      this.expressions.set(index, expressions);
    }
  }

  private policyOf(node: NodeDefinition, set: Record<string, unknown>): PolicyWords {
    // Most nodes ask for nothing.
    const { policy } = node ?? {};
    if ((policy === undefined || policy === null) && asksNothing(set)) return ASKS_NOTHING;
    this.policies ??= new PolicyReader();
    this.policies.isInLoop = this.loops > 0;
    if (!this.policies.read(node, set)) this.refused = true;
    return this.policies;
  }

  private pushEdge(edge: NodeEdge, scope: number): void {
    const { known } = this;
    let at = this.edges * EDGE_WORDS;
    if (known !== undefined) at += OUTLINE_HEADER_WORDS + known.nodes.length * NODE_WORDS;
    else if (at + EDGE_WORDS > edgeWords.length) edgeWords = grown(edgeWords);
    this.edges++;
    this.put(edgeWords, at, scope);
    this.put(edgeWords, at + 1, this.number(edge?.source, at + 1));
    this.put(edgeWords, at + 2, this.number(edge?.target, at + 2));
    this.put(edgeWords, at + 3, this.number(edge?.sourceHandle, at + 3));
    this.put(edgeWords, at + 4, this.number(edge?.targetHandle, at + 4));
  }

  /** Writes a word, or sees whether the known outline has it there. */
  private put(words: Uint32Array, at: number, word: number): void {
    const { known } = this;
    if (known === undefined) words[at] = word;
    else if (known.words[at] !== word) this.changed = true;
  }

  /** The number of a string. `place` is where the known outline has it. */
  private number(text: unknown, place: number): number {
    if (typeof text !== "string" || text === "") return NO_NAME;
    const { known, numbers } = this;
    if (numbers === undefined) {
      const number = (known as Outline).words[place] as number;
      if ((known as Outline).names[number] === text) return number;
      this.changed = true;
      return NO_NAME;
    }
    let number = numbers.get(text);
    if (number === undefined) {
      number = this.names.length;
      numbers.set(text, number);
      this.names.push(text);
    }
    return number;
  }
}

/** How many rounds of its children a node runs at once, and whether it goes on after one that failed; 0 when it has none. */
function frameWidth(type: unknown, { nodes }: NodeDefinition, set: Record<string, unknown>): number {
  if (!Array.isArray(nodes) || nodes.length === 0) return 0;
  const { concurrency, onError } = set;
  const isWidth = typeof concurrency === "number" && concurrency >= 1;
  const width = isWidth ? Math.min(Math.floor(concurrency), MAX_WIDTH) : 1;
  return type === "loop" && onError === "continue" ? width | TOLERANT : width;
}

/** What a policy says of spread backoffs. */
function jitterBits(retryJitter: boolean | undefined): number {
  return retryJitter === undefined ? 0 : retryJitter ? SAYS_JITTER | JITTER : SAYS_JITTER;
}

/** When a group of branches is over, as the engine knows it; 0 for a node without a mode, `undefined` where the mode makes no sense. */
function branchBits(type: unknown, node: NodeDefinition, set: Record<string, unknown>): number | undefined {
  if (type === "try") return tryBits(node.nodes, set);
  const { mode, count } = set;
  // What is no object has no type.
  if (type !== "parallel" || mode === undefined || mode === null) return 0;
  const { nodes } = node;
  if (!Array.isArray(nodes) || nodes.length === 0) return undefined;
  if (typeof mode !== "string" || mode === "try" || !Object.hasOwn(BranchModes, mode)) return undefined;
  const number = BranchModes[mode as BranchMode];
  if (mode !== "first") return number;
  const wanted = count ?? 1;
  const fits = typeof wanted === "number" && Number.isInteger(wanted) && wanted >= 1 && wanted <= MOST_BRANCHES;
  return fits ? number | (wanted << BRANCHES_BITS) : undefined;
}

/** The same of a `try`: its `catch` and `finally` are ids of two of its nodes, where they say anything. */
function tryBits(nodes: unknown, set: Record<string, unknown>): number | undefined {
  if (!Array.isArray(nodes) || nodes.length === 0) return 0;
  const named = [set.catch, set.finally].filter((id) => id !== undefined && id !== null && id !== "");
  const isInside = (id: unknown) => nodes.some((node: NodeDefinition | undefined) => node?.id === id);
  return new Set(named).size === named.length && named.every(isInside) ? BranchModes.try : undefined;
}

/** Whether a group asks for its nodes to run side by side. */
function isParallel(node: NodeDefinition, { parallel }: Record<string, unknown>): boolean {
  return parallel === true && Array.isArray(node.nodes) && node.nodes.length > 0;
}

function isSameList(a: readonly number[] | undefined, b: readonly number[] | undefined): boolean {
  return a === b || (a?.length === b?.length && a?.every((value, index) => value === b?.[index]) === true);
}

function asksNothing({ retries, retryDelay, timeout }: Record<string, unknown>): boolean {
  return retries === undefined && retryDelay === undefined && timeout === undefined;
}

function weightOf(type: unknown): number {
  if (typeof type !== "string") return 0;
  let weight = weights.get(type);
  if (weight === undefined) {
    weight = backend().weightOf(type);
    // Types are few; a flood of made-up ones must not stay in memory.
    if (weights.size < 4096) weights.set(type, weight);
  }
  return weight;
}

/** Copies without a view where that is cheaper: making one takes as long as copying some hundred words. */
function copy(from: Uint32Array, length: number, to: Uint32Array, at: number): void {
  if (length > 512) to.set(from.subarray(0, length), at);
  else for (let i = 0; i < length; i++) to[at + i] = from[i] as number;
}

function grown(words: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(words.length * 2);
  larger.set(words);
  return larger;
}

/** Whether the backoffs of a node are spread; `undefined` where its policy does not say. */
export function outlinedJitter({ words }: Pick<Outline, "words">, index: number): boolean | undefined {
  const width = words[OUTLINE_HEADER_WORDS + index * NODE_WORDS + 7] as number;
  return (width & SAYS_JITTER) === 0 ? undefined : (width & JITTER) !== 0;
}

/** Whether a run draws on its seed for the backoffs of some node. */
export function spreadsBackoffs(outline: Outline): boolean {
  return outline.nodes.some((_, index) => outlinedJitter(outline, index) === true);
}

/** The id of a node as it was when the outline was made. */
export function outlinedId({ words, names }: Pick<Outline, "words" | "names">, index: number): string {
  return names[words[OUTLINE_HEADER_WORDS + index * NODE_WORDS] as number] as string;
}

/** The node that encloses a node; the root encloses itself. */
export function outlinedParent({ words }: Pick<Outline, "words">, index: number): number {
  return words[OUTLINE_HEADER_WORDS + index * NODE_WORDS + 1] as number;
}

/** Words of an input table. */
function tableWords(nodes: number, edges: number): number {
  return nodes + 1 + edges * 2 + nodes * 2;
}
