/** Failures that a flow takes up: by going on after them, by a `catch`, or with the other rounds and branches around them. */
import type { ExecutionError } from "../types/errors.js";
import type { Activities } from "./activity.js";
import { type FailureLocation, failure } from "./failure.js";
import type { Round } from "./frames.js";
import { Section } from "./outline.js";
import type { Plan } from "./plan.js";
import type { Values } from "./values.js";

/** The run in which something failed. */
export interface FailingRun {
  readonly plan: Plan;
  readonly values: Values;
  /** Whether the run goes on after each failure. */
  readonly keepsGoing: boolean;
  /** What happens to its nodes beyond their states. */
  readonly activity: Activities;
  placeOf(task: number): FailureLocation;
  /** `round`: in which rounds of loops it came, in words. */
  warnOf(task: number, rule: string, message: string, round?: string): void;
}

/** A scope that hands on what went wrong inside has failed as well; a node that goes on after it has not. */
export function takeFailure(run: FailingRun, task: number, cause: number): void {
  const { plan, values } = run;
  const error = values.errors.get(cause);
  if (error !== undefined) values.errors.set(task, error);
  const taker = values.nodeOf(task);
  const continues = plan.continuesOnError(taker);
  if (!continues && !plan.catches(taker)) return;
  // In a run that keeps going, a loop takes the error of a round before it is over itself.
  if (continues && run.keepsGoing && cause !== task && plan.isEach(taker)) return;
  markHandled(run, cause, taker);
  run.activity.handle(taker);
  if (!continues) return;
  // The slot of a group is that of its last node, which may have gone well.
  values.forgetOutput(task);
  const what = cause === task ? "Failed" : `${nameOf(run, cause)} in it failed`;
  const round = task < plan.length ? undefined : roundsIn(run, task) || undefined;
  run.warnOf(task, CONTINUED, `${what}, and the run went on: ${error?.message ?? ""}`, round);
}

/** A round of a loop failed, and the loop goes on. Returns the tasks of the round, from `base` up to this one. */
export function loseRound(run: FailingRun, task: number, base: number, cause: number): number {
  const error = errorOf(run, cause);
  const what = `${nameOf(run, cause)} failed, and the loop went on: ${error.message}`;
  run.warnOf(task, CONTINUED, what, roundsIn(run, base));
  return run.values.loseFrame(task, base, error);
}

/** A branch or a section of a group failed, and the group goes on. */
export function loseBranch(run: FailingRun, task: number, base: number, cause: number): void {
  const error = errorOf(run, cause);
  const { plan, values } = run;
  const group = values.nodeOf(task);
  if (plan.branchMode(group) === "try") return loseSection(run, task, base, cause, error);
  markHandled(run, cause, group);
  run.warnOf(task, CONTINUED, `${nameOf(run, cause)} failed, and the other branches went on: ${error.message}`);
  values.endBranch(task, base, error);
}

/** A section of a `try` failed, which has the error from now on: for its catch, or to fail with it in the end. */
function loseSection(run: FailingRun, task: number, base: number, cause: number, error: ExecutionError): void {
  const { plan, values } = run;
  const scope = values.nodeOf(task);
  values.errors.set(task, error);
  values.endBranch(task, base, error);
  if (plan.section(values.nodeOf(base)) === Section.body && plan.hasCatch(scope)) markHandled(run, cause, scope);
}

/** The run is over because a task failed, or was stopped as a whole: scopes that were open then did not fail by themselves. */
export function endRun({ plan, values, activity }: FailingRun, cause: number | undefined): void {
  const around = new Set<number>([0]);
  if (cause !== undefined) {
    const first = values.nodeOf(cause);
    for (let node = first; node !== 0; node = plan.parent(node)) around.add(node);
    const error = values.errors.get(cause);
    const [round] = (error?.context?.rounds ?? []) as Round[];
    const loop = [...around].find((node) => plan.id(node) === round?.nodeId && plan.isEach(node));
    if (error !== undefined && round !== undefined && loop !== undefined) {
      const where = `${plan.id(first)} in round ${round.index + 1}, item ${round.item}`;
      activity.failInRound(loop, `${where}: ${error.message}`);
    }
  }
  for (let node = 1; node < plan.length; node++) {
    if (!around.has(node) && !plan.isLeaf(node)) activity.cancel(node);
  }
}

const CONTINUED = "continued-after-error";

function errorOf(run: FailingRun, cause: number): ExecutionError {
  const error = run.values.errors.get(cause);
  return error ?? failure("INTERNAL_ERROR", "The cause is not known", run.placeOf(cause));
}

/** The failure of a task is handled by the node `taker` around it: so it is for what is between them. */
function markHandled({ plan, values, activity }: FailingRun, cause: number, taker: number): void {
  for (let node = values.nodeOf(cause); node !== taker; node = plan.parent(node)) activity.handle(node);
}

/** The rounds that a task is in, in words, the innermost first. */
function roundsIn({ values }: FailingRun, task: number): string {
  const words = values.roundsOf(task).map(({ nodeId, index }) => `round ${index + 1} of ${nodeId}`);
  return words.reverse().join(" in ");
}

function nameOf({ plan, values }: FailingRun, task: number): string {
  return `\`${plan.id(values.nodeOf(task))}\``;
}
