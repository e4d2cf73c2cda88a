/** The messages that executables send with their progress, each at its place in the journal. */
import { ATTEMPT_SHIFT, CONTINUED, EventKind, JOURNAL_WORDS, KIND_MASK } from "./generated.js";

/**
 * What is kept of all messages of a run: their characters, and so many for each message. A run may report for ever; what it
 * says beyond this is told to those who watch, and left out of its trace.
 */
const ROOM = 1_000_000;
const PER_MESSAGE = 16;

/** Messages of the outermost frame, in the order in which they were sent; plain data that can be cloned. */
export interface KeptMessages {
  /** Which reports of progress they came with, from 0; a report that says the same as the one before it has none. */
  reports: number[];
  texts: string[];
  /** From this report on nothing was kept. */
  end: number;
}

/** Keeps the messages of one run. */
export class ProgressMessages {
  readonly kept: KeptMessages = { reports: [], texts: [], end: Number.POSITIVE_INFINITY };
  private count = 0;
  private room = ROOM;

  /** Counts a report; `text` where it says something new. */
  add(text: string | undefined): void {
    const report = this.count++;
    if (text === undefined || this.room < 0) return;
    this.room -= text.length + PER_MESSAGE;
    if (this.room < 0) {
      this.kept.end = report;
      return;
    }
    this.kept.reports.push(report);
    this.kept.texts.push(text);
  }
}

/** Reports of one node, in the order in which they came. */
interface Reports {
  times: number[];
  percents: number[];
  texts: (string | undefined)[];
  attempt: number;
  /** The first one that was not asked for. */
  next: number;
}

/**
 * Finds the message that a change of a node came with. Changes are to be asked for in their order.
 *
 * @param nodes of the plan
 */
export function messagesIn(
  kept: KeptMessages | undefined,
  journal: Uint32Array,
  nodes: number,
): (node: number, time: number, percent: number) => string | undefined {
  if (kept === undefined || kept.texts.length === 0) return () => undefined;
  const reports = reportsIn(kept, journal, nodes);
  return (node, time, percent) => {
    const own = reports.get(node);
    if (own === undefined) return undefined;
    // Reports of attempts that were over changed nothing, and are passed over.
    for (let at = own.next; (own.times[at] as number) <= time; at++) {
      if (own.times[at] !== time || own.percents[at] !== percent) continue;
      own.next = at + 1;
      return own.texts[at];
    }
    return undefined;
  };
}

function reportsIn({ reports, texts, end }: KeptMessages, journal: Uint32Array, nodes: number): Map<number, Reports> {
  const found = new Map<number, Reports>();
  const time = new Float64Array(1);
  const halves = new Uint32Array(time.buffer);
  let report = 0;
  let next = 0;
  for (let at = 0; at + JOURNAL_WORDS <= journal.length; at += JOURNAL_WORDS) {
    const head = journal[at] as number;
    const task = journal[at + 1] as number;
    if ((head & KIND_MASK & ~CONTINUED) !== EventKind.progress || task >= nodes) continue;
    const attempt = head >>> ATTEMPT_SHIFT;
    const own = found.get(task) ?? { times: [], percents: [], texts: [], attempt, next: 0 };
    found.set(task, own);
    // What a report does not say is what the attempt said before.
    let text = own.attempt === attempt ? own.texts.at(-1) : undefined;
    if (reports[next] === report) text = texts[next++];
    else if (report >= end) text = undefined;
    halves.set(journal.subarray(at + 3, at + JOURNAL_WORDS));
    own.attempt = attempt;
    own.times.push(time[0] as number);
    own.percents.push(journal[at + 2] as number);
    own.texts.push(text);
    report++;
  }
  return found;
}
