/** What the engine made of an outline, as the driver reads it: where inputs come from, what policies say, the order. */
import type { NodeDefinition } from "../types/definition.js";
import {
  CONTINUES_ON_ERROR,
  DISABLED,
  EDGE_WORDS,
  ERROR_NAME,
  MAX_WIDTH,
  NO_NAME,
  NODE_WORDS,
  OUTLINE_HEADER_WORDS,
} from "./generated.js";
import {
  type BranchMode,
  branchModeIn,
  DEFAULT_HANDLE,
  type Outline,
  outlinedId,
  outlinedJitter,
  outlinedParent,
  Section,
  sectionIn,
} from "./outline.js";
import { cachePolicyOf } from "./policy.js";

/** Where an edge comes from: a node, and the handle by which it leaves. */
interface SourceEnd {
  node: number | undefined;
  handle: string;
}

/** Where a node's input comes from, read from the table that the engine wrote when it opened a run of the outline. */
export class Plan {
  private readonly table: number;
  /** The far ends of edges, by input; made when they are first asked for. */
  private sourceEnds: readonly SourceEnd[] | undefined;
  /** Whether what goes by `default` is lost, by node; made when it is first asked for. */
  private lostDefaults: Map<number, boolean> | undefined;
  /** Made when an answer first names handles. */
  private numbers: Map<string, number> | undefined;
  private readonly pairs: number;
  private readonly outputs: number;
  readonly words: Uint32Array;

  constructor(readonly outline: Outline) {
    this.words = outline.words;
    this.table = outline.length;
    this.pairs = this.table + outline.nodes.length + 1;
    this.outputs = this.pairs + outline.edges * 2;
  }

  /** The outline's words, as the engine's questions take them. */
  get outlineWords(): Uint32Array {
    return this.words.subarray(0, this.outline.length);
  }

  /** Number of nodes. */
  get length(): number {
    return this.outline.nodes.length;
  }

  /** The definition of a node. */
  node(index: number): NodeDefinition {
    return this.outline.nodes[index] as NodeDefinition;
  }

  /** The id of a node as it was when the outline was made, whatever became of the definition. */
  id(index: number): string {
    return outlinedId(this.outline, index);
  }

  /** The node that encloses a node; the root encloses itself. */
  parent(index: number): number {
    return outlinedParent(this, index);
  }

  /** The first of a node's inputs in the table. */
  firstInput(index: number): number {
    return this.words[this.table + index] as number;
  }

  /** The key under which an input is seen. */
  inputKey(input: number): string {
    const name = this.words[this.pairs + input * 2] as number;
    return name === NO_NAME ? DEFAULT_HANDLE : (this.outline.names[name] as string);
  }

  /** The handle by which the edge of an input leaves its source. */
  sourceHandle(input: number): string {
    return this.sourceEnd(input)?.handle ?? DEFAULT_HANDLE;
  }

  /** The node from which the edge of an input comes. */
  sourceNode(input: number): number | undefined {
    return this.sourceEnd(input)?.node;
  }

  private sourceEnd(input: number): SourceEnd | undefined {
    this.sourceEnds ??= this.readSourceEnds();
    return this.sourceEnds[input];
  }

  /** The inputs of a node are in the order of the edges that lead to it. */
  private readSourceEnds(): SourceEnd[] {
    const { words, outline } = this;
    const nodes = new Map<string, number>();
    const nameOf = (scope: number, id: number) => `${scope} ${id}`;
    for (let node = 1; node < this.length; node++) {
      nodes.set(nameOf(this.parent(node), words[OUTLINE_HEADER_WORDS + node * NODE_WORDS] as number), node);
    }
    const next = Array.from(outline.nodes, (_, node) => this.firstInput(node));
    const found: SourceEnd[] = [];
    const first = OUTLINE_HEADER_WORDS + this.length * NODE_WORDS;
    for (let at = first; at < first + outline.edges * EDGE_WORDS; at += EDGE_WORDS) {
      const target = nodes.get(nameOf(words[at] as number, words[at + 2] as number));
      if (target === undefined) continue;
      const source = nodes.get(nameOf(words[at] as number, words[at + 1] as number));
      const handle = words[at + 3] as number;
      // What a group or a disabled node hands on is whole: the handles of the node that made it end there.
      const ends = source === undefined || !this.isLeaf(source) || this.isDisabled(source);
      const name = handle === NO_NAME ? DEFAULT_HANDLE : (outline.names[handle] as string);
      found[next[target] as number] = { node: source, handle: ends ? "" : name };
      (next[target] as number)++;
    }
    return found;
  }

  /** The slot that an input reads, as a node index; from {@link length} on it reads the error of a node instead. */
  inputSlot(input: number): number {
    return this.words[this.pairs + input * 2 + 1] as number;
  }

  /** Whether expressions of a node, or inside it, name another node of its scope. */
  refersTo(reader: number, read: number): boolean {
    const { references = [] } = this.outline.expressions ?? {};
    for (let at = 0; at < references.length; at += 2) {
      if (references[at] === reader && references[at + 1] === read) return true;
    }
    return false;
  }

  /** The node whose slot holds a node's output. */
  output(index: number): number {
    return this.words[this.outputs + index] as number;
  }

  /** Nodes in plan order. */
  order(position: number): number {
    return this.words[this.outputs + this.length + position] as number;
  }

  /** Whether a node has no children. */
  isLeaf(index: number): boolean {
    return index + 1 >= this.length || this.parent(index + 1) !== index;
  }

