/** What a fork would need of an old execution that was redacted there and not kept. */

import { constants } from "../../engine/constants.js";
import { Run } from "../../engine/driver.js";
import { coded, failure } from "../../engine/failure.js";
import { type LeftOutParts, missingIn, named, nameOf, readerOfInput, type Standing } from "../../engine/left-out.js";
import type { Log } from "../../engine/log.js";
import type { RunOptions } from "../../engine/options.js";
import { outlineOf } from "../../engine/outline.js";
import type { Plan } from "../../engine/plan.js";
import { State } from "../../engine/state.js";
import { stateOf, viewAtEnd } from "../../engine/view-numbers.js";
import type { ForkChanges } from "../../types/fork.js";
import { type ChangedNodes, type Comparison, changedNodes } from "./changed-nodes.js";
import type { VariablesChange } from "./entry.js";
import type { KeptRun } from "./kept-run.js";
import { lostInFile } from "./lost-in-file.js";

/** A fork that is planned. */
export interface PlannedFork {
  /** The old execution, brought back. */
  run: Run;
  comparison: Comparison;
  options: RunOptions;
  log: Log;
  changes: ForkChanges;
  recorded: KeptRun;
  /** Paths of what was left out of the old execution's input and variables. */
  leftOut: readonly string[];
  /** The answers that may be taken over without some of their parts, with nodes by their place in the new flow. */
  answers: readonly LeftOutParts[];
  /** What became of variables with answers that may be taken over, by the place of the node in the new flow. */
  variables: readonly (readonly [node: number, change: VariablesChange])[];
}

const NO_NODES: ReadonlySet<number> = new Set();

/**
 * Refuses a fork whose nodes would be given what is missing.
 *
 * @throws Error INVALID_PARAMETERS that says what to give, or which node to name in `from`
 */
export function refuseLeftOut(fork: PlannedFork): void {
  const { changes, leftOut, answers, variables, recorded } = fork;
  refuseWithoutFlow(fork, recorded);
  if (leftOut.length === 0 && answers.length === 0 && !variables.some(([, { redacted }]) => redacted)) return;
  const plan = planOf(fork);
  const standing = standingOf(plan, whatRuns(fork));
  const reads = (paths: readonly string[]) => readerOfInput(standing, paths, NO_NODES);
  const ofInput = changes.input === undefined ? leftOut.filter((path) => path.startsWith("input.")) : [];
  const givenVariables = Object.keys(changes.variables ?? {});
  const ofVariables = leftOut.filter((path) => {
    return path.startsWith("variables.") && !givenVariables.some((name) => isIn(path, `variables.${name}`));
  });
  for (const [paths, what] of [
    [ofInput, "input"],
    [ofVariables, "variables"],
  ] as const) {
    const reader = reads(paths);
    if (reader === undefined) continue;
    const needs = `${nameOf(plan, reader)}, which the fork runs, may need it: give \`${what}\` with the fork`;
    throw refused(`Of what the execution was given, ${named(paths)} was not kept, and ${needs}`);
  }
  const [missing] = missingIn(standing, answers);
  if (missing !== undefined) {
    const { leftOut: parts, reader, within } = missing;
    const id = nameOf(plan, parts.node);
    const again = within === undefined ? id : nameOf(plan, within);
    const what = parts.isItems ? `what the loop ${id} goes over` : `the output of ${id}`;
    throw refused(
      `Of ${what}, ${named(parts.paths)} was not kept, and ${nameOf(plan, reader)}, which the fork runs, ` +
        `needs it: name ${again} in \`from\`, so that it runs as well`,
    );
  }
  for (const [node, { redacted = [] }] of variables) {
    const reader = reads(redacted.map((path) => `variables.${path}`));
    if (reader === undefined) continue;
    throw refused(
      `Of the variables that ${nameOf(plan, node)} set, ${named(redacted)} was not kept, and ${nameOf(plan, reader)}, ` +
        `which the fork runs, may read it: name ${nameOf(plan, node)} in \`from\`, so that it runs as well`,
    );
  }
}

/** Refuses a fork that would run nodes without parameters that were left out when the execution was exported. */
function refuseWithoutFlow(fork: PlannedFork, recorded: KeptRun): void {
  const { comparison, changes } = fork;
  // Parameters come with the edited flow.
  if (recorded.fromFile === undefined || (changes.flow !== undefined && recorded.fromFile.values !== true)) return;
  const matches = comparison.after.matches(comparison.before);
  const { inside } = recorded.fromFile.values ? { inside: NO_NODES } : whatRuns(fork);
  const lost = lostInFile(recorded, (place) => inside.has(matches.get(place) ?? -1));
  if (lost === undefined) return;
  const what = recorded.fromFile.values ? "run its flow anew" : "give the whole flow as `flow`";
  throw refused(`${lost}, which the fork would need: ${what}`);
}

function refused(message: string): Error {
  return coded("INVALID_PARAMETERS", message, undefined);
}

function isIn(path: string, around: string): boolean {
  return path === around || path.startsWith(`${around}.`) || path.startsWith(`${around}[`);
}

/** The plan of the new flow, which the engine makes. */
function planOf({ run: { context }, comparison, options, log }: PlannedFork): Plan {
  const run = Run.open(outlineOf(comparison.after.root), { context, executables: undefined, options, log });
  if (run === undefined) throw coded("INTERNAL_ERROR", "The flow of the fork could not be compiled", undefined);
  run.abandon(failure("CANCELLED", "Only its plan is needed", context));
  return run.plan;
}

/** The nodes that run anew: what is changed, what did not complete, and what depends on either. */
function whatRuns({ run, comparison }: PlannedFork): ChangedNodes {
  const { before, after, from } = comparison;
  const look = run.recording && viewAtEnd(run.plan, run.recording);
  const { states } = constants();
  const isOver = (old: number) => ["completed", "skipped"].includes(states[look ? stateOf(look, old) : 0] ?? "");
  const incomplete: number[] = [];
  for (const [old, place] of after.matches(before)) {
    const isLeaf = (before.nodes[old]?.nodes?.length ?? 0) === 0;
    let isDone = true;
    // Of a loop that is not over, no round says that all are.
    for (let at = old; at !== 0; at = run.plan.parent(at)) {
      if ((at === old || run.plan.isEach(at)) && !isOver(at)) isDone = false;
    }
    if (isLeaf && !isDone) incomplete.push(place);
  }
  return changedNodes({ ...comparison, from: [...from, ...incomplete] });
}

function standingOf(plan: Plan, { inside }: ChangedNodes): Standing {
  const runs = (place: number) => {
    for (let inner = place, end = plan.end(place); inner < end; inner++) if (inside.has(inner)) return true;
    return false;
  };
  return { plan, stateOf: (place) => (runs(place) ? State.pending : State.completed), isAnswered: () => false };
}
