/** What nodes warn of while they run: nothing that ends a run, and more than its log should say. */
import type { RunWarning } from "../types/execution.js";

/** Different warnings of a run that are kept. */
const MOST = 100;
/** Characters of a rule and of a message that are kept: a node may put the whole of its data into what it says. */
const LONGEST_RULE = 100;
const LONGEST_MESSAGE = 1000;

/** Rounds of loops that a warning names. */
const MOST_ROUNDS = 5;

/** Collects the warnings of one run. */
export class RunWarnings {
  private readonly kept = new Map<string, RunWarning>();
  private left = 0;
  /** The rounds in which warnings came, by their key. */
  private readonly rounds = new Map<string, string[]>();

  /** Counts a warning that is there already. `round`: in which round of loops it came, in words. */
  add(nodeId: unknown, rule: unknown, message: unknown, round?: string): void {
    const warning: RunWarning = {
      rule: cut(rule, LONGEST_RULE),
      message: cut(message, LONGEST_MESSAGE),
      nodeId: String(nodeId),
    };
    const key = JSON.stringify([warning.nodeId, warning.rule, warning.message]);
    const known = this.kept.get(key);
    if (known !== undefined) known.count = (known.count ?? 1) + 1;
    else if (this.kept.size < MOST) this.kept.set(key, warning);
    else this.left++;
    if (round !== undefined && this.kept.has(key)) this.addRound(key, round);
  }

  private addRound(key: string, round: string): void {
    const rounds = this.rounds.get(key);
    if (rounds === undefined) this.rounds.set(key, [round]);
    else if (rounds.length < MOST_ROUNDS) rounds.push(round);
  }

  /** In the order in which they first came; the last says how many more there were. */
  list(rootId: string): RunWarning[] {
    const warnings = Array.from(this.kept, ([key, warning]) => {
      const rounds = this.rounds.get(key);
      return rounds === undefined ? { ...warning } : { ...warning, message: withRounds(warning, rounds) };
    });
    if (this.left === 0) return warnings;
    const message = `${this.left} more ${this.left === 1 ? "warning is" : "warnings are"} left out; the first ${MOST} are kept`;
    return [...warnings, { rule: "more-warnings", message, nodeId: rootId, count: this.left }];
  }
}

function withRounds({ message, count = 1 }: RunWarning, rounds: string[]): string {
  const more = count - rounds.length;
  return `${message} (in ${rounds.join(", ")}${more > 0 ? ` and ${more} more` : ""})`;
}

function cut(value: unknown, length: number): string {
  const text = String(value);
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
