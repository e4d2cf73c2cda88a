/** How a run looks that is carried out elsewhere: as it was last told. */
import type { NodeReports } from "../types/live-view.js";
import type { NodeActivity } from "./activity.js";
import type { ProgressReport } from "./calls.js";
import { coded } from "./failure.js";
import type { FollowedRun } from "./followed-run.js";
import { Step } from "./generated.js";
import { State } from "./state.js";
import {
  addChange,
  applyChange,
  changesBetween,
  countOf,
  firstView,
  nodeAt,
  overallOf,
  pack,
  packedAt,
  percentOf,
  startOf,
  stateOf,
  stepAt,
  timeAt,
} from "./view-numbers.js";

/** Told of a change of a node, after the copy has it; `packed` is {@link TOUCHED} where only its activity is new. */
export type ChangeListener = (node: number, packed: number, step: number, time: number) => void;

/** What nodes of a run say of themselves: these, or the first so many. */
export function reportsOf(
  run: Pick<FollowedRun, "reportOf" | "activityOf" | "errorOf">,
  nodes: Iterable<number> | number,
): NodeReports {
  const told: NodeReports = { reports: [], errors: [], activities: [] };
  const of = (node: number) => {
    const report = run.reportOf(node);
    if (report !== undefined) told.reports.push([node, report]);
    const activity = run.activityOf(node);
    if (activity !== undefined) told.activities.push([node, activity]);
    const error = run.errorOf(node);
    if (error !== undefined) told.errors.push([node, error.message]);
  };
  if (typeof nodes !== "number") for (const node of nodes) of(node);
  else for (let node = 0; node < nodes; node++) of(node);
  return told;
}

/** The part of a followed run that the other side tells. Before it told anything, nothing has begun. */
export class ViewCopy {
  /** Grows with all that changes. */
  steps = 0;
  isPaused = false;
  readonly #nodes: number;
  /** Made when there is something to be seen. */
  #view: Float64Array | undefined;
  readonly #reports = new Map<number, ProgressReport>();
  readonly #activities = new Map<number, NodeActivity>();
  readonly #errors = new Map<number, { message: string }>();

  /** @param nodes of the plan */
  constructor(nodes: number) {
    this.#nodes = nodes;
  }

  get hasErrors(): boolean {
    return this.#errors.size > 0;
  }

  /** Fills a view of the same run. */
  view(numbers: Float64Array): void {
    numbers.set(this.#known);
  }

  errorOf(node: number): { message: string } | undefined {
    return this.#errors.get(node);
  }

  activityOf(node: number): NodeActivity | undefined {
    return this.#activities.get(node);
  }

  reportOf(node: number): ProgressReport | undefined {
    return this.#reports.get(node);
  }

  /** When the run started, in ms since the epoch, as far as it is known. */
  protected get knownStart(): number | undefined {
    const time = this.#view === undefined ? Number.NaN : startOf(this.#view);
    return Number.isNaN(time) ? undefined : time;
  }

  protected hear({ reports, errors, activities }: NodeReports): void {
    for (const [node, { percent, message }] of reports) this.#reports.set(node, { percent, message });
    for (const [node, activity] of activities) this.#activities.set(node, activity);
    for (const [node, message] of errors) this.#errors.set(node, { message });
  }

  /** Errors of attempts that were followed by a better one are no errors of their nodes. */
  protected forgetErrors(): void {
    this.#errors.clear();
  }

  /** Takes a later view as a whole. Gives the changes that lead to it. Throws `DESERIALIZATION_FAILED` for one of another run. */
  protected takeView(later: Float64Array): number[] {
    if (later.length !== this.#known.length) throw this.#strange();
    const changes = changesBetween(this.#known, later);
    this.#view = later;
    return changes;
  }

  /** Takes changes, each as it is told; what is told may end that. Throws `DESERIALIZATION_FAILED` where one is of no node. */
  protected takeChanges(
    changes: readonly number[],
    told: NodeReports | undefined,
    tell: ChangeListener,
    isOver: () => boolean,
  ): void {
    const count = countOf(changes);
    for (let change = 0; change < count; change++) {
      const node = nodeAt(changes, change);
      if (!(Number.isInteger(node) && node >= 0)) throw this.#strange();
    }
    if (told !== undefined) this.hear(told);
    for (let change = 0; change < count && !isOver(); change++) {
      const [node, packed, time] = [nodeAt(changes, change), packedAt(changes, change), timeAt(changes, change)];
      // In rounds there are more nodes than in the plan.
      if (node >= this.#nodes) continue;
      this.steps++;
      if (packed >= 0) applyChange(this.#known, node, packed, time);
      tell(node, packed, stepAt(changes, change), time);
    }
  }

  /** The changes with which a run ends that ended without a word: what was executing has failed. */
  protected endView(time: number, message: string): number[] {
    const view = this.#known;
    const changes: number[] = [];
    for (let node = 0; node < this.#nodes; node++) {
      if (stateOf(view, node) !== State.executing) continue;
      addChange(changes, node, pack(State.error, percentOf(view, node), overallOf(view)), Step.none, time);
      this.#errors.set(node, { message });
    }
    return changes;
  }

  #strange(): Error {
    return coded("DESERIALIZATION_FAILED", `What was told is no view of ${this.#nodes} nodes`, undefined);
  }

  get #known(): Float64Array {
    this.#view ??= firstView(this.#nodes);
    return this.#view;
  }
}
