/** Which answers a run was given in the end: found while it is brought back from its records. */
import { isRecord } from "@atomiton/values";
import { itemsKey, leafKey } from "./inherited-answers.js";
import { Section } from "./outline.js";
import type { Plan } from "./plan.js";
import type { Answer, ReplayObserver } from "./recorder.js";
import type { Values } from "./values.js";

/** An answer by the task and the attempt that it was recorded under. */
export interface GivenAnswer {
  task: number;
  attempt: number;
}

/**
 * The answers that count, by node and by the rounds around it: of several tries the last one, of a group that began again
 * those of its last beginning. A failure is among them where the flow dealt with it, and not where it ended something.
 */
export class AnswersGiven implements ReplayObserver {
  /** By node, and there by the keys of `inherited-answers.ts`. */
  readonly byNode = new Map<number, Map<string, GivenAnswer>>();
  /** Nodes that were given the input of the run. */
  readonly readInput = new Set<number>();
  private readonly failures = new Map<string, GivenAnswer>();
  /** Failed branches of groups that are not over yet, by group. */
  private readonly lostBranches = new Map<string, string[]>();

  /** @param input of the run */
  constructor(
    private readonly plan: Plan,
    private readonly values: Pick<Values, "nodeOf" | "positionOf">,
    private readonly input: unknown,
    private readonly keepsGoing: boolean,
  ) {}

  begun(task: number, input: unknown): void {
    const node = this.values.nodeOf(task);
    const isEmpty = isRecord(input) && Object.keys(input).length === 0;
    const isCatch = this.plan.section(node) === Section.catch;
    if (isCatch || input === this.input || isEmpty) this.readInput.add(node);
    if (!this.plan.isEach(node)) this.forget(task);
  }

  answered(task: number, attempt: number, answer: Answer): void {
    const [node, position] = this.placeOf(task);
    const given = { task, attempt };
    if (answer.kind === "error") this.failures.set(failureKey(node, position), given);
    else if (answer.kind === "items") this.add(node, itemsKey(position, answer.items.known), given);
    else this.add(node, leafKey(position), given);
  }

  stopped(task: number): void {
    if (!this.plan.isEach(this.values.nodeOf(task))) this.forget(task);
  }

  caught(task: number, cause: number): void {
    const taker = this.values.nodeOf(task);
    const { plan } = this;
    if (!plan.continuesOnError(taker) && !plan.catches(taker)) return;
    // In a run that keeps going, a loop takes the error of a round before it is over itself.
    if (this.keepsGoing && cause !== task && plan.isEach(taker) && plan.continuesOnError(taker)) return;
    this.keepFailure(failureKey(...this.placeOf(cause)));
  }

  lost(task: number, base: number, cause: number): void {
    const group = this.values.nodeOf(task);
    const failed = failureKey(...this.placeOf(cause));
    const mode = this.plan.branchMode(group);
    if (mode === "try") {
      const isBody = this.plan.section(this.values.nodeOf(base)) === Section.body;
      if (isBody && this.plan.hasCatch(group)) this.keepFailure(failed);
    } else if (mode === undefined) this.keepFailure(failed);
    else {
      const key = failureKey(...this.placeOf(task));
      this.lostBranches.set(key, [...(this.lostBranches.get(key) ?? []), failed]);
    }
  }

  gathered(task: number): void {
    const key = failureKey(...this.placeOf(task));
    for (const failed of this.lostBranches.get(key) ?? []) this.keepFailure(failed);
    this.lostBranches.delete(key);
  }

  reset(task: number): void {
    const [group, position] = this.placeOf(task);
    // Of a loop, also its items.
    for (let node = group, end = this.plan.end(group); node < end; node++) {
      const answers = this.byNode.get(node);
      for (const key of answers?.keys() ?? []) if (isWithin(key, position)) answers?.delete(key);
    }
  }

  private placeOf(task: number): [node: number, position: string] {
    return [this.values.nodeOf(task), this.values.positionOf(task)];
  }

  private add(node: number, key: string, given: GivenAnswer): void {
    const answers = this.byNode.get(node);
    if (answers === undefined) this.byNode.set(node, new Map([[key, given]]));
    else answers.set(key, given);
  }

  private forget(task: number): void {
    const [node, position] = this.placeOf(task);
    this.byNode.get(node)?.delete(leafKey(position));
    this.failures.delete(failureKey(node, position));
  }

  private keepFailure(failed: string): void {
    const given = this.failures.get(failed);
    if (given === undefined) return;
    const at = failed.indexOf(" ");
    this.add(Number(failed.slice(0, at)), leafKey(failed.slice(at + 1)), given);
  }
}

function failureKey(node: number, position: string): string {
  return `${node} ${position}`;
}

/** Whether an answer's key is of a position, or of rounds inside it. */
function isWithin(key: string, position: string): boolean {
  return position === "" || (key.startsWith(position) && /^(?:$|[.#])/.test(key.slice(position.length)));
}
