/** Rounds of loops from which on a fork runs anew. */
import type { AnswersGiven } from "../../engine/answers-given.js";
import { coded } from "../../engine/failure.js";
import type { Plan } from "../../engine/plan.js";
import type { ForkChanges } from "../../types/fork.js";
import type { FlowTree } from "./changed-nodes.js";

/** A loop, and from which of its rounds on it runs anew. */
interface FromRound {
  loop: number;
  /** How many loops are around it. */
  depth: number;
  round: number;
}

/** The rounds of which a fork takes nothing over. */
export class FromRounds {
  private readonly all: FromRound[];

  /**
   * @param given by loop, from 0
   * @throws Error INVALID_PARAMETERS for a node that is no loop, and for a round in which nothing was given
   */
  constructor(
    tree: FlowTree,
    private readonly plan: Plan,
    given: ForkChanges["fromRound"] = {},
    answers: AnswersGiven,
  ) {
    this.all = Object.entries(given).map(([name, number]) => {
      const [loop] = tree.named([name], "fromRound") as [number];
      if (!plan.isEach(loop)) throw refused(`\`${name}\` in \`fromRound\` is no loop that has rounds`);
      let depth = 0;
      for (let at = loop; at !== 0; at = plan.parent(at)) if (plan.isEach(plan.parent(at))) depth++;
      const last = lastRound(answers, plan, loop, depth);
      if (!Number.isInteger(number) || number < 0 || number > last) {
        const allowed = last < 0 ? "no round of it gave anything" : `give a whole number from 0 to ${last}`;
        throw refused(`\`fromRound\` of a fork has ${number} for the loop ${name}: ${allowed}`);
      }
      return { loop, depth, round: number };
    });
  }

  /** By place in the old flow. */
  get loops(): number[] {
    return this.all.map(({ loop }) => loop);
  }

  /** Whether an answer, by its node and key, is of such a round. */
  runsAnew(node: number, key: string): boolean {
    return this.all.some(({ loop, depth, round }) => isInside(this.plan, loop, node) && roundIn(key, depth) >= round);
  }
}

/** The last round of a loop that gave something, in any round of the loops around it; -1 without one. */
function lastRound({ byNode }: AnswersGiven, plan: Plan, loop: number, depth: number): number {
  let last = -1;
  for (const [node, byKey] of byNode) {
    if (!isInside(plan, loop, node)) continue;
    for (const key of byKey.keys()) last = Math.max(last, roundIn(key, depth));
  }
  return last;
}

function isInside(plan: Plan, loop: number, node: number): boolean {
  return node > loop && node < plan.end(loop);
}

/** The round of a loop in the key of an answer inside of it; see `engine/inherited-answers.ts`. */
function roundIn(key: string, depth: number): number {
  return Number(key.split(/[.#]/)[depth]);
}

function refused(message: string): Error {
  return coded("INVALID_PARAMETERS", message, undefined);
}
