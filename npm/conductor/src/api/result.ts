/** How an execution ended, as its caller gets it. */

import { type FollowedRun, isInherited } from "../engine/followed-run.js";
import type { Outline } from "../engine/outline.js";
import type { Plan } from "../engine/plan.js";
import type { Outcome } from "../engine/run-request.js";
import { withoutSecrets } from "../engine/shown.js";
import { State } from "../engine/state.js";
import { traceOf } from "../engine/trace.js";
import { stateOf, viewAtEnd } from "../engine/view-numbers.js";
import type { ExecutionError } from "../types/errors.js";
import type { ConductorExecutionContext, ExecutionResult, ExecutionTrace, RunWarning } from "../types/execution.js";
import type { NodeId } from "../types/ids.js";

/** The result of a run that is over. `trace` and `outputs` are worked out when they are read. */
export class RunResult implements ExecutionResult {
  readonly #run: FollowedRun;
  #isForAll = false;
  readonly #flowWarnings: (outline: Outline) => RunWarning[];
  // Only declared, so that the keys stand in the order in which they are assigned.
  declare readonly success: boolean;
  declare data?: unknown;
  declare error?: ExecutionError;
  declare duration: number;
  declare executedNodes: NodeId[];
  declare reused?: NodeId[];
  declare context: ConductorExecutionContext;
  declare trace: ExecutionTrace;

  constructor(
    run: FollowedRun,
    outcome: Outcome,
    context: ConductorExecutionContext,
    duration: number,
    flowWarnings: (outline: Outline) => RunWarning[],
  ) {
    this.#run = run;
    this.#flowWarnings = flowWarnings;
    this.success = outcome.error === undefined;
    if (outcome.error === undefined) this.data = outcome.data;
    else this.error = outcome.error;
    this.duration = duration;
    this.executedNodes = executedNodes(run, this.success);
    if (run.inheritsAnswers === true) this.reused = reusedNodes(run);
    // A copy: the run goes on working its trace out from its own.
    this.context = { ...context };
    // Of what is known already, a copy of the result should tell; the rest is found out when it is asked for.
    if (run.warnings !== undefined || run.plan.outline.ignoresPolicies) {
      Object.defineProperty(this, "warnings", WARNINGS);
    }
    Object.defineProperty(this, "trace", TRACE);
  }

  /**
   * Outputs by node id, of the nodes that came to their end without a failure; where scopes share an id, the outermost
   * counts. In the order that the flow declares. `undefined` where another thread carried the run out and did not say
   * how it ended.
   */
  get outputs(): Record<string, unknown> | undefined {
    const run = this.#run;
    const { redact, plan } = run;
    if (run.outputOf === undefined) return undefined;
    if (redact === undefined) return outputsOf(run, (node) => this.told(run.outputOf?.(node)));
    return outputsOf(run, (node) => this.told(redact.shown(run.outputOf?.(node), makersOf(plan, node)).value));
  }

  /** A value as those get it who have this result. */
  private told(value: unknown): unknown {
    const { secrets } = this.#run;
    return this.#isForAll && secrets !== undefined ? withoutSecrets(value, secrets) : value;
  }

