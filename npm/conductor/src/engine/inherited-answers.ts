/**
 * A run that takes over answers of another execution: which of them, decided task by task when it begins.
 *
 * An answer is taken over where nothing that it depends on has changed: what edges and the groups around it bring. What
 * expressions name stands before their node over edges, so edges tell of that as well. Which nodes are others by
 * themselves is known beforehand; what else runs anew, because no answer is known, shows only as the run goes.
 */
import { Section } from "./outline.js";
import type { Plan } from "./plan.js";
import type { Inheritance, InheritedAnswer } from "./recorder.js";
import type { Values } from "./values.js";

/** What a run may take over. */
export interface Inheritable {
  /** Nodes, by their place in the outline, that are to run anew with all that is in them. */
  inside: ReadonlySet<number>;
  /** Nodes whose output may be another. */
  outputs: ReadonlySet<number>;
  /** The answer of a node under a key of {@link leafKey} or {@link itemsKey}. */
  answer(node: number, key: string): InheritedAnswer | undefined;
}

/** A node in the rounds around it. */
interface Instance {
  node: number;
  position: string;
}

/** The key of a leaf's answer: the rounds that it is in. */
export function leafKey(position: string): string {
  return position;
}

/** The key of a loop's items beyond those known. */
export function itemsKey(position: string, known: number): string {
  return `${position}#${known}`;
}

/** Which answers one run takes over. */
export class AnswerInheritance implements Inheritance {
  /** What ran anew, and the groups around it. */
  private readonly anew = new Set<string>();
  /** Whether what goes into a node, or is around it, may be another; once that is known. */
  private readonly reached = new Map<string, boolean>();

  constructor(
    private readonly plan: Plan,
    private readonly values: Pick<Values, "nodeOf" | "positionOf">,
    private readonly inheritable: Inheritable,
  ) {}

  leaf(task: number): InheritedAnswer | undefined {
    const at = this.instance(task);
    const answer = this.isReached(at) ? undefined : this.inheritable.answer(at.node, leafKey(at.position));
    if (answer === undefined) this.markAnew(at);
    return answer;
  }

  items(task: number, known: number): InheritedAnswer | undefined {
    const at = this.instance(task);
    // Further rounds may depend on those before them.
    const isAnew = this.anew.has(keyOf(at)) || this.isReached(at);
    const answer = isAnew ? undefined : this.inheritable.answer(at.node, itemsKey(at.position, known));
    if (answer === undefined) {
      this.markAnew(at);
      this.reached.set(keyOf(at), true);
    }
    return answer;
  }

  reset(): void {
    for (const [key, isReached] of this.reached) if (!isReached) this.reached.delete(key);
  }

  private instance(task: number): Instance {
    return { node: this.values.nodeOf(task), position: this.values.positionOf(task) };
  }

  private markAnew(at: Instance): void {
    for (let inner: Instance | undefined = at; inner !== undefined; inner = this.around(inner)) {
      const key = keyOf(inner);
      if (this.anew.has(key)) return;
      this.anew.add(key);
    }
  }

  /** The group around a node. */
  private around({ node, position }: Instance): Instance | undefined {
    if (node === 0) return undefined;
    const parent = this.plan.parent(node);
    if (!this.plan.isEach(parent)) return { node: parent, position };
    return { node: parent, position: position.slice(0, Math.max(0, position.lastIndexOf("."))) };
  }

  /** Whether what goes into a node, or is around it, may be another. Needs no stack of calls: flows may be long chains. */
  private isReached(at: Instance): boolean {
    const open = [at];
    for (let last = at; open.length > 0; last = open.at(-1) as Instance) {
      const found = this.reached.get(keyOf(last)) ?? this.look(last, open);
      if (found === undefined) continue;
      this.reached.set(keyOf(last), found);
      open.pop();
    }
    return this.reached.get(keyOf(at)) === true;
  }

  /** The same; `undefined` where others have to be looked at before, which are pushed on `open`. */
  private look(at: Instance, open: Instance[]): boolean | undefined {
    if (this.inheritable.inside.has(at.node)) return true;
    const unknown: Instance[] = [];
    const around = this.around(at);
    const needed = around === undefined ? [] : [around];
    for (const node of this.sources(at.node)) {
      const source = { node, position: at.position };
      if (this.inheritable.outputs.has(node) || this.anew.has(keyOf(source))) return true;
      needed.push(source);
    }
    for (const other of needed) {
      const isReached = this.reached.get(keyOf(other));
      if (isReached === true) return true;
      if (isReached === undefined) unknown.push(other);
    }
    open.push(...unknown);
    return unknown.length > 0 ? undefined : false;
  }

  /** The nodes on which one depends in its scope: by edges, and in a `try` those of earlier sections. */
  private *sources(node: number): Generator<number> {
    const { plan } = this;
    for (let input = plan.firstInput(node); input < plan.firstInput(node + 1); input++) {
      const source = plan.sourceNode(input);
      if (source !== undefined) yield source;
    }
    const section = plan.section(node);
    if (section === Section.body) return;
    for (const other of plan.children(plan.parent(node))) if (plan.section(other) < section) yield other;
  }
}

function keyOf({ node, position }: Instance): string {
  return `${node} ${position}`;
}
