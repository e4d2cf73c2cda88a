/** The moments of a recorded execution: states and values of its nodes, made where they are looked at. */
import { constants } from "../../engine/constants.js";
import { Run } from "../../engine/driver.js";
import { coded, safelyThrown } from "../../engine/failure.js";
import { lazyList } from "../../engine/lazy-list.js";
import { createLog } from "../../engine/log.js";
import type { RunOptions } from "../../engine/options.js";
import { outlineOf } from "../../engine/outline.js";
import type { Plan } from "../../engine/plan.js";
import type { ReplaySteps, StepKind } from "../../engine/replay-steps.js";
import { State } from "../../engine/state.js";
import type { NodeDefinition } from "../../types/definition.js";
import type { ExecutionError } from "../../types/errors.js";
import type { ConductorExecutionContext } from "../../types/execution.js";
import type { ReplayMoment, ReplayNode } from "../../types/replay.js";
import type { Records } from "../durable/records.js";
import type { FileRow } from "./run-file.js";

/** A recorded execution, read. */
export interface RecordedExecution {
  steps: ReplaySteps;
  history: Records;
  flow: NodeDefinition;
  context: ConductorExecutionContext;
  options: RunOptions;
  held: readonly number[];
  row: FileRow;
}

/** The list of a flow with more nodes than this makes its entries where they are read. */
const MOST_LISTED = 10_000;
/** Runs that were brought to a step to look at values, and are kept for more of them. */
const KEPT_RUNS = 4;

/** What stays the same about a node. */
type Shape = Pick<ReplayNode, "id" | "path" | "name" | "type" | "depth">;

/** All moments of one execution. */
export class Moments {
  private readonly plan: Plan;
  private readonly shapes: Shape[] = [];
  /** The first node that is listed: not the flow itself, unless it has no nodes. */
  private readonly from: number;
  private places: Map<string, number> | undefined;
  /** The nodes that were listed last, of which most are the same a step later. */
  private listed: { step: number; nodes: readonly ReplayNode[] } | undefined;
  private readonly runs = new Map<number, Run>();

  constructor(private readonly recorded: RecordedExecution) {
    this.plan = recorded.steps.plan;
    this.from = this.plan.length > 1 ? 1 : 0;
    for (let node = 0; node < this.plan.length; node++) this.shapes.push(this.shapeOf(node));
  }

  get length(): number {
    return this.recorded.steps.length;
  }

  at(step: number): ReplayMoment {
    const { steps, row } = this.recorded;
    const moments = this;
    let nodes: readonly ReplayNode[] | undefined;
    return {
      step,
      time: steps.length === 0 ? row.startedAt : steps.timeOf(step),
      ...(step > 0 && { kind: steps.kindOf(step) }),
      progress: steps.overallAt(step),
      get changed() {
        if (step === 0) return [];
        return steps.changedIn(step).flatMap((node) => (node < moments.from ? [] : [moments.shape(node).path]));
      },
      get nodes() {
        nodes ??= moments.nodesAt(step);
        return nodes;
      },
      node: (nodeId) => this.nodeAt(this.placeOf(nodeId), step),
      value: (nodeId) => this.valueAt(this.placeOf(nodeId), step),
      error: (nodeId) => this.errorAt(this.placeOf(nodeId), step),
    };
  }

  private shape(node: number): Shape {
    return this.shapes[node] as Shape;
  }

  private shapeOf(node: number): Shape {
    const { plan } = this;
    const id = plan.id(node);
    const { name, type } = plan.node(node);
    const around = node === 0 ? undefined : this.shapes[plan.parent(node)];
    const isInside = around !== undefined && plan.parent(node) > 0;
    return {
      id,
      path: isInside ? `${around.path}/${id}` : id,
      name: name || type,
      type,
      depth: isInside ? around.depth + 1 : 0,
    };
  }