  /** The result for others than its caller: without secrets, and without what is redacted. The same, where there is neither. */
  get shown(): ExecutionResult {
    const { redact, secrets, plan } = this.#run;
    if (this.#isForAll || (redact === undefined && secrets === undefined)) return this;
    const { error, duration } = this;
    const show = (value: unknown, makers?: readonly [number, number]) => {
      const shown = redact === undefined ? value : redact.shown(value, makers).value;
      return secrets === undefined ? shown : withoutSecrets(shown, secrets);
    };
    // What is no object may come from any of the nodes.
    const makers = typeof this.data === "object" ? makersOf(plan, 0) : ([0, plan.length] as const);
    const data = error === undefined ? show(this.data, makers) : undefined;
    const outcome = error === undefined ? { data } : { data, error };
    const context = show(this.context) as ConductorExecutionContext;
    const shown = new RunResult(this.#run, outcome, context, duration, this.#flowWarnings);
    shown.#isForAll = true;
    return shown;
  }

  /** What the flow is warned of, then what its nodes warned of; `undefined` without warnings. */
  get warnings(): RunWarning[] | undefined {
    const { plan, warnings = [] } = this.#run;
    const all = [...this.#flowWarnings(plan.outline), ...warnings];
    return all.length === 0 ? undefined : all;
  }

  /** Whether the flow has a node of this id, at any depth. */
  static hasNode(result: RunResult, id: string): boolean {
    const { plan } = result.#run;
    for (let node = 0; node < plan.length; node++) if (plan.id(node) === id) return true;
    return false;
  }

  static attemptsOf(result: ExecutionResult): number {
    return result instanceof RunResult ? result.#run.attempts : 1;
  }

  static traceOf(result: RunResult): ExecutionTrace | undefined {
    return runTrace(result.#run, () => result.warnings);
  }
}

/** The nodes, by place in the outline, of which one gave the output of a node. */
function makersOf(plan: Plan, node: number): readonly [first: number, end: number] {
  const last = plan.isEach(node) ? node : plan.output(node);
  return [last, plan.end(last)];
}

const TRACE: PropertyDescriptor = {
  get(this: RunResult) {
    return RunResult.traceOf(this);
  },
  enumerable: true,
  configurable: true,
};

const WARNINGS: PropertyDescriptor = {
  ...(Object.getOwnPropertyDescriptor(RunResult.prototype, "warnings") as PropertyDescriptor),
  enumerable: true,
};

/** The trace of a run; `undefined` while it is not over. `warningsOf`: what the run warns of, all in all. */
function runTrace(run: FollowedRun, warningsOf: () => RunWarning[] | undefined): ExecutionTrace | undefined {
  const { recording } = run;
  if (recording === undefined) return undefined;
  if (run.trace === undefined) {
    const { retries } = recording;
    const warnings = warningsOf();
    run.trace = traceOf({
      plan: run.plan,
      recording,
      executionId: run.context.executionId,
      startTime: run.startTime,
      endTime: run.endTime,
      slowMo: run.context.slowMo,
      errorMessage: (node) => run.errorOf(node)?.message,
      activityOf: (node) => run.activityOf(node),
      isInherited: (node) => isInherited(run, node),
    });
    if (retries !== undefined) run.trace.retries = retries;
    if (warnings !== undefined) run.trace.warnings = warnings;
  }
  return run.trace;
}

/**
 * In plan order: after a success every node that ran, groups before what they contain; after a failure only the leaves
 * that began.
 */
function executedNodes(run: FollowedRun, success: boolean): NodeId[] {
  const { plan } = run;
  const hasRun = success && run.hasErrors ? groupsThatRan(run) : undefined;
  const ids: NodeId[] = [];
  for (let position = 0; position < plan.length; position++) {
    const node = plan.order(position);
    if (run.hasBegun(node) && (plan.isLeaf(node) || (success && hasRun?.[node] !== 0))) ids.push(plan.id(node));
  }
  return ids;
}

/** Nodes that were not run because another execution had, in plan order, without the one that was run. */
function reusedNodes(run: FollowedRun): NodeId[] {
  const { plan } = run;
  return Array.from({ length: plan.length }, (_, position) => plan.order(position))
    .filter((node) => (node > 0 || plan.length === 1) && isInherited(run, node))
    .map((node) => plan.id(node));
}

/** Which nodes ran. A group that was open when one around it failed only did if something inside it began. */
function groupsThatRan(run: FollowedRun): Uint8Array {
  const { plan } = run;
  const isComplete = groupsThatEnded(run);
  const ran = new Uint8Array(plan.length);
  for (let node = plan.length - 1; node >= 0; node--) {
    // Whether a group is complete is asked only where nothing inside began: the answer is a replay of the run.
    if (ran[node] === 0 && run.hasBegun(node)) {
      ran[node] = plan.isLeaf(node) || plan.isEach(node) || isComplete(node) ? 1 : 0;
    }
    if (ran[node] === 1) ran[plan.parent(node)] = 1;
  }
  return ran;
}

function outputsOf(run: FollowedRun, outputOf: (node: number) => unknown): Record<string, unknown> {
  const { plan } = run;
  const isComplete = groupsThatEnded(run);
  const outputs = new Map<string, unknown>();
  const depths = new Map<string, number>();
  const depth = new Uint8Array(plan.length);
  for (let node = plan.length === 1 ? 0 : 1; node < plan.length; node++) {
    const level = node === 0 ? 0 : (depth[plan.parent(node)] as number) + 1;
    depth[node] = level;
    const value = run.hasBegun(node) && run.errorOf(node) === undefined ? outputOf(node) : undefined;
    const id = plan.id(node);
    if (value === undefined || level >= (depths.get(id) ?? Infinity) || !isComplete(node)) continue;
    depths.set(id, level);
    outputs.set(id, value);
  }
  return Object.fromEntries(outputs);
}

/**
 * Tells of groups whether they came to their end. A group shares the slot of the last leaf inside it, so that a value
 * there does not say so. Where nothing failed, all that began did.
 */
function groupsThatEnded(run: FollowedRun): (node: number) => boolean {
  const { plan, recording } = run;
  if ((run.hasSucceeded && !run.hasErrors) || recording === undefined) return () => true;
  let look: Float64Array | undefined;
  return (node) => {
    if (plan.isLeaf(node)) return true;
    look ??= viewAtEnd(plan, recording);
    return stateOf(look, node) === State.completed;
  };
}

/** A result as listeners get it: without what is redacted. */
export function shownOf(result: ExecutionResult): ExecutionResult {
  return result instanceof RunResult ? result.shown : result;
}
