/** Which outputs of other nodes expressions read: found once per outline, and checked against its edges. */
import { suggestion } from "./failure.js";
import type { ParameterExpressions, ParameterPath } from "./parameters.js";

/** The shape of a flow, nodes in preorder: a parent before its children. */
export interface FlowShape {
  length: number;
  id(node: number): string;
  /** The root encloses itself. */
  parent(node: number): number;
  /** Whether it runs its children once per item. */
  isEach(node: number): boolean;
  isLeaf(node: number): boolean;
  /** The edges of all scopes, by scope and the ids of its children. */
  edges(): Iterable<{ scope: number; source: string; target: string }>;
}

/** What is wrong with an expression of a node. */
export interface LinkProblem {
  node: number;
  place: ParameterPath;
  message: string;
  code: "INVALID_PARAMETERS" | "NODE_NOT_FOUND";
  /** It is about user code: whether that is what it looks like shows when the node runs it, and then fails. */
  isOfCode?: true;
}

/** Parameters that the engine reads before a node starts. */
const EARLY = ["enabled", "retries", "retryDelay", "timeout"];
/** The same for what runs its children once per item. */
const EARLY_IN_LOOPS = ["concurrency", "loopType", "parallel"];

/** The expressions of a flow's nodes, and what they read. */
export class ExpressionLinks {
  readonly problems: LinkProblem[] = [];
  /**
   * Pairs of nodes in one scope: one whose output is read, and before it the one that reads it or contains what does. The
   * engine keeps the output until the reader is over.
   */
  readonly references: number[] = [];
  /** By node: the nodes that its expressions name, by id. */
  private readonly reads = new Map<number, ReadonlyMap<string, number>>();

  constructor(
    private readonly shape: FlowShape,
    readonly byNode: ReadonlyMap<number, ParameterExpressions>,
  ) {
    const scopes = new Scopes(shape);
    const pairs = new Set<number>();
    for (const [node, expressions] of byNode) {
      for (const { path: place, message } of expressions.problems) {
        this.problems.push({ node, place, message, code: "INVALID_PARAMETERS" });
      }
      for (const name of shape.isLeaf(node) ? EARLY : [...EARLY, ...EARLY_IN_LOOPS]) {
        if (!expressions.isIn(name)) continue;
        const message = `\`${name}\` is read before the node starts, so it cannot be an expression; nor can a \`policy\``;
        this.problems.push({ node, place: [name], message, code: "INVALID_PARAMETERS" });
      }
      if (expressions.loopPath !== undefined && !this.isInLoop(node)) {
        const message =
          "`item`, `index`, `items` and `loop` are there for nodes inside a loop, and this one is in none";
        this.problems.push({ node, place: expressions.loopPath, message, code: "INVALID_PARAMETERS" });
      }
      for (const { path: place, message } of expressions.codeProblems) {
        this.problems.push({ node, place, message, code: "INVALID_PARAMETERS", isOfCode: true });
      }
      if (expressions.nodes.size + expressions.codeNodes.size > 0) this.link(node, expressions, scopes, pairs);
    }
  }

  /** What is wrong with the names that the user code of a node reads. */
  problemOfCode(node: number): LinkProblem | undefined {
    return this.problems.find((problem) => problem.node === node && problem.isOfCode);
  }

  /** The node that an id stands for in the expressions of a node. */
  read(node: number, id: string): number | undefined {
    return this.reads.get(node)?.get(id);
  }

  private isInLoop(node: number): boolean {
    for (let at = node; at !== 0; at = this.shape.parent(at)) if (this.shape.isEach(this.shape.parent(at))) return true;
    return false;
  }

  private link(node: number, { nodes, codeNodes }: ParameterExpressions, scopes: Scopes, pairs: Set<number>): void {
    const reads = new Map<string, number>();
    const named = codeNodes.size === 0 ? nodes : new Map([...codeNodes, ...nodes]);
    const before = scopes.before(node, named);
    for (const [id, place] of named) {
      const found = before.get(id);
      if (found === undefined) {
        const message = missing(id, node, this.shape, scopes);
        const problem: LinkProblem = { node, place, message, code: "NODE_NOT_FOUND" };
        this.problems.push(nodes.has(id) ? problem : { ...problem, isOfCode: true });
        continue;
      }
      reads.set(id, found.node);
      const pair = found.reader * this.shape.length + found.node;
      if (pairs.has(pair)) continue;
      pairs.add(pair);
      this.references.push(found.reader, found.node);
    }
    this.reads.set(node, reads);
  }
}

/** A node before another: `reader` is that other node, or the group around it in the scope of both. */
interface Before {
  node: number;
  reader: number;
}

const MOST_LISTED = 20;

function missing(id: string, node: number, shape: FlowShape, scopes: Scopes): string {
  const known = [...scopes.before(node).keys()];
  const listed = known.slice(0, MOST_LISTED).map((name) => `\`${name}\``);
  if (known.length > MOST_LISTED) listed.push(`${known.length - MOST_LISTED} more`);
  const there =
    listed.length === 0 ? "No node stands before it: an edge has to lead here" : `Before it stand ${listed.join(", ")}`;
  const why = scopes.has(id)
    ? `\`nodes.${id}\` cannot be read here: no edges lead from \`${id}\` to \`${shape.id(node)}\`, so it may not have run yet.`
    : `There is no node \`${id}\`.${suggestion(id, known)}`;
  return `${why} ${there}`;
}

/** Which nodes stand before which, worked out scope by scope on demand. */
class Scopes {
  /** By node: the siblings from which edges lead to it. */
  private readonly sources: (number[] | undefined)[];
  private readonly ids: Set<string>;
  private readonly marks: Uint32Array;
  private mark = 0;

  constructor(private readonly shape: FlowShape) {
    this.sources = new Array(shape.length);
    this.ids = new Set();
    this.marks = new Uint32Array(shape.length);
    const children: (Map<string, number> | undefined)[] = [];
    for (let node = 1; node < shape.length; node++) {
      const id = shape.id(node);
      this.ids.add(id);
      const siblings = children[shape.parent(node)] ?? new Map<string, number>();
      children[shape.parent(node)] = siblings.set(id, node);
    }
    for (const { scope, source, target } of shape.edges()) {
      const [from, to] = [children[scope]?.get(source), children[scope]?.get(target)];
      if (from === undefined || to === undefined) continue;
      const sources = this.sources[to];
      if (sources === undefined) this.sources[to] = [from];
      else sources.push(from);
    }
  }

  has(id: string): boolean {
    return this.ids.has(id);
  }

  /**
   * The nodes before a node by id, or those that are wanted of them: in its scope, then before the groups around it. The
   * nearest of an id counts.
   */
  before(node: number, wanted?: ReadonlyMap<string, unknown>): Map<string, Before> {
    const found = new Map<string, Before>();
    for (let reader = node; reader !== 0; reader = this.shape.parent(reader)) {
      const mark = ++this.mark;
      const open = [reader];
      this.marks[reader] = mark;
      for (let at = open.pop(); at !== undefined; at = open.pop()) {
        for (const source of this.sources[at] ?? []) {
          if (this.marks[source] === mark) continue;
          this.marks[source] = mark;
          open.push(source);
          const id = this.shape.id(source);
          if ((wanted === undefined || wanted.has(id)) && !found.has(id)) {
            found.set(id, { node: source, reader });
            if (found.size === wanted?.size) return found;
          }
        }
      }
    }
    return found;
  }
}
