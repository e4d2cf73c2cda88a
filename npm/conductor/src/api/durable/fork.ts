/** A new execution from the records of an old one: what it is made from, and which answers it may take over. */
import { isObject } from "@atomiton/values";

import type { AnswersGiven } from "../../engine/answers-given.js";
import { coded } from "../../engine/failure.js";
import { fileOf, withFile } from "../../engine/flow-origin.js";
import { type FlowNodeTypes, nodeAt, problemText, shapeProblems, validateFlow } from "../../engine/flows.js";
import type { Log } from "../../engine/log.js";
import { outlineOf } from "../../engine/outline.js";
import { type Json, tagOf, toJson } from "../../executions/tagged-json.js";
import type { NodeDefinition } from "../../types/definition.js";
import type { ForkChanges } from "../../types/fork.js";
import { defaultVariables, refuseVariables, wrongVariables } from "../variables.js";
import { type Comparison, changedNodes, FlowTree } from "./changed-nodes.js";
import { type Blob, forkEntry, keptEntry } from "./entries.js";
import type { RecordedAnswer, VariablesChange } from "./entry.js";
import { refuseLeftOut } from "./fork-left-out.js";
import { FromRounds } from "./fork-rounds.js";
import type { RecordedRun } from "./kept-run.js";
import { readBack } from "./read-back.js";
import { stepsOf } from "./recorded-steps.js";
import { leftOutOf, type Records } from "./records.js";

/** What a fork is made from. */
export interface ForkPlan {
  node: NodeDefinition;
  input: Record<string, unknown> | undefined;
  variables: Record<string, unknown>;
  /** Entries of what it may take over, and the blobs that they name. */
  entries: string[];
  blobs: Blob[];
}

/** What a fork may change. */
export const FORK_CHANGES: readonly (keyof ForkChanges)[] = [
  "from",
  "fromStep",
  "fromRound",
  "parameters",
  "input",
  "variables",
  "flow",
  "executionId",
];

/**
 * Plans the fork of a recorded execution.
 *
 * @throws Error INVALID_PARAMETERS for changes that it does not know or that do not fit the flow, and where nodes that run would need
 *   what was redacted, SERIALIZATION_FAILED for a flow that JSON
 *   does not take
 */
export function planFork(recorded: RecordedRun, changes: ForkChanges, types: FlowNodeTypes, log: Log): ForkPlan {
  checkChanges(changes, recorded.node);
  const node = withFile(changedFlow(recorded.node, changes), fileOf(changes.flow ?? recorded.node));
  checkParameters(node, changes.parameters, types);
  const { context: old, history, leftOut = [] } = recorded;
  if (changes.fromStep !== undefined) history.endAt(wordsUpTo(recorded, changes.fromStep));
  const variables = changedVariables(recorded.node, node, old.variables, changes.variables);
  const given = changes.variables ?? {};
  refuseVariables(
    wrongVariables(node, variables).filter(
      ({ rule, variable }) => rule === "missing-variable" || Object.hasOwn(given, variable),
    ),
  );
  const input = "input" in changes && changes.input !== undefined ? changes.input : old.input;
  const isCut = changes.fromStep !== undefined;
  const { run, answers } = readBack(isCut ? unended(recorded) : recorded, log);
  const tree = new FlowTree(node);
  const before = new FlowTree(recorded.node);
  const rounds = new FromRounds(before, run.plan, changes.fromRound, answers);
  const comparison: Comparison = {
    before,
    after: tree,
    from: tree.named(listOf(changes.from), "from"),
    readInput: answers.readInput,
    hasNewInput: !isSame(input, old.input),
    newVariables: namesOfChanged(old.variables, variables),
    variablesMoved:
      history.variableChanges.length > 0 &&
      // What was taken over has the variables that it had.
      FORK_CHANGES.some((key) => changes[key] !== undefined && !["executionId", "fromStep", "fromRound"].includes(key)),
    types,
  };
  const { inside, outputs } = changedNodes(comparison);
  const matches = tree.matches(before);
  const kept = keptAnswers(answers, history, matches, inside, old.variables, rounds);
  refuseLeftOut({
    run,
    comparison: {
      ...comparison,
      from: [...comparison.from, ...rounds.loops.flatMap((loop) => matches.get(loop) ?? [])],
    },
    options: recorded.options,
    log,
    changes,
    recorded,
    leftOut,
    answers: kept.flatMap(({ node: place, answer }) => {
      const parts = leftOutOf(answer);
      return parts.paths.length === 0 ? [] : { ...parts, node: place, task: place };
    }),
    variables: kept.flatMap(({ node: place, answer: { variables: change } }) => (change ? [[place, change]] : [])),
  });
  const blobs = new Map<string, Blob>();
  for (const { answer } of kept) {
    const blob = history.blobOf(answer);
    if (blob !== undefined) blobs.set(blob.hash, blob);
  }
  const entries = kept.map(({ node: place, key, answer }) => keptEntry(place, key, answer));
  return { node, input, variables, entries: [forkEntry(inside, outputs), ...entries], blobs: [...blobs.values()] };
}

