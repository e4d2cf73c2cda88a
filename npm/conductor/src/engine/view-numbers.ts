/**
 * How a run looks, as the engine writes it and as changes of it are told.
 *
 * A look is a header (overall percent, whether the run is over, its start, its end), then a record per node (state,
 * percent, start, end). Times are ms since the epoch, NaN where they have not come. A change is four numbers: the node,
 * its new state and percent packed with the overall percent, the step of the animation, and when it happened.
 */
import { answer } from "./backend.js";
import {
  CHANGE_MASK,
  LOOK_HEADER_NUMBERS,
  LOOK_NODE_NUMBERS,
  OVERALL_SHIFT,
  PERCENT_SHIFT,
  Step,
} from "./generated.js";
import type { Plan } from "./plan.js";
import type { Recording } from "./run-request.js";
import { State } from "./state.js";

const CHANGE_NUMBERS = 4;

/** In the place of state and percents: they are as they were, and something else is known of the node. */
export const TOUCHED = -1;

/** Room for the look of a run of so many nodes. */
export function roomForView(nodes: number): Float64Array<ArrayBuffer> {
  return new Float64Array(LOOK_HEADER_NUMBERS + nodes * LOOK_NODE_NUMBERS);
}

/** The look of a run of so many nodes, in which nothing has begun. */
export function firstView(nodes: number): Float64Array<ArrayBuffer> {
  const look = roomForView(nodes);
  look[2] = look[3] = Number.NaN;
  for (let at = LOOK_HEADER_NUMBERS; at < look.length; at += LOOK_NODE_NUMBERS)
    look[at + 2] = look[at + 3] = Number.NaN;
  return look;
}

/** How a finished run looks: a replay of its journal. */
export function viewAtEnd(plan: Plan, { options, journal }: Pick<Recording, "options" | "journal">): Float64Array {
  return answer((engine) => engine.askView(plan.outlineWords, options, journal()));
}

/** Overall progress, 0–100. */
export function overallOf(look: Float64Array): number {
  return look[0] as number;
}

/** When the run started; NaN before that. */
export function startOf(look: Float64Array): number {
  return look[2] as number;
}

/** The number of a node's state. */
export function stateOf(look: Float64Array, node: number): number {
  return look[recordOf(node)] as number;
}

/** A node's progress, 0–100. */
export function percentOf(look: Float64Array, node: number): number {
  return look[recordOf(node) + 1] as number;
}

/** When a node started; NaN before that. */
export function nodeStartOf(look: Float64Array, node: number): number {
  return look[recordOf(node) + 2] as number;
}

/** When a node ended; NaN before that. */
export function nodeEndOf(look: Float64Array, node: number): number {
  return look[recordOf(node) + 3] as number;
}

/** Overall progress in a change, 0–100. */
export function overallIn(packed: number): number {
  return (packed >>> OVERALL_SHIFT) & CHANGE_MASK;
}

/** Takes a change into a look. `time`: when it happened, for a node that starts or ends with it. */
export function applyChange(look: Float64Array, node: number, packed: number, time: number): void {
  enterState(look, node, stateIn(packed), time);
  look[recordOf(node) + 1] = percentIn(packed);
  look[0] = overallIn(packed);
}

/** Lets a node be in a state from `time` on. */
export function enterState(look: Float64Array, node: number, state: number, time: number): void {
  const record = recordOf(node);
  if (look[record] === state) return;
  look[record] = state;
  if (state === State.executing) look[record + 2] = time;
  if (state > State.executing) look[record + 3] = time;
}

/** Appends a change. */
export function addChange(changes: number[], node: number, packed: number, step: number, time: number): void {
  changes.push(node, packed, step, time);
}

/** Appends that something else is known of a node. */
export function addTouch(changes: number[], node: number, time: number): void {
  addChange(changes, node, TOUCHED, Step.none, time);
}

/** How many changes these are. */
export function countOf(changes: readonly number[]): number {
  return changes.length / CHANGE_NUMBERS;
}

/** The node of a change. */
export function nodeAt(changes: readonly number[], change: number): number {
  return changes[change * CHANGE_NUMBERS] as number;
}

/** State and percents of a change, packed. */
export function packedAt(changes: readonly number[], change: number): number {
  return changes[change * CHANGE_NUMBERS + 1] as number;
}

/** The step of the animation that a change shows, or one of `Step`. */
export function stepAt(changes: readonly number[], change: number): number {
  return changes[change * CHANGE_NUMBERS + 2] as number;
}

/** When a change happened, in ms since the epoch. */
export function timeAt(changes: readonly number[], change: number): number {
  return changes[change * CHANGE_NUMBERS + 3] as number;
}

/** All changes from one of them on. */
export function changesFrom(changes: readonly number[], change: number): number[] {
  return changes.slice(change * CHANGE_NUMBERS);
}

/** The changes that make one look of a run into a later one; of steps nothing is known. */
export function changesBetween(earlier: Float64Array, later: Float64Array): number[] {
  const changes: number[] = [];
  for (let node = 0, nodes = nodesIn(later); node < nodes; node++) {
    const [state, percent] = [stateOf(later, node), percentOf(later, node)];
    if (state === stateOf(earlier, node) && percent === percentOf(earlier, node)) continue;
    const [start, end, overall] = [nodeStartOf(later, node), nodeEndOf(later, node), overallOf(later)];
    const hasBegun = Number.isNaN(nodeStartOf(earlier, node)) && !Number.isNaN(start);
    if (hasBegun && state > State.executing)
      addChange(changes, node, pack(State.executing, 0, overall), Step.none, start);
    addChange(changes, node, pack(state, percent, overall), Step.none, state > State.executing ? end : start);
  }
  return changes;
}

function nodesIn(look: Float64Array): number {
  return (look.length - LOOK_HEADER_NUMBERS) / LOOK_NODE_NUMBERS;
}

/** The number of the state in a change. */
export function stateIn(packed: number): number {
  return packed & CHANGE_MASK;
}

/** The percent of the node in a change. */
export function percentIn(packed: number): number {
  return (packed >>> PERCENT_SHIFT) & CHANGE_MASK;
}

/** State and percents as a change has them. */
export function pack(state: number, percent: number, overall: number): number {
  return state | (percent << PERCENT_SHIFT) | (overall << OVERALL_SHIFT);
}

function recordOf(node: number): number {
  return LOOK_HEADER_NUMBERS + node * LOOK_NODE_NUMBERS;
}
