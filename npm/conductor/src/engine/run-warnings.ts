/** What nodes warn of while they run: nothing that ends a run, and more than its log should say. */
import type { RunWarning } from "../types/execution.js";

/** Different warnings of a run that are kept. */
const MOST = 100;
/** Characters of a rule and of a message that are kept: a node may put the whole of its data into what it says. */
const LONGEST_RULE = 100;
const LONGEST_MESSAGE = 1000;

/** Collects the warnings of one run. */
export class RunWarnings {
  private readonly kept = new Map<string, RunWarning>();
  private left = 0;

  /** Counts a warning that is there already. */
  add(nodeId: unknown, rule: unknown, message: unknown): void {
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
  }

  /** In the order in which they first came; the last says how many more there were. */
  list(rootId: string): RunWarning[] {
    const warnings = Array.from(this.kept.values(), (warning) => ({ ...warning }));
    if (this.left === 0) return warnings;
    const message = `${this.left} more ${this.left === 1 ? "warning is" : "warnings are"} left out; the first ${MOST} are kept`;
    return [...warnings, { rule: "more-warnings", message, nodeId: rootId, count: this.left }];
  }
}

function cut(value: unknown, length: number): string {
  const text = String(value);
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
