/** What each task receives and what it left: values by slot, errors by task, contexts by scope, frames by item. */
import type { LoopScope } from "../expressions/scope.js";
import type { ExecutionError } from "../types/errors.js";
import type { ConductorExecutionContext } from "../types/execution.js";
import { BranchTable } from "./branches.js";
import { carriedBy } from "./executables.js";
import { FrameTable, type Round } from "./frames.js";
import type { Items } from "./items.js";
import { DEFAULT_HANDLE, Section } from "./outline.js";
import type { Plan } from "./plan.js";
import { ScopeContext } from "./scope-context.js";
import { Sparse } from "./sparse.js";

/** Nodes that a message lists. */
const MOST_LOST = 5;

/** Values never cross to the engine; this is where they stay, by the engine's slots. */
export class Values {
  private readonly values: unknown[];
  /** Why tasks failed. Not among the values: a group and the last leaf inside it share a slot, but not their fate. */
  readonly errors = new Sparse<ExecutionError>();
  /** Inputs that carry nothing: task × 2³² + input. */
  private readonly blocked = new Sparse<true>();
  private readonly contexts: (ScopeContext | undefined)[];
  private readonly frames: FrameTable;
  private readonly branches = new BranchTable();
  /** How often groups began again, by task. */
  private readonly repeats = new Sparse<number>();
  /** Whether some output so far has handles that carry values of their own. */
  hasCarried = false;
  /** Told which values a task does not get, because another one came by the same handle after them. */
  onLost: ((task: number, message: string) => void) | undefined;

  /** @param root the context of the node that is run */
  constructor(
    private readonly plan: Plan,
    private readonly root: ConductorExecutionContext,
  ) {
    this.values = new Array(plan.length);
    // With room from the start: filled here and there, it would become a dictionary.
    this.contexts = new Array(plan.length);
    this.contexts[0] = new ScopeContext(root);
    this.frames = new FrameTable(plan);
  }

  /** The node that a task is an instance of. */
  nodeOf(task: number): number {
    return this.frames.nodeOf(task);
  }

  /** The value in the slot of a node of the outermost frame. */
  outputOf(node: number): unknown {
    return this.values[this.plan.isEach(node) ? node : this.plan.output(node)];
  }

  /** What a leaf returned. */
  valueOf(task: number): unknown {
    return this.values[task];
  }

  /** Keeps what a leaf returned. */
  keep(task: number, value: unknown): void {
    this.values[task] = value;
  }

  /** Puts a value in the place of another, wherever that was handed on as it is. */
  replace(old: object, value: unknown): void {
    for (let slot = 0; slot < this.values.length; slot++) {
      if (this.values[slot] === old) this.values[slot] = value;
      else if (this.isPassedOn(slot)) replaceIn(this.values[slot], old, value);
    }
    for (const context of this.contexts) if (context !== undefined) replaceIn(context.own.input, old, value);
    this.branches.replace(old, value);
  }

  /** Whether a slot has what edges brought to a disabled node: where they were several, as one value. */
  private isPassedOn(slot: number): boolean {
    const node = this.nodeOf(slot);
    // Of a round that is over, only what it gave counts.
    return node < this.plan.length && this.plan.node(node).parameters?.enabled === false;
  }

  /** A task has no output, whatever is in its slot. */
  forgetOutput(task: number): void {
    const node = this.nodeOf(task);
    this.values[this.plan.isEach(node) ? task : this.plan.output(node) + (task - node)] = undefined;
  }

  /** Forgets a value after its last reader. */
  drop(slot: number): void {
    if (slot >= this.plan.length && this.frames.isOfNoItem(slot)) return;
    this.values[slot] = undefined;
  }

  /** This input carries nothing, whatever is in the slot that it names. */
  block(task: number, input: number): void {
    this.blocked.set(task * 2 ** 32 + input, true);
  }

  /** A disabled node hands on what came in. */
  passOn(task: number): void {
    this.values[task] = passedOn(this.inputOf(task));
  }

  /** Keeps the items of a scope beyond those known; returns how many there are in all. */
  addItems(task: number, known: number, found: Items): number {
    return this.frames.addItems(task, known, found, this.scopeContext(task));
  }

  /** What the rounds of a scope gave so far, as far as it is kept. */
  resultsOf(task: number): readonly unknown[] {
    return this.frames.resultsOf(task);
  }

  /** The round of the innermost loop around a task, if there is one. */
  loopOf(task: number): LoopScope | undefined {
    return this.frames.loopOf(task);
  }

  /** The output of a node that stands before a task, or before a scope around it, in the frame that they share. */
  outputSeenBy(task: number, node: number): unknown {
    return this.outputOfTask(this.frames.taskOf(node, task), node);
  }

  /** The output of a task that is over; nothing where it failed. */
  private outputOfTask(task: number, node: number): unknown {
    if (this.errors.has(task)) return undefined;
    return this.values[this.plan.isEach(node) ? task : this.plan.output(node) + (task - node)];
  }

  /** A group is entered. */
  enter(task: number): void {
    if (this.plan.branchMode(this.nodeOf(task)) !== undefined) this.branches.begin(task);
  }

