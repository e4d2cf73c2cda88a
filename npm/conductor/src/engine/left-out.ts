/**
 * Values of which parts were redacted when they were kept, once a run is to go on: what needs these parts, how they are had
 * again, and why the execution is blocked where they cannot be. Loaded for executions whose records lack something.
 */
import type { ExecutionError } from "../types/errors.js";
import type { Call } from "./call.js";
import type { IncompleteAnswers } from "./incomplete-answers.js";
import type { Plan } from "./plan.js";
import { State } from "./state.js";

/** What is missing of an answer. */
export interface LeftOutParts {
  task: number;
  /** By place in the outline. */
  node: number;
  /** Of what is missing. */
  paths: readonly string[];
  /** Items that a loop goes over, and not an output. */
  isItems: boolean;
  /** Its round is over, so that only what was made of it is left. */
  isPast?: true;
}

/** An answer that was kept without some of its parts. */
export interface LeftOut extends LeftOutParts {
  /** What was kept, in the place of what was given. */
  value: object;
  /** With what the answer came about. */
  call: Call;
}

/** Something that is missing, and what needs it. */
export interface Missing<T extends LeftOutParts = LeftOut> {
  leftOut: T;
  /** By place in the outline. */
  reader: number;
  /** Its value has become a part of the output of this loop or group. */
  within: number | undefined;
}

/** How a run stands that goes on. */
export interface Standing {
  plan: Plan;
  /** Of a node, by its place in the outline. */
  stateOf(node: number): number;
  /** Whether a task of a round that is not over gave its output. */
  isAnswered(task: number): boolean;
}

/** The answers of which nodes that may still run need what is missing, and those that others of them need to be had again. */
export function missingIn<T extends LeftOutParts>(standing: Standing, all: readonly T[]): Missing<T>[] {
  const found = new Map<T, Missing<T>>();
  // What is run again needs what it needed before.
  const again = new Set<number>();
  for (let isNew = true; isNew; ) {
    isNew = false;
    for (const leftOut of all) {
      if (found.has(leftOut)) continue;
      const missing = missingFor(standing, leftOut, again);
      if (missing === undefined) continue;
      found.set(leftOut, missing);
      again.add(leftOut.node);
      isNew = true;
    }
  }
  return all.flatMap((leftOut) => found.get(leftOut) ?? []);
}

/** A node that may still run and gets the input of the run, or its variables; `undefined` where no such node is left. */
export function readerOfInput(
  standing: Standing,
  paths: readonly string[],
  again: ReadonlySet<number>,
): number | undefined {
  if (paths.length === 0) return undefined;
  const { plan } = standing;
  const readsVariables = paths.some((path) => path.startsWith("variables."));
  for (let node = 0; node < plan.length; node++) {
    if (!plan.isLeaf(node) || !(again.has(node) || mayRun(standing, node))) continue;
    if (readsVariables || plan.outline.expressions?.byNode.has(node) || getsInput(plan, node)) return node;
  }
  return undefined;
}

/** A node that could not be run again. */
export interface Unmade {
  task: number;
  /** For people. */
  reason: string;
}

/**
 * Runs the nodes again whose answers lack parts that are needed, each after those that it needs itself, and says which
 * parts the result lacks.
 *
 * @param runAgain resolves with what a node gives now; rejects with an `ExecutionError`
 * @param isOver whether the run has ended meanwhile, so that nothing more is to be done
 */
export async function makeAgain(
  standing: Standing,
  incomplete: IncompleteAnswers,
  runAgain: (leftOut: LeftOut) => Promise<unknown>,
  isOver: () => boolean,
): Promise<Unmade | undefined> {
  const missing = missingIn(standing, incomplete.all);
  for (const { leftOut } of missing) {
    const { node, task, value } = leftOut;
    try {
      incomplete.replace(value, await runAgain(leftOut));
    } catch (error) {
      const { message } = error as ExecutionError;
      const reason = `Parts of the output of ${nameOf(standing.plan, node)} were not kept; it was run again for them, and failed: ${message}`;
      return { task, reason };
    }
    if (isOver()) return undefined;
  }
  incomplete.tell(new Set(missing.map(({ leftOut }) => leftOut)));
  return undefined;
}

/** What is missing of an execution, by paths. */
export interface MissingParts {
  /** Of its input and variables as they were given. */
  ofInput: readonly string[];
  /** Of its variables as its nodes left them. */
  ofVariables: readonly string[];
  ofOutputs: readonly LeftOut[];
  /** Whether a node, by its place in the outline, writes to the world. */
  writes(node: number): boolean;
}

