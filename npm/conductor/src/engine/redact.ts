/** Parts of outputs that nothing outside of a run sees, as `redact` in the policies of its nodes names them. */
import { REDACTED, type Redaction } from "../expressions/redaction.js";
import type { NodeDefinition } from "../types/definition.js";
import type { Outline } from "./outline.js";
import { Copy, partsOf } from "./parts.js";
import type { Plan } from "./plan.js";

/** A step of a path: a key, any one key (`*`), or any number of them (`**`). */
type Step = string;

/** One path of a node's `redact`. */
export interface Pattern {
  text: string;
  steps: readonly Step[];
  /** Of the outline, whose policy has it. */
  node: number;
  /** Something was found there, in some output. */
  isFound: boolean;
}

/** A pattern, and how many of its steps have been taken. */
export interface Progress {
  pattern: Pattern;
  at: number;
}

/** Parts of a value that were left out, by their paths. */
export interface Redacted {
  value: unknown;
  paths: string[];
}

/** Levels of a value that are looked into. What lies deeper is redacted as a whole. */
const DEEPEST = 500;
/** Shorter texts are hidden where they are alone: other values may have them by chance. */
export const SHORTEST_WHOLE = 8;
/** Paths of one value that are told. */
export const MOST_PATHS = 20;

const PATH = /\.?([^.[\]]+)|\[(?:(\*|\d+)|"([^"]*)")\]/y;
/** The steps of a path as `redact` has it. */
export function stepsOf(path: string): Step[] {
  const steps: Step[] = [];
  PATH.lastIndex = 0;
  for (let match = PATH.exec(path); match !== null; match = PATH.exec(path)) {
    steps.push((match[1] ?? match[2] ?? match[3]) as string);
  }
  return steps;
}

/** What one run shows of its values. */
export class RunRedact {
  /** By place in the outline; those of the groups around a node count for it as well. */
  private readonly patterns = new Map<number, readonly Pattern[]>();
  /** Parts that are not shown, by what they are in. */
  private readonly parts = new WeakMap<object, Set<string>>();
  /** Values that are not shown at all. */
  private readonly whole = new Set<unknown>();
  /** Nodes, by place in the outline, of whose outputs nothing is shown. */
  private readonly hidden = new Set<number>();
  /** Nodes, by place in the outline, that gave an output. */
  private readonly answered = new Set<number>();
  /** Something was found that is not shown. */
  hidesSome = false;

  constructor(
    outline: Outline,
    private readonly redaction: Redaction,
  ) {
    const visit = (node: NodeDefinition, around: readonly Pattern[]) => {
      const place = index++;
      const { redact } = node.policy ?? {};
      const own = (redact ?? []).map((text) => ({ text, steps: stepsOf(text), node: place, isFound: false }));
      const all = own.length === 0 ? around : [...around, ...own];
      if (all.length > 0) this.patterns.set(place, all);
      for (const child of node.nodes ?? []) visit(child, all);
    };
    let index = 0;
    visit(outline.nodes[0] as NodeDefinition, []);
  }

  /** Notes what of an output, or of the run's input, is not shown. `node`: by place in the outline. */
  note(node: number, value: unknown, isOutput = true): void {
    if (isOutput) this.answered.add(node);
    const patterns = this.patterns.get(node);
    if (patterns === undefined || value === undefined) return;
    const progress = patterns.map((pattern) => ({ pattern, at: 0 }));
    if (!this.mark(value, progress, 0, new Map())) return;
    if (isOutput) this.hidden.add(node);
    if (typeof value === "object" && value !== null) this.whole.add(value);
  }

  /** The same for an output, given as the values that its handles carry. */
  noteOutput(node: number, carried: readonly unknown[]): void {
    for (const value of carried) this.note(node, value);
  }

  /** Notes an output, given as the values that its handles carry; returns whether parts of it are not shown. */
  hides(node: number, carried: readonly unknown[]): boolean {
    this.noteOutput(node, carried);
    return carried.some((value) => this.shown(value, [node, node + 1]).paths.length > 0);
  }

  /** Whether a policy may name parts of what a node gives. `node`: by place in the outline. */
  namesParts(node: number): boolean {
    return this.patterns.has(node);
  }

