/** Frames on the host's side: which task stands for which node, for which item, and the results gathered so far. */
import type { LoopScope } from "../expressions/scope.js";
import type { ExecutionError } from "../types/errors.js";

import { shortForm } from "./activity.js";
import type { Items } from "./items.js";
import type { Plan } from "./plan.js";
import { ScopeContext } from "./scope-context.js";
import { Sparse } from "./sparse.js";

interface Frame {
  /** Task of the scope. */
  owner: number;
  /** Node of the scope. */
  scope: number;
  /** Task number minus node index. */
  offset: number;
  /** Position of its item. */
  item: number;
  context: ScopeContext;
}

interface Iteration {
  items: unknown[];
  /** How many there will be; missing while that is open. */
  total: number | undefined;
  results: unknown[];
  /** Rounds that failed, in a loop that goes on; missing while no round has failed. */
  failed?: FailedRound[];
  keeps: Items["keeps"] | "all";
  /** Results before this one were forgotten. */
  keptFrom: number;
  /** More items may follow, and who tells them may read results. */
  more: boolean;
  context: ScopeContext;
  /** There is nothing to loop over: the one frame is for no item, and looks as a group does. */
  once: boolean;
}

/** One round of a loop. */
export interface Round {
  /** The loop. */
  nodeId: string;
  /** From 0. */
  index: number;
  /** Its item in short. */
  item: string;
}

/** A round that failed, as the output of its loop has it. */
interface FailedRound {
  /** From 0. */
  index: number;
  item: unknown;
  nodeId: unknown;
  code: string;
  message: string;
}

/** Frames of the rounds of loops. A run without frames never touches more than the first lines of each method. */
export class FrameTable {
  /** By task, for the tasks beyond the plan's nodes. */
  private readonly frames = new Sparse<Frame>();
  private readonly iterations = new Sparse<Iteration>();
  /** Tasks of one frame, by scope. */
  private readonly lengths = new Sparse<number>();

  constructor(private readonly plan: Plan) {}

  /** The node that a task is an instance of. */
  nodeOf(task: number): number {
    const frame = task < this.plan.length ? undefined : this.frames.get(task);
    return frame === undefined ? task : task - frame.offset;
  }

  /** Whether a node runs its children once per item. */
  isEach(node: number): boolean {
    return this.plan.isEach(node);
  }

  /** Keeps the items of a scope beyond those known; returns how many there are in all. */
  addItems(
    task: number,
    known: number,
    { items, more, once = false, keeps: kept, total = more ? undefined : known + items.length }: Items,
    context: ScopeContext,
  ): number {
    const keeps = kept ?? "all";
    let iteration = this.iterations.get(task);
    if (iteration === undefined || known === 0) {
      iteration = { items: [], total, results: [], keeps, keptFrom: 0, more, context, once };
      this.iterations.set(task, iteration);
    }
    iteration.total = total;
    iteration.more = more;
    if (iteration.keeps !== "all") {
      // Of no further item the last result is what the scope gives.
      const end = items.length === 0 ? known - 1 : known;
      iteration.results.fill(undefined, iteration.keptFrom, end);
      iteration.keptFrom = Math.max(end, 0);
    }
    for (const item of items) iteration.items.push(item);
    return iteration.items.length;
  }

  /** A frame opens for an item. */
  open(owner: number, base: number, item: number): void {
    const iteration = this.iterations.get(owner);
    if (iteration === undefined) return;
    const scope = this.nodeOf(owner);
    const { context, once, keeps } = iteration;
    const { own } = context;
    const frame: Frame = {
      owner,
      scope,
      offset: base - (scope + 1),
      item,
      context: once
        ? context
        : new ScopeContext({
            ...own,
            executionId: `${own.executionId}[${item}]`,
            // What repeats until something is so has no items.
            ...(keeps !== "last" && { input: { item: iteration.items[item], index: item } }),
          }),
    };
    const end = base + this.length(owner);
    for (let task = base; task < end; task++) this.frames.set(task, frame);
  }

  /** A frame is done. */
  close(owner: number, base: number, item: number, result: unknown): void {
    const iteration = this.iterations.get(owner);
    if (iteration === undefined) return;
    if (iteration.keeps !== "none" || iteration.more) iteration.results[item] = result;
    this.end(iteration, owner, base, item);
  }

  /** A frame is over with a failure. */
  lose(owner: number, base: number, { nodeId, code, message }: ExecutionError): void {
    const iteration = this.iterations.get(owner);
    const frame = this.frames.get(base);
    if (iteration === undefined || frame === undefined) return;
    const { item: index } = frame;
    iteration.failed ??= [];
    iteration.failed.push({ index, item: iteration.items[index], nodeId, code, message });
    this.end(iteration, owner, base, index);
  }

  private end(iteration: Iteration, owner: number, base: number, item: number): void {
    iteration.items[item] = undefined;
    const end = base + this.length(owner);
    for (let task = base; task < end; task++) this.frames.delete(task);
  }