/** What keeps an execution from going on; `undefined` where what is missing is not needed, or can be had again. */
export function whyBlocked(
  standing: Standing,
  { ofInput, ofVariables, ofOutputs, writes }: MissingParts,
): string | undefined {
  const { plan } = standing;
  const missing = missingIn(standing, ofOutputs);
  const again = new Set(missing.map(({ leftOut }) => leftOut.node));
  const inputReader = readerOfInput(standing, ofInput, again);
  if (inputReader !== undefined) {
    return `Of what the flow was given, ${named(ofInput)} was not kept, and ${nameOf(plan, inputReader)} still needs it. Run it again under the same id with its whole input, or under another id`;
  }
  const variables = ofVariables.map((path) => `variables.${path}`);
  const variablesReader = readerOfInput(standing, variables, again);
  if (variablesReader !== undefined) {
    return `Of the run's variables, ${named(ofVariables)} was not kept, and ${nameOf(plan, variablesReader)} may still read it. ${ADVICE}`;
  }
  for (const { leftOut, reader, within } of missing) {
    const { node, paths, isItems } = leftOut;
    const id = nameOf(plan, node);
    const parts = named(paths);
    if (isItems) {
      return `The loop ${id} is not over, and of what it goes over ${parts} was not kept. ${ADVICE}`;
    }
    const what = `Of the output of ${id}, ${parts} was not kept, and ${nameOf(plan, reader)} still needs it`;
    if (within !== undefined) {
      return `${what}; it is a part of what ${nameOf(plan, within)} gives, of which ${id} cannot be run again alone. ${ADVICE}`;
    }
    if (writes(node)) return `${what}; ${id} writes to the world, so it is not run again. ${ADVICE}`;
  }
  return undefined;
}

/** Paths, as messages name them. */
export function named(paths: readonly string[]): string {
  return paths.map((path) => (path === "" ? "the whole of it" : `\`${path}\``)).join(", ");
}

/** A node, as messages name it. */
export function nameOf(plan: Plan, node: number): string {
  return `\`${plan.id(node)}\``;
}

const ADVICE = "Run the flow anew under another id";

function missingFor<T extends LeftOutParts>(
  standing: Standing,
  leftOut: T,
  again: ReadonlySet<number>,
): Missing<T> | undefined {
  const { plan } = standing;
  const { node, isItems, isPast = false, task } = leftOut;
  if (isItems) return !isPast && mayRun(standing, node) ? { leftOut, reader: node, within: node } : undefined;
  const loop = loopAround(plan, node);
  for (const { slot, gives } of slotsOf(plan, node)) {
    // What a round gave is only in what was made of it, once that is over.
    if (isPast && gives === undefined) continue;
    const within = gives ?? loop;
    for (let reader = 1; reader < plan.length; reader++) {
      if (reader === node || !reads(plan, reader, slot)) continue;
      // A round tells of its own nodes only.
      const isBeside = gives === undefined && loop !== undefined && loopAround(plan, reader) === loop;
      const isOver = isBeside && standing.isAnswered(task + (reader - node));
      if ((!isOver && mayRun(standing, reader)) || again.has(reader)) return { leftOut, reader, within };
    }
  }
  return undefined;
}

/** Whether a node is not over, or something around it is not over that may run it once more. */
function mayRun({ plan, stateOf }: Standing, node: number): boolean {
  if (stateOf(node) <= State.executing) return true;
  for (let at = node; at !== 0; ) {
    at = plan.parent(at);
    const repeats = plan.isEach(at) || (plan.retries(at) ?? 0) > 0;
    if (repeats && stateOf(at) <= State.executing) return true;
  }
  return false;
}

/**
 * Where the value of a node comes to lie: in its own slot, in those of disabled nodes that hand it on, and in those of loops and groups
 * whose output is made of it. `gives`: the loop or group that it has become a part of.
 */
function slotsOf(plan: Plan, node: number): { slot: number; gives: number | undefined }[] {
  const slots: { slot: number; gives: number | undefined }[] = [{ slot: node, gives: undefined }];
  const add = (slot: number, gives: number | undefined) => {
    if (!slots.some((other) => other.slot === slot)) slots.push({ slot, gives });
  };
  for (const { slot, gives } of slots) {
    for (let reader = 1; reader < plan.length; reader++) {
      const isDisabled = plan.node(reader).parameters?.enabled === false;
      if (isDisabled && reads(plan, reader, slot)) add(plan.output(reader), gives);
    }
    for (let at = slot; at !== 0; ) {
      const parent = plan.parent(at);
      const isBranches = plan.branchMode(parent) !== undefined;
      const isGiven = isBranches ? plan.output(at) === slot || at === slot : plan.output(parent) === slot;
      if (!isGiven) break;
      if (isBranches || plan.isEach(parent)) {
        add(parent, parent);
        break;
      }
      at = parent;
    }
  }
  return slots;
}

function loopAround(plan: Plan, node: number): number | undefined {
  for (let at = node; at !== 0; at = plan.parent(at)) if (plan.isEach(plan.parent(at))) return plan.parent(at);
  return undefined;
}

/** Whether a node gets what is in a slot, by an edge or by an expression. */
function reads(plan: Plan, node: number, slot: number): boolean {
  for (let input = plan.firstInput(node); input < plan.firstInput(node + 1); input++) {
    if (plan.inputSlot(input) === slot) return true;
  }
  const { expressions } = plan.outline;
  const named = expressions?.byNode.get(node);
  for (const id of [...(named?.nodes.keys() ?? []), ...(named?.codeNodes.keys() ?? [])]) {
    const read = expressions?.read(node, id);
    if (read !== undefined && (plan.isEach(read) ? read : plan.output(read)) === slot) return true;
  }
  return false;
}

/** Whether no edge stands between the input of the run and a node. */
function getsInput(plan: Plan, node: number): boolean {
  for (let at = node; at !== 0; at = plan.parent(at)) {
    if (plan.firstInput(at) < plan.firstInput(at + 1)) return false;
  }
  return true;
}