  /** Returns whether the value as a whole is not shown. */
  private mark(value: unknown, progress: readonly Progress[], depth: number, seen: Map<object, string>): boolean {
    const all = reached(progress);
    const ends = all.filter(({ pattern, at }) => at === pattern.steps.length);
    if (ends.length > 0) {
      for (const { pattern } of ends) pattern.isFound = true;
      this.hidesSome = true;
      this.hideTexts(value, 0);
      return true;
    }
    if (typeof value !== "object" || value === null || depth > DEEPEST) return depth > DEEPEST;
    const key = all.map(({ pattern, at }) => `${pattern.node}:${pattern.text}:${at}`).join(" ");
    // The same object under the same steps gives the same parts.
    if (seen.get(value) === key) return false;
    seen.set(value, key);
    for (const { name, part } of partsOf(value)) {
      const next = stepped(all, name);
      if (next.length === 0 || !this.mark(part, next, depth + 1, seen)) continue;
      const parts = this.parts.get(value);
      if (parts === undefined) this.parts.set(value, new Set([name]));
      else parts.add(name);
    }
    return false;
  }

  /** Texts and numbers of what is not shown are taken out of what nodes say. */
  private hideTexts(value: unknown, depth: number): void {
    if (value === REDACTED) return;
    // So that it stays hidden where an expression takes it out of what it is in.
    if (typeof value === "string" && value.length >= SHORTEST_WHOLE) this.whole.add(value);
    if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") {
      return this.redaction.addRedacted(String(value));
    }
    if (typeof value !== "object" || value === null || depth > DEEPEST) return;
    for (const { part } of partsOf(value)) this.hideTexts(part, depth + 1);
  }

  /** A value as it is shown: itself, where all of it is. `from`: nodes, by place in the outline, of which it is the output. */
  shown(value: unknown, from: readonly [first: number, end: number] = [0, 0]): Redacted {
    for (let node = from[0]; node < from[1] && this.hidden.size > 0 && value !== undefined; node++) {
      if (this.hidden.has(node)) return { value: REDACTED, paths: [""] };
    }
    const paths: string[] = [];
    /** Objects around the part that is looked into. */
    const around = new Map<object, Copy>();
    const tell = (path: string) => {
      if (paths.length < MOST_PATHS) paths.push(path);
      return REDACTED;
    };
    const copy = (value: unknown, path: string): unknown => {
      if (this.whole.has(value)) return tell(path);
      if (typeof value !== "object" || value === null) return value;
      const outer = around.get(value);
      if (outer !== undefined) return outer.make();
      if (around.size > DEEPEST) return tell(path);
      const made = new Copy(value);
      around.set(value, made);
      try {
        const parts = this.parts.get(value);
        for (const { name, key, part } of partsOf(value)) {
          const inner = pathTo(path, name, Array.isArray(value) || value instanceof Set);
          made.set(key, part, parts?.has(name) ? tell(inner) : copy(part, inner));
        }
        return made.result;
      } finally {
        around.delete(value);
      }
    };
    return { value: copy(value, ""), paths };
  }

  /** Warnings of paths at which no output had anything, where there were outputs to look at. `node`: by place in the outline. */
  unmatched(plan: Plan): { node: number; message: string }[] {
    const own = new Set([...this.patterns.values()].flat());
    const hasAnswer = (node: number) => {
      for (const answered of this.answered) if (answered >= node && answered < plan.end(node)) return true;
      return false;
    };
    return [...own]
      .filter(({ isFound, node }) => !isFound && hasAnswer(node))
      .map(({ node, text }) => {
        const outputs = plan.isLeaf(node) ? "its output has" : "the outputs of its nodes have";
        const message = `\`redact\` names \`${text}\`, and ${outputs} nothing there: nothing was redacted by it. Correct the path, or remove it`;
        return { node, message };
      });
  }
}

/** The states that are reached without a further key: `**` may stand for none. */
export function reached(progress: readonly Progress[]): Progress[] {
  const all = [...progress];
  for (const { pattern, at } of all) if (pattern.steps[at] === "**") all.push({ pattern, at: at + 1 });
  return all;
}

/** The states after a key. */
export function stepped(progress: readonly Progress[], name: string): Progress[] {
  const next: Progress[] = [];
  for (const { pattern, at } of progress) {
    const step = pattern.steps[at];
    if (step === "**") next.push({ pattern, at });
    else if (step === "*" || step === name) next.push({ pattern, at: at + 1 });
  }
  return next;
}

/** The path of a part. `isIndex`: `name` is the place in a list. */
export function pathTo(path: string, name: string, isIndex: boolean): string {
  if (isIndex) return `${path}[${name}]`;
  if (!/^[^.[\]*"]+$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
}