function checkChanges(changes: ForkChanges, { id }: NodeDefinition): void {
  if (!isObject(changes)) throw refused('What a fork changes is an object, such as { from: "node" }');
  const unknown = Object.keys(changes).find((key) => !(FORK_CHANGES as readonly string[]).includes(key));
  if (unknown !== undefined) throw refused(`A fork knows no \`${unknown}\`; known are ${FORK_CHANGES.join(", ")}`);
  const { from, fromStep, fromRound, parameters, variables, flow, executionId } = changes as ForkChanges;
  const names: unknown = from === undefined ? [] : listOf(from);
  if (!Array.isArray(names) || !names.every((name) => typeof name === "string")) {
    throw refused("`from` of a fork is the id of a node, or a list of ids");
  }
  if (fromStep !== undefined && typeof fromStep !== "number") {
    throw refused("`fromStep` of a fork is the number of a step of the execution's replay");
  }
  for (const [name, value] of Object.entries({ parameters, variables, flow, fromRound, ...parameters })) {
    if (value !== undefined && (!isObject(value) || Array.isArray(value))) {
      throw refused(`\`${name}\` of a fork must be an object`);
    }
  }
  if (executionId !== undefined && (typeof executionId !== "string" || executionId === "")) {
    throw refused("`executionId` of a fork must be a text that is not empty");
  }
  if (flow !== undefined && flow.id !== id) {
    throw refused(
      `\`flow\` of a fork must be an edited version of \`${id}\`, the flow of the old execution; it is \`${flow.id}\``,
    );
  }
}

function refused(message: string): Error {
  return coded("INVALID_PARAMETERS", message, undefined);
}

function listOf(from: ForkChanges["from"]): readonly string[] {
  return from === undefined ? [] : typeof from === "string" ? [from] : from;
}

/** An execution without how it ended. */
function unended(recorded: RecordedRun): RecordedRun {
  return { ...recorded, ...(recorded.past && { past: { ...recorded.past, error: undefined } }) };
}

/** Words of the journal up to the end of a step. @throws Error INVALID_PARAMETERS for a step that there is not */
function wordsUpTo(recorded: RecordedRun, step: number): number {
  const steps = stepsOf(outlineOf(recorded.node), recorded);
  if (Number.isInteger(step) && step >= 0 && step <= steps.length) return steps.journalUpTo(step).length;
  const { executionId } = recorded.context;
  throw refused(
    `\`fromStep\` of a fork is ${step}, and the execution ${executionId} has no such step; give a whole number from 0 to ${steps.length}`,
  );
}

/** The flow as it is to run: a copy, as stores keep it. */
export function changedFlow(before: NodeDefinition, { flow = before, parameters = {} }: ForkChanges): NodeDefinition {
  let node: NodeDefinition;
  try {
    node = JSON.parse(JSON.stringify(flow)) as NodeDefinition;
  } catch (error) {
    throw coded("SERIALIZATION_FAILED", `The flow of a fork cannot be kept: ${(error as Error).message}`, undefined);
  }
  const [problem] = shapeProblems(node);
  if (problem !== undefined) throw coded(problem.code, problemText(problem), undefined);
  const tree = new FlowTree(node);
  for (const [name, values] of Object.entries(parameters)) {
    for (const place of tree.named([name], "parameters")) {
      const changed = tree.nodes[place] as NodeDefinition;
      changed.parameters = {
        ...changed.parameters,
        ...(JSON.parse(JSON.stringify(values)) as Record<string, unknown>),
      };
    }
  }
  return node;
}

