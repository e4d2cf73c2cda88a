/** What happens to nodes beyond their state: tries, rounds of loops, and whether a failure was handled. */
import type { NodeAttempts, NodeRounds, RetryRecord } from "../types/graph.js";
import type { NodeActivity } from "../types/live-view.js";

export type { NodeActivity };

/** Failed tries of a run that are kept to look back at. */
const MOST_RECORDS = 10_000;
/** Characters of a reason. */
const LONGEST_REASON = 200;

/** The activities of one run, by node; a run in which all goes well at once makes none. */
export class Activities {
  /** Tries that failed and were followed by others, in order. */
  readonly retries: RetryRecord[] = [];
  private readonly nodes = new Map<number, NodeActivity>();
  /** Whether an answer of another execution was taken over. */
  inheritsAny = false;

  of(node: number): NodeActivity | undefined {
    return this.nodes.get(node);
  }

  /** A try has failed, and another one comes at `retryAt`. */
  willRetry(node: number, nodeId: string, executionId: string, attempts: Required<NodeAttempts>, now: number): void {
    // The type of the node stands in front of what nodes of the library say.
    const error = short(attempts.error.replace(/^\[[\w-]+\] /, ""), LONGEST_REASON);
    this.change(node, { attempts: { ...attempts, error } });
    if (this.retries.length >= MOST_RECORDS) return;
    this.retries.push({ timestamp: Math.round(now), nodeId, executionId, ...attempts, error });
  }

  /** A try other than the first one begins. */
  tries(node: number, number: number): void {
    const attempts = this.nodes.get(node)?.attempts;
    if (attempts === undefined) return;
    const { retryAt: _, ...rest } = attempts;
    this.change(node, { attempts: { ...rest, number } });
  }

  /** So many rounds of a loop are known. */
  knowsRounds(node: number, total: number | undefined, known: number): void {
    const before = known === 0 ? undefined : this.nodes.get(node)?.rounds;
    const rounds: NodeRounds = { done: before?.done ?? 0, active: before?.active ?? 0 };
    if (total !== undefined) rounds.total = total;
    this.change(node, { rounds });
  }

  /** A round of a loop begins (1), or is done (-1). */
  round(node: number, by: 1 | -1): void {
    const rounds = this.nodes.get(node)?.rounds;
    if (rounds === undefined) return;
    const done = by === 1 ? rounds.done : rounds.done + 1;
    this.change(node, { rounds: { ...rounds, done, active: Math.max(0, rounds.active + by) } });
  }

  handle(node: number): void {
    this.change(node, { handled: true });
  }

  cancel(node: number): void {
    this.change(node, { cancelled: true });
  }

  /** An output was taken that another attempt made. */
  reuse(node: number): void {
    this.change(node, { cached: (this.nodes.get(node)?.cached ?? 0) + 1 });
  }

  /** An output was not kept for others, nor looked for. */
  keepsNothing(node: number, reason: string): void {
    this.change(node, { notCached: reason });
  }

  /** An answer was taken over from another execution, or was not. */
  answer(node: number, isInherited: boolean): void {
    const before = this.nodes.get(node)?.inherited;
    if (before === false || before === isInherited) return;
    this.inheritsAny ||= isInherited;
    this.change(node, { inherited: isInherited });
  }

  /** A round of a loop failed. */
  failInRound(node: number, error: string): void {
    this.change(node, { error });
  }

  private change(node: number, change: NodeActivity): void {
    this.nodes.set(node, { ...this.nodes.get(node), ...change });
  }
}

/** The tries of a node in words: `try 2 of 4 in 3 s: 503 from api.example`. `now` is in ms since the epoch. */
export function attemptText({ number, of, error, retryAt }: NodeAttempts, now: number): string {
  const total = of === undefined ? "" : ` of ${of}`;
  if (retryAt === undefined) return `try ${number}${total}${error === undefined ? "" : ` after: ${error}`}`;
  const left = Math.max(0, retryAt - now);
  const wait = left < 1000 ? `${Math.round(left)} ms` : `${Math.ceil(left / 1000)} s`;
  return `try ${number + 1}${total} in ${wait}${error === undefined ? "" : `: ${error}`}`;
}

/** The rounds of a loop in words: `37/120, 3 at once`. */
export function roundsText({ done, total, active }: NodeRounds): string {
  const all = total === undefined ? `${done} done` : `${done}/${total}`;
  return active > 1 ? `${all}, ${active} at once` : all;
}

/** Any value as a short text that tells it from others. */
export function shortForm(value: unknown, length = 60): string {
  try {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return short(text ?? String(value), length);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

function short(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