  private placeOf(nodeId: string): number {
    this.places ??= this.readPlaces();
    const place = this.places.get(nodeId);
    if (place !== undefined) return place;
    const known = this.shapes.slice(this.from, this.from + 10).map(({ path }) => path);
    const more = this.shapes.length - this.from > known.length ? ", …" : "";
    const message = `The execution ${this.recorded.row.id} has no node ${JSON.stringify(nodeId)}; it has ${known.join(", ")}${more}`;
    throw coded("INVALID_PARAMETERS", message, undefined);
  }

  /** By id and by path, the outermost first. */
  private readPlaces(): Map<string, number> {
    const places = new Map<string, number>();
    const order = this.shapes.map((_, node) => node).slice(this.from);
    order.sort((one, other) => this.shape(one).depth - this.shape(other).depth || one - other);
    for (const node of order) if (!places.has(this.shape(node).path)) places.set(this.shape(node).path, node);
    for (const node of order) if (!places.has(this.shape(node).id)) places.set(this.shape(node).id, node);
    return places;
  }

  private nodesAt(step: number): readonly ReplayNode[] {
    const { from, plan } = this;
    const count = plan.length - from;
    if (count > MOST_LISTED) return lazyList(count, (index) => this.nodeAt(index + from, step));
    const { listed } = this;
    const changed = listed && this.recorded.steps.changedBetween(listed.step, step, count);
    let nodes: ReplayNode[];
    if (listed === undefined || changed === undefined) {
      nodes = Array.from({ length: count }, (_, index) => this.nodeAt(index + from, step));
    } else {
      nodes = listed.nodes.slice();
      // The progress of a group is that of the nodes inside it.
      for (const node of [...changed]) for (let at = node; at > from; at = plan.parent(at)) changed.add(at);
      for (const node of changed) if (node >= from) nodes[node - from] = this.nodeAt(node, step);
    }
    this.listed = { step, nodes: Object.freeze(nodes) };
    return nodes;
  }

  private nodeAt(node: number, step: number): ReplayNode {
    const { steps } = this.recorded;
    const shape = this.shape(node);
    const row = steps.changeOf(node, step);
    const state = row < 0 ? State.pending : steps.stateAt(row);
    const startTime = row < 0 ? undefined : steps.startedAt(node, row);
    const isOver = state > State.executing;
    return Object.freeze({
      ...shape,
      state: constants().states[state] ?? "pending",
      progress: this.percentAt(node, row, step),
      attempts: startTime === undefined ? 0 : steps.tryAt(node, step),
      ...(startTime !== undefined && { startTime }),
      ...(isOver && { endTime: steps.enteredAt(row) }),
    });
  }

  /** Of a group that is under way, that of its leaves by weight. */
  private percentAt(node: number, row: number, step: number): number {
    const { steps } = this.recorded;
    const { plan } = this;
    if (row < 0) return 0;
    if (plan.isLeaf(node) || plan.isEach(node) || steps.stateAt(row) !== State.executing) return steps.percentAt(row);
    let [done, total] = [0, 0];
    for (let leaf = node + 1, end = plan.end(node); leaf < end; leaf++) {
      if (!plan.isLeaf(leaf)) continue;
      const own = steps.changeOf(leaf, step);
      const weight = plan.weight(leaf);
      total += weight;
      if (own >= 0) done += weight * (steps.stateAt(own) === State.completed ? 100 : steps.percentAt(own));
    }
    return total === 0 ? 0 : Math.round(done / total);
  }

  private valueAt(node: number, step: number): unknown {
    const { steps } = this.recorded;
    const row = steps.changeOf(node, step);
    if (row < 0 || steps.stateAt(row) !== State.completed) return undefined;
    return this.outputOf(node, row);
  }

  /** The output of a node that completed with a change. */
  private outputOf(node: number, row: number): unknown {
    const { steps, history } = this.recorded;
    const { plan } = this;
    const task = steps.taskAt(row);
    const source = plan.isEach(node) ? node : plan.output(node);
    const isOther = source !== node;
    const own = isOther ? steps.changeBefore(source, row, task + (source - node)) : row;
    if (own >= 0 && plan.isLeaf(source) && steps.stateAt(own) === State.completed) {
      const answer = steps.answerIn(steps.stepOf(own), steps.taskAt(own));
      const found = answer && reading(() => history.answerNear(answer.word, answer.task, answer.attempt));
      // What stands for the whole of a value is an object where the value leaves by handles.
      if (found?.kind === "output") return found.value instanceof String ? String(found.value) : found.value;
    }
    if (task < plan.length) return this.runTo(steps.stepOf(row)).outputOf(node);
    const message = `The output of ${this.shape(node).path} is recorded only as a part of what the loop around it gave`;
    throw coded("INVALID_PARAMETERS", message, undefined);
  }