/** @throws Error INVALID_PARAMETERS for a parameter that its node does not read */
function checkParameters(flow: NodeDefinition, parameters: ForkChanges["parameters"], types: FlowNodeTypes): void {
  if (parameters === undefined) return;
  const tree = new FlowTree(flow);
  const unread = validateFlow(flow, types).filter(({ rule }) => rule === "unknown-parameter");
  for (const [name, values] of Object.entries(parameters)) {
    const node = tree.nodes[tree.named([name], "parameters")[0] as number];
    const found = unread.find(
      ({ path, found }) => nodeAt(flow, path) === node && found !== undefined && Object.hasOwn(values, found),
    );
    if (found !== undefined) throw refused(`\`${name}\` in \`parameters\`: ${found.message}`);
  }
}

/** Where the old execution had a default of its flow, the fork has that of its own. */
function changedVariables(
  before: NodeDefinition,
  after: NodeDefinition,
  old: Record<string, unknown>,
  given: Record<string, unknown> | undefined,
): Record<string, unknown> {
  const defaults = defaultVariables(before);
  const kept = Object.entries(old).filter(([name, value]) => !defaults.has(name) || !isSame(defaults.get(name), value));
  return { ...Object.fromEntries(defaultVariables(after)), ...Object.fromEntries(kept), ...given };
}

function namesOfChanged(one: Record<string, unknown>, other: Record<string, unknown>): Set<string> {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return new Set([...names].filter((name) => !isSame(one[name], other[name])));
}

/** Whether two values are written alike; a different order of keys is a difference. */
function isSame(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(toJson(one, () => {})) === JSON.stringify(toJson(other, () => {}));
}

/** An answer that a fork may take over, for a node of its flow. */
interface KeptAnswer {
  node: number;
  key: string;
  answer: RecordedAnswer;
}

/** The answers that a fork may take over. `matches`: the place in its flow of a node of the old one. */
function keptAnswers(
  answers: AnswersGiven,
  history: Records,
  matches: ReadonlyMap<number, number>,
  inside: ReadonlySet<number>,
  variables: Record<string, unknown>,
  rounds: FromRounds,
): KeptAnswer[] {
  const kept: KeptAnswer[] = [];
  const changes = changesOfVariables(history, variables);
  for (const [old, byKey] of answers.byNode) {
    const node = matches.get(old);
    if (node === undefined || inside.has(node)) continue;
    for (const [key, { task, attempt }] of byKey) {
      if (rounds.runsAnew(old, key)) continue;
      const answer = history.recorded(task, attempt);
      if (answer !== undefined) {
        kept.push({ node, key, answer: { ...answer, variables: changes.get(`${task} ${attempt}`) } });
      }
    }
  }
  return kept;
}

/** What became of the run's variables with each answer. */
function changesOfVariables(
  { variableChanges }: Records,
  variables: Record<string, unknown>,
): ReadonlyMap<string, VariablesChange> {
  const changes = new Map<string, VariablesChange>();
  let before = toJson(variables, () => {}) as Record<string, Json>;
  for (const { task, attempt, variables: found, redacted } of variableChanges) {
    if (tagOf(found) !== undefined)
      throw refused("The execution has variables whose names hold secrets: it cannot be forked");
    const after = found as Record<string, Json>;
    const set = Object.entries(after).filter(([name, value]) => JSON.stringify(before[name]) !== JSON.stringify(value));
    const removed = Object.keys(before).filter((name) => !Object.hasOwn(after, name));
    const isWithout = redacted !== undefined && set.length > 0;
    changes.set(`${task} ${attempt}`, {
      set: Object.fromEntries(set),
      removed,
      ...(isWithout && { redacted }),
    });
    before = after;
  }
  return changes;
}