  /** Whether a node runs its children once per item. */
  isEach(index: number): boolean {
    return ((this.words[OUTLINE_HEADER_WORDS + index * NODE_WORDS + 7] as number) & MAX_WIDTH) !== 0;
  }

  /** When a group is over whose nodes are branches or sections; `undefined` for every other node. */
  branchMode(index: number): BranchMode | undefined {
    return branchModeIn(this.words[OUTLINE_HEADER_WORDS + index * NODE_WORDS + 2] as number);
  }

  /** What a node is for in a `try`; the body of it, as all nodes that are in none. */
  section(index: number): Section {
    return sectionIn(this.words[OUTLINE_HEADER_WORDS + index * NODE_WORDS + 7] as number);
  }

  /** Whether a `try` runs a node of its own after a failure. */
  hasCatch(index: number): boolean {
    for (let node = index + 1; node < this.length && node < this.end(index); node = this.end(node)) {
      if (this.section(node) === Section.catch) return !this.isDisabled(node);
    }
    return false;
  }

  /** Whether a node hands on what comes in instead of running. */
  isDisabled(index: number): boolean {
    return ((this.words[OUTLINE_HEADER_WORDS + index * NODE_WORDS + 2] as number) & DISABLED) !== 0;
  }

  /** The weight of a leaf's progress. */
  weight(index: number): number {
    return this.words[OUTLINE_HEADER_WORDS + index * NODE_WORDS + 3] as number;
  }

  /** The deadline of one attempt at a node in ms; 0 for none. */
  timeout(index: number): number {
    return this.words[OUTLINE_HEADER_WORDS + index * NODE_WORDS + 6] as number;
  }

  /** Further attempts that a node asks for; `undefined` where it asks for nothing. */
  retries(index: number): number | undefined {
    const word = this.words[OUTLINE_HEADER_WORDS + index * NODE_WORDS + 4] as number;
    return word === 0 ? undefined : word - 1;
  }

  /** The first backoff of a node in ms; `undefined` where it asks for none. */
  retryDelay(index: number): number | undefined {
    const word = this.words[OUTLINE_HEADER_WORDS + index * NODE_WORDS + 5] as number;
    return word === 0 ? undefined : word - 1;
  }

  /** Whether the backoffs of a node are spread; `undefined` where its policy does not say. */
  retryJitter(index: number): boolean | undefined {
    return outlinedJitter(this, index);
  }

  /** Whether the run goes on after a failure of a node that no edge takes. */
  continuesOnError(index: number): boolean {
    if (index === 0) return false;
    const flags = this.words[OUTLINE_HEADER_WORDS + index * NODE_WORDS + 2] as number;
    return (flags & CONTINUES_ON_ERROR) !== 0 && !this.catches(index);
  }

  /** Whether an edge takes the error of a node. */
  catches(index: number): boolean {
    if (index === 0) return false;
    return this.handlesLeft(index).includes(ERROR_NAME);
  }

  /** Whether what a node sends by `default` is lost: edges leave it by other handles alone, and no expression names it. */
  losesDefault(index: number): boolean {
    this.lostDefaults ??= new Map();
    let isLost = this.lostDefaults.get(index);
    if (isLost === undefined) {
      const handles = this.handlesLeft(index).filter((handle) => handle !== ERROR_NAME);
      const ways = [NO_NAME, this.nameNumber(DEFAULT_HANDLE)];
      isLost = handles.length > 0 && !handles.some((handle) => ways.includes(handle)) && !this.isReferredTo(index);
      this.lostDefaults.set(index, isLost);
    }
    return isLost;
  }

  /** The numbers of the handles by which edges leave a node. */
  private handlesLeft(index: number): number[] {
    const { words } = this;
    const id = words[OUTLINE_HEADER_WORDS + index * NODE_WORDS];
    const scope = this.parent(index);
    const handles: number[] = [];
    const first = OUTLINE_HEADER_WORDS + this.length * NODE_WORDS;
    for (let at = first; at < first + this.outline.edges * EDGE_WORDS; at += EDGE_WORDS) {
      if (words[at] === scope && words[at + 1] === id) handles.push(words[at + 3] as number);
    }
    return handles;
  }

  /** Whether expressions of other nodes name a node. */
  private isReferredTo(read: number): boolean {
    const { references = [] } = this.outline.expressions ?? {};
    for (let at = 1; at < references.length; at += 2) if (references[at] === read) return true;
    return false;
  }

  /** Whether the policy of a node asks for its outputs to be reused. */
  asksForCache(index: number): boolean {
    return this.outline.cachesOutputs === true && cachePolicyOf(this.node(index).policy?.cache) !== undefined;
  }

  /** Whether the flow does something about the failure of a node: it is tried again, handed on, or gone on after. */
  handlesErrors(index: number): boolean {
    return (this.retries(index) ?? 0) > 0 || this.catches(index) || this.continuesOnError(index);
  }

  /** One past the last node of a node's subtree. */
  end(index: number): number {
    let end = index + 1;
    while (end < this.length && this.parent(end) >= index) end++;
    return end;
  }

  /** The direct children of a node, in declared order. */
  children(index: number): number[] {
    const children: number[] = [];
    for (let node = index + 1, end = this.end(index); node < end; node++) {
      if (this.parent(node) === index) children.push(node);
    }
    return children;
  }

  /** The number by which the engine knows a handle, or -1 when no edge names it. */
  nameNumber(text: string): number {
    this.numbers ??= new Map(this.outline.names.map((name, number) => [name, number]));
    return this.numbers.get(text) ?? -1;
  }
}