  private errorAt(node: number, step: number): ExecutionError | undefined {
    const { steps } = this.recorded;
    const row = steps.changeOf(node, step);
    return row < 0 || steps.stateAt(row) !== State.error ? undefined : this.errorOf(node, row);
  }

  /** The error of a node that failed with a change. */
  private errorOf(node: number, row: number): ExecutionError | undefined {
    const { steps, history } = this.recorded;
    const at = steps.stepOf(row);
    const answer = steps.answerIn(at, steps.taskAt(row));
    const found = answer && reading(() => history.answerNear(answer.word, answer.task, answer.attempt));
    if (found?.kind === "error") return found.error;
    return this.runTo(at).errorOf(steps.taskAt(row)) ?? this.errorInside(node, row);
  }

  /** The last error of the nodes inside a group that failed with it, rather than one of a node that was stopped because of that. */
  private errorInside(node: number, row: number): ExecutionError | undefined {
    const { steps } = this.recorded;
    const { plan } = this;
    const before = steps.changeBefore(node, row);
    const begun = before < 0 ? before : steps.entryOf(before);
    let stopped: ExecutionError | undefined;
    for (let at = row - 1; at > begun; at--) {
      const inner = steps.nodeAt(at);
      const isInside = inner > node && inner < plan.end(node);
      if (!isInside || !plan.isLeaf(inner) || steps.stateAt(at) !== State.error) continue;
      const step = steps.stepOf(at);
      const isAnswered = steps.answerIn(step, steps.taskAt(at)) !== undefined;
      // The answer of one node stops the others that are under way; to know the error of such a one the run is carried out again.
      if (stopped !== undefined && !isAnswered && WITHOUT_FAILURES.includes(steps.kindOf(step))) continue;
      const error = this.errorOf(inner, at);
      if (error !== undefined && error.code !== "CANCELLED") return error;
      stopped ??= error;
    }
    return stopped;
  }

  /** The run as it was after a step: values of loops and branches are made by the code that made them then. */
  private runTo(step: number): Run {
    const known = this.runs.get(step);
    if (known !== undefined) return known;
    const { flow, context, options, held, history, steps, row } = this.recorded;
    const run = reading(() => {
      const opened = Run.open(outlineOf(flow), {
        context: { ...context },
        executables: undefined,
        options,
        held,
        log: createLog("error"),
        history: {
          journal: steps.journalUpTo(step),
          answer: (task, attempt) => history.answer(task, attempt),
          waits: () => undefined,
          isAsleep: false,
          warnings: [],
          variables: undefined,
          leavesOut: false,
          variablesLeftOut: [],
        },
        past: { startedAt: row.startedAt, error: undefined },
      });
      try {
        opened?.start();
      } catch (error) {
        // Else the engine would keep it.
        opened?.abandon(safelyThrown(error, { nodeId: context.nodeId, executionId: context.executionId }));
        throw error;
      }
      return opened;
    });
    if (run === undefined) throw coded("DESERIALIZATION_FAILED", "The flow of the execution cannot be run", undefined);
    if (this.runs.size === KEPT_RUNS) this.runs.delete(this.runs.keys().next().value as number);
    this.runs.set(step, run);
    return run;
  }
}

/** Steps in which no node fails by itself, but for the one that answers. */
const WITHOUT_FAILURES: readonly StepKind[] = ["answered", "cancelled"];

/** Reads values of a record. @throws Error DESERIALIZATION_FAILED for bytes that are no values */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    const message = `A value of the execution cannot be read: ${(error as Error).message}`;
    throw coded("DESERIALIZATION_FAILED", message, error);
  }
}