  /** Whether the nodes of a scope are branches, or sections. */
  hasBranches(task: number): boolean {
    return this.plan.branchMode(this.nodeOf(task)) !== undefined;
  }

  /** A branch or section of a group is over, whose output is that of `base`; with an error where it failed. */
  endBranch(task: number, base: number, error?: ExecutionError): void {
    const node = this.nodeOf(base);
    if (this.plan.section(node) === Section.finally) return;
    const value = error === undefined ? this.outputOfTask(base, node) : undefined;
    this.branches.end(task, { node, id: this.plan.id(node), value, ...(error !== undefined && { error }) });
  }

  /** A frame opens for an item. Returns its tasks, from `base` up to this one. */
  openFrame(task: number, base: number, item: number): number {
    // They may have belonged to a frame that was given up half-way.
    const end = this.renew(task, base);
    this.frames.open(task, base, item);
    return end;
  }

  /** A group begins again. Returns its tasks, from the one after it up to this one. */
  resetScope(task: number): number {
    this.repeats.set(task, (this.repeats.get(task) ?? 0) + 1);
    return this.renew(task, task + 1);
  }

  /** Nothing is known of the tasks inside a scope any more, from `base` up to what is returned. */
  private renew(task: number, base: number): number {
    const end = this.forgetFrame(task, base);
    if (this.blocked.size > 0) this.unblock(task, base, end);
    return end;
  }

  /** A frame is done: its result is kept, everything else forgotten. Returns its tasks, up to this one. */
  closeFrame(task: number, base: number, item: number): number {
    const slot = this.frames.resultSlot(task, base);
    // What ran as a group leaves the outputs of its nodes, like one.
    if (task < this.plan.length && this.frames.runsOnce(task)) {
      for (let inner = task + 1, end = this.plan.end(task); inner < end; inner++) {
        this.values[inner] = this.values[base + (inner - task - 1)];
      }
    }
    this.frames.close(task, base, item, this.values[slot]);
    return this.forgetFrame(task, base);
  }

  /** A frame is over with a failure, which is kept for its item. Returns its tasks, up to this one. */
  loseFrame(task: number, base: number, error: ExecutionError): number {
    this.frames.lose(task, base, error);
    return this.forgetFrame(task, base);
  }

  /** The output of a scope whose items are all done, or of a group of which enough branches are over. */
  gather(task: number): void {
    const mode = this.plan.branchMode(this.nodeOf(task));
    // What its catch was for is over.
    if (mode === "try" && this.errors.size > 0) this.errors.delete(task);
    this.values[task] = mode === undefined ? this.frames.gather(task) : this.branches.gather(task, mode);
  }

  /** How often the groups around a task began again, all in all. */
  repeatsAround(task: number): number {
    let repeats = 0;
    for (let inner = task; this.repeats.size > 0; ) {
      const node = this.nodeOf(inner);
      if (node === 0) break;
      inner = this.parentOf(inner);
      repeats += this.repeats.get(inner) ?? 0;
    }
    return repeats;
  }

  /** The task of the scope around a task. */
  parentOf(task: number): number {
    const node = this.nodeOf(task);
    const parent = this.plan.parent(node);
    return this.frames.ownerOf(task, parent) ?? parent + (task - node);
  }

  /** Which round of each loop around it a task is in, as text; empty outside of loops. */
  positionOf(task: number): string {
    return this.frames.positionOf(task);
  }

  /** The rounds of the loops around a task, the outermost first. */
  roundsOf(task: number): Round[] {
    return this.frames.roundsOf(task);
  }

  /** Nothing blocks the inputs of these tasks any more. */
  private unblock(owner: number, base: number, end: number): void {
    const first = this.nodeOf(owner) + 1;
    for (let inner = base; inner < end; inner++) {
      const node = first + (inner - base);
      const inputs = this.plan.firstInput(node + 1) - this.plan.firstInput(node);
      for (let input = 0; input < inputs; input++) this.blocked.delete(inner * 2 ** 32 + input);
    }
  }

  private forgetFrame(task: number, base: number): number {
    const end = base + this.frames.length(task);
    for (let inner = base; inner < end; inner++) {
      this.values[inner] = undefined;
      this.contexts[inner] = undefined;
    }
    if (this.errors.size > 0) for (let inner = base; inner < end; inner++) this.errors.delete(inner);
    return end;
  }

  /** The context of a scope; the same object for all of its children. */
  scopeContext(task: number): ScopeContext {
    let context = this.contexts[task];
    if (context === undefined) {
      const node = this.nodeOf(task);
      context = new ScopeContext(this.childContext(task, node, this.enclosingContext(task, node)));
      this.contexts[task] = context;
    }
    return context;
  }

  /** The context around a task: that of its scope, or of the item that its frame is for. */
  enclosingContext(task: number, node: number): ScopeContext {
    const parent = this.plan.parent(node);
    return this.frames.contextFor(task, parent) ?? this.scopeContext(parent + (task - node));
  }

