/**
 * The bound of take-overs: an execution that ends the process that has it, as by the crash of a node's native code or by memory, would
 * end every process on its store otherwise, one after the other.
 */

import { writeOptions } from "../../engine/options.js";
import { outlineOf } from "../../engine/outline.js";
import { Plan } from "../../engine/plan.js";
import { commandRecord, persisting } from "../../engine/recorder.js";
import { State } from "../../engine/state.js";
import { stateOf, viewAtEnd } from "../../engine/view-numbers.js";
import type { NodeDefinition } from "../../types/definition.js";
import type { RecordedRun } from "./kept-run.js";

/** How often in a row an execution is taken over without an answer of a node in between, unless the conductor is told otherwise. */
export const MAX_TAKE_OVERS = 3;
/** Nodes that a reason names of one take-over. */
const MOST_NAMED = 5;

/** The leaves that were under way by the records of an execution, or that its start begins, by their place in the outline. */
export function nodesUnderWay({ node, options, held, history: { journal } }: RecordedRun): number[] {
  const given = outlineOf(node);
  const outline = held.length > 0 ? persisting(given, held) : given;
  const plan = new Plan(outline);
  const words = journal.length > 0 ? journal : Uint32Array.from(commandRecord(true, Date.now()));
  const view = viewAtEnd(plan, { options: writeOptions(options, outline), journal: () => words });
  const places = outline.nodes.map((_, place) => place);
  return places.filter((place) => plan.isLeaf(place) && stateOf(view, place) === State.executing);
}

/** Why an execution is not taken over any more. `underWay`: what was under way at each of the ends in a row, the latest last. */
export function tooManyTakeOvers(flow: NodeDefinition, id: string, underWay: readonly (readonly number[])[]): string {
  const { nodes } = outlineOf(flow);
  // The first end is that of the process that was taken over from first.
  const ends = underWay.slice(1).map((places) => {
    const named = places.slice(0, MOST_NAMED).map((place) => `\`${nodes[place]?.id ?? ""}\``);
    return [...named, ...(places.length > MOST_NAMED ? ["…"] : [])].join(" and ") || "no node";
  });
  const isSame = ends.every((names) => names === ends[0]);
  const which = isSame ? `each time with ${ends[0]} under way` : `with ${ends.join(", then with ")} under way`;
  const times = ends.length === 1 ? "once" : `${ends.length} times`;
  return (
    `It was taken over ${times} in a row by a process that ended before a node had answered, ${which}. See to what ends the ` +
    `process; it goes on by \`executions.resume(${JSON.stringify(id)})\` or \`conductor executions resume ${id}\`, at the risk of that process`
  );
}