  /** The output of a scope whose items are all done. */
  gather(owner: number): unknown {
    const { items = [], results: all = [], failed, once = false, keeps = "all" } = this.iterations.get(owner) ?? {};
    const { parameters } = this.plan.node(this.nodeOf(owner));
    this.iterations.delete(owner);
    if (once) return all[0];
    if (keeps === "last") return all.at(-1);
    const results = keeps === "none" ? [] : failed === undefined ? all : withoutFailed(all, items.length, failed);
    const facts = { result: results, results, iterationCount: items.length, success: failed === undefined };
    // What reads the errors need not know whether there are some.
    if (failed === undefined) return parameters?.onError === "continue" ? { ...facts, errors: [] } : facts;
    return { ...facts, errors: failed.sort((one, other) => one.index - other.index) };
  }

  /** What the rounds of a scope gave so far; of those that are not kept, the ones since it was last asked for items. */
  resultsOf(owner: number): readonly unknown[] {
    return this.iterations.get(owner)?.results ?? [];
  }

  /** Whether a scope that has begun has nothing to loop over. */
  runsOnce(owner: number): boolean {
    return this.iterations.get(owner)?.once === true;
  }

  /** Whether a task stands for no item of a loop: its frame is the one of a scope that runs once. */
  isOfNoItem(task: number): boolean {
    const frame = this.frames.get(task);
    return frame !== undefined && this.runsOnce(frame.owner);
  }

  /** The rounds around a task, the outermost first. */
  roundsOf(task: number): Round[] {
    const rounds: Round[] = [];
    let frame = this.frames.get(task);
    while (frame !== undefined) {
      const iteration = this.iterations.get(frame.owner);
      if (iteration !== undefined && !iteration.once) {
        const { item } = frame;
        rounds.unshift({ nodeId: this.plan.id(frame.scope), index: item, item: shortForm(iteration.items[item]) });
      }
      frame = frame.owner < this.plan.length ? undefined : this.frames.get(frame.owner);
    }
    return rounds;
  }

  /** Which round of each loop around it a task is in, the outermost first, such as `3.0`; empty outside of loops. */
  positionOf(task: number): string {
    let position = "";
    let frame = this.frames.get(task);
    while (frame !== undefined) {
      position = position === "" ? `${frame.item}` : `${frame.item}.${position}`;
      frame = frame.owner < this.plan.length ? undefined : this.frames.get(frame.owner);
    }
    return position;
  }

  /** Tasks of one frame of a scope. */
  length(owner: number): number {
    const scope = this.nodeOf(owner);
    let length = this.lengths.get(scope);
    if (length === undefined) {
      length = this.plan.end(scope) - (scope + 1);
      this.lengths.set(scope, length);
    }
    return length;
  }

  /** The slot that holds an item's result when its frame closes. */
  resultSlot(owner: number, base: number): number {
    const scope = this.nodeOf(owner);
    return this.plan.output(scope) + (base - (scope + 1));
  }

  /** The task that stands for a node in the frame of another task, or in the nearest frame around it that has the node. */
  taskOf(node: number, from: number): number {
    for (let task = from; ; ) {
      const frame = task < this.plan.length ? undefined : this.frames.get(task);
      if (frame === undefined) return node;
      if (node > frame.scope && node < this.plan.end(frame.scope)) return node + frame.offset;
      task = frame.owner;
    }
  }

  /** The round of the innermost loop around a task, if there is one. */
  loopOf(task: number): LoopScope | undefined {
    const frame = task < this.plan.length ? undefined : this.frames.get(task);
    const iteration = frame === undefined ? undefined : this.iterations.get(frame.owner);
    if (frame === undefined || iteration === undefined) return undefined;
    if (iteration.once) return this.loopOf(frame.owner);
    const { items, total } = iteration;
    const { owner, item } = frame;
    const frames = this;
    return {
      item: items[item],
      index: item,
      length: total,
      get outer() {
        return frames.loopOf(owner);
      },
    };
  }

  /** The loop whose round a task is in, if that is its enclosing node. */
  ownerOf(task: number, parent: number): number | undefined {
    const frame = task < this.plan.length ? undefined : this.frames.get(task);
    return frame !== undefined && frame.scope === parent ? frame.owner : undefined;
  }

  /** The context around a task whose enclosing node is the scope of its frame. */
  contextFor(task: number, parent: number): ScopeContext | undefined {
    const frame = task < this.plan.length ? undefined : this.frames.get(task);
    return frame !== undefined && frame.scope === parent ? frame.context : undefined;
  }
}

/** The results of the rounds that went well, in their order. */
function withoutFailed(results: readonly unknown[], rounds: number, failed: readonly FailedRound[]): unknown[] {
  const lost = new Set(failed.map(({ index }) => index));
  return Array.from({ length: rounds }, (_, round) => round)
    .filter((round) => !lost.has(round))
    .map((round) => results[round]);
}