  private childContext(task: number, node: number, parent: ScopeContext): ConductorExecutionContext {
    const id = this.plan.id(node);
    const { executionId, variables, slowMo, debug } = parent.own;
    return {
      nodeId: id,
      executionId: `${executionId}/${id}`,
      variables,
      input: this.inputOf(task, node, parent) as Record<string, unknown>,
      parentContext: parent.shown,
      slowMo: slowMo as number,
      debug: debug as NonNullable<ConductorExecutionContext["debug"]>,
    };
  }

  /** What edges bring, by target handle; the scope's own input where they bring nothing. */
  inputOf(task: number, node = this.nodeOf(task), parent: ScopeContext | undefined = undefined): unknown {
    const { plan } = this;
    const offset = task - node;
    const start = plan.firstInput(node);
    const end = plan.firstInput(node + 1);
    let input: Record<string, unknown> | undefined;
    let isLost = false;
    for (let at = start; at < end; at++) {
      const value = this.broughtBy(at, task, at - start, offset);
      if (value === undefined) continue;
      const key = plan.inputKey(at);
      if (input === undefined) input = {};
      else if (!isLost && Object.hasOwn(input, key)) isLost = !Object.is(input[key], value);
      if (key === "__proto__") {
        Object.defineProperty(input, key, { value, writable: true, enumerable: true, configurable: true });
      } else {
        input[key] = value;
      }
    }
    if (isLost) this.tellLost(task, node);
    if (input !== undefined) return input;
    if (task === 0) return this.root.input;
    const around = (parent ?? this.enclosingContext(task, node)).own.input ?? {};
    return plan.section(node) === Section.catch ? this.withError(around, plan.parent(node) + offset) : around;
  }

  /** What the catch of a `try` gets: what came to the `try`, and as `error` the failure of its body. */
  private withError(input: unknown, scope: number): Record<string, unknown> {
    const error = this.errors.get(scope);
    const isObject = typeof input === "object" && input !== null && !Array.isArray(input);
    return isObject ? { ...input, error } : { [DEFAULT_HANDLE]: input, error };
  }

  /** What the edge of an input brings to a task; `position`: that of the input among those of the task's node. */
  private broughtBy(input: number, task: number, position: number, offset: number): unknown {
    const { plan, blocked } = this;
    const slot = plan.inputSlot(input);
    const value = slot < plan.length ? this.values[slot + offset] : this.carriedOnError(slot - plan.length + offset);
    if (value === undefined || (blocked.size > 0 && blocked.has(task * 2 ** 32 + position))) return undefined;
    return this.hasCarried ? carriedBy(value, plan.sourceHandle(input)) : value;
  }

  /** Says of each handle by which several values came where the last one came from, and where the others did. */
  private tellLost(task: number, node: number): void {
    const { plan } = this;
    const start = plan.firstInput(node);
    const brought = new Map<string, { value: unknown; source: number }[]>();
    for (let at = start; at < plan.firstInput(node + 1); at++) {
      const value = this.broughtBy(at, task, at - start, task - node);
      const source = plan.sourceNode(at);
      if (value === undefined || source === undefined) continue;
      const key = plan.inputKey(at);
      const others = brought.get(key);
      if (others === undefined) brought.set(key, [{ value, source }]);
      else others.push({ value, source });
    }
    for (const [handle, all] of brought) {
      const last = all[all.length - 1] as { value: unknown; source: number };
      const lost = all.filter(({ value, source }) => !Object.is(value, last.value) && !plan.refersTo(node, source));
      if (lost.length > 0) {
        const nodes = lost.map(({ source }) => source);
        this.onLost?.(task, lostBy(plan, handle, last.source, nodes));
      }
    }
  }

  /** What an edge on the handle `error` carries: the task's error, or the value of a leaf that named this handle for it. */
  private carriedOnError(task: number): unknown {
    return this.errors.get(task) ?? this.values[task];
  }
}

/** What a node is told that gets the value of the node `used`, and not those of the nodes `lost`. */
function lostBy(plan: Plan, handle: string, used: number, lost: readonly number[]): string {
  const names = lost.slice(0, MOST_LOST).map((node) => `\`${plan.id(node)}\``);
  if (lost.length > MOST_LOST) names.push(`${lost.length - MOST_LOST} more`);
  const what = lost.length === 1 ? "that" : "those";
  return (
    `${lost.length + 1} values came by the handle \`${handle}\`: the node gets that of \`${plan.id(used)}\`, and not ` +
    `${what} of ${names.join(", ")}; give each edge a \`targetHandle\` of its own`
  );
}

/** Puts a value in the place of another in what a node gets. */
export function replaceIn(input: unknown, old: unknown, value: unknown): void {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return;
  for (const [key, part] of Object.entries(input)) if (part === old) (input as Record<string, unknown>)[key] = value;
}

/** What a disabled node hands on: the one value that came in, or all of them by key. */
function passedOn(input: unknown): unknown {
  if (typeof input !== "object" || input === null) return input;
  let keys: string[];
  try {
    keys = Object.keys(input);
  } catch {
    return input;
  }
  return keys.length === 1 && keys[0] === DEFAULT_HANDLE ? (input as Record<string, unknown>)[DEFAULT_HANDLE] : input;
}
