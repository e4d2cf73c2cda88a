/**
 * A recorded run step by step: the engine runs its journal once, and every change of a node is kept under its step, so
 * that any moment can be looked up in either direction without running anything again.
 */
import { backend } from "./backend.js";
import { coded } from "./failure.js";
import {
  ATTEMPT_SHIFT,
  CONTINUED,
  Command,
  EVENT_WORDS,
  EventKind,
  JOURNAL_WORDS,
  JournalKind,
  KIND_MASK,
  MAILBOX_HEADER_WORDS,
  MORE,
  OpKind,
  OptionPlace,
} from "./generated.js";
import { giveMailbox, Mailbox, takeMailbox } from "./mailbox.js";
import { type RunOptions, writeOptions } from "./options.js";
import type { Outline } from "./outline.js";
import { Plan } from "./plan.js";
import { persisting } from "./recorder.js";
import { State } from "./state.js";
import { overallIn, percentIn, stateIn } from "./view-numbers.js";

/** The recorded run to be looked at. */
export interface RecordedRun {
  outline: Outline;
  options: RunOptions;
  /** Nodes, by their place in the outline, that waited for the disk. */
  held: readonly number[];
  /** Records of the journal. */
  journal: Uint32Array;
  /** How many items a scope had in all, as it was answered by the record at this word; `undefined` where no answer is there. */
  itemsAt(word: number, task: number, attempt: number): number | undefined;
}

/** What kind of step it was, by what was told to the engine first. */
export type StepKind =
  | "started"
  | "timer"
  | "answered"
  | "progress"
  | "paused"
  | "resumed"
  | "cancelled"
  | "taken-over";

/** One attempt at a task. */
export interface TaskAttempt {
  task: number;
  attempt: number;
  /** Word of the journal at which its record begins. */
  word: number;
}

/** Ops that a journal may cause: so many in any case, and for each record so many more. */
const LEAST_OPS = 10_000_000;
const OPS_PER_RECORD = 200;

const time = new Float64Array(1);
const timeWords = new Uint32Array(time.buffer);

/** The changes of nodes, in order: a number of each kind for each change. */
class Changes {
  length = 0;
  nodes: Uint32Array;
  tasks: Uint32Array;
  /** State, percent and overall percent, as the engine packs them. */
  packed: Uint32Array;
  /** The change with which the node came into the state that it has. */
  entered: Uint32Array;

  constructor(room: number) {
    this.nodes = new Uint32Array(room);
    this.tasks = new Uint32Array(room);
    this.packed = new Uint32Array(room);
    this.entered = new Uint32Array(room);
  }

  /** Makes room for one more. */
  grow(): void {
    if (this.length < this.nodes.length) return;
    const larger = (numbers: Uint32Array) => {
      const grown = new Uint32Array(numbers.length * 2);
      grown.set(numbers);
      return grown;
    };
    this.nodes = larger(this.nodes);
    this.tasks = larger(this.tasks);
    this.packed = larger(this.packed);
    this.entered = larger(this.entered);
  }
}

/** The steps of one recorded run. Step 0 is the moment before the first one. */
export class ReplaySteps {
  /** Steps of the journal. */
  length = 0;
  readonly plan: Plan;
  /** The word of the journal at which each step begins, and the one after the last. */
  private readonly words: Uint32Array;
  /** How many changes there are up to each step. */
  private readonly counts: Uint32Array;
  private readonly changes: Changes;
  /** Where the changes of each node end in `byNode`. */
  private readonly ends: Uint32Array;
  private readonly byNode: Uint32Array;
  /** The last change of each node while the journal is run. */
  private readonly last: number[] = [];
  /** Tries of nodes that took more than one: step and number, in order. */
  private readonly tries = new Map<number, { steps: number[]; numbers: number[] }>();

  /** @throws Error DESERIALIZATION_FAILED for a journal of another flow */
  constructor(private readonly run: RecordedRun) {
    const { journal } = run;
    const records = Math.floor(journal.length / JOURNAL_WORDS);
    this.words = new Uint32Array(records + 1);
    this.counts = new Uint32Array(records + 1);
    this.changes = new Changes(records * 3 + 64);
    this.plan = this.replay();
    this.ends = new Uint32Array(this.plan.length + 1);
    this.byNode = new Uint32Array(this.changes.length);
    this.sort();
  }

  /** When a step happened, in ms since the epoch; of step 0, when the first one did. NaN for a run without steps. */
  timeOf(step: number): number {
    if (this.length === 0) return Number.NaN;
    return this.timeAt(this.words[Math.max(step, 1) - 1] as number);
  }

  /** What kind of step it was. */
  kindOf(step: number): StepKind {
    const head = this.run.journal[this.words[step - 1] as number] as number;
    switch (head & KIND_MASK & ~CONTINUED) {
      case JournalKind.start:
        return "started";
      case JournalKind.timeout & ~CONTINUED:
        return "timer";
      case EventKind.progress:
        return "progress";
      case EventKind.pause:
        return "paused";
      case EventKind.resume:
        return "resumed";
      case EventKind.cancel:
        return "cancelled";
      case EventKind.takenOver:
        return "taken-over";
      default:
        return "answered";
    }
  }

  /** The records up to the end of a step. */
  journalUpTo(step: number): Uint32Array {
    return this.run.journal.subarray(0, this.words[step] as number);
  }

  /** Progress of the whole run after a step, 0–100. */
  overallAt(step: number): number {
    const end = this.endOf(step);
    return end === 0 ? 0 : overallIn(this.changes.packed[end - 1] as number);
  }

  /** The nodes that a step changed, each once, in the order of their last changes. */
  changedIn(step: number): number[] {
    const changed = new Set<number>();
    for (let row = this.endOf(step) - 1; row >= this.endOf(step - 1); row--)
      changed.add(this.changes.nodes[row] as number);
    return [...changed].reverse();
  }

  /** The nodes that differ, or may, between two steps; `undefined` where there are more changes than `most`. */
  changedBetween(one: number, other: number, most: number): Set<number> | undefined {
    const [from, to] = [this.endOf(Math.min(one, other)), this.endOf(Math.max(one, other))];
    if (to - from > most) return undefined;
    const changed = new Set<number>();
    for (let row = from; row < to; row++) changed.add(this.changes.nodes[row] as number);
    return changed;
  }

  /** The last change of a node up to a step; -1 where it has not changed. */
  changeOf(node: number, step: number): number {
    return this.lastBelow(node, this.endOf(step));
  }

  /** The last change of a node before another change; -1 where there is no earlier one. With a task, of that one. */
  changeBefore(node: number, row: number, task?: number): number {
    let found = this.lastBelow(node, row);
    while (task !== undefined && found >= 0 && (this.changes.tasks[found] as number) !== task)
      found = this.lastBelow(node, found);
    return found;
  }

  nodeAt(row: number): number {
    return this.changes.nodes[row] as number;
  }

  stateAt(row: number): number {
    return stateIn(this.changes.packed[row] as number);
  }

  /** 0–100. */
  percentAt(row: number): number {
    return percentIn(this.changes.packed[row] as number);
  }

  taskAt(row: number): number {
    return this.changes.tasks[row] as number;
  }

  /** The change with which a node that is so after a change came into its state. */
  entryOf(row: number): number {
    return this.changes.entered[row] as number;
  }

  /** When a node that is so after a change came into its state. */
  enteredAt(row: number): number {
    return this.timeOf(this.stepOf(this.entryOf(row)));
  }

  /** When a node began that is so after a change; `undefined` where it never ran. */
  startedAt(node: number, row: number): number | undefined {
    if (this.stateAt(row) === State.executing) return this.enteredAt(row);
    const before = this.lastBelow(node, this.changes.entered[row] as number);
    return before >= 0 && this.stateAt(before) === State.executing ? this.enteredAt(before) : undefined;
  }

  /** The step of a change. */
  stepOf(row: number): number {
    let [from, to] = [0, this.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.endOf(middle) <= row) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** The try that a node is at after a step, from 1; where it has not begun, of no meaning. */
  tryAt(node: number, step: number): number {
    const tries = this.tries.get(node);
    if (tries === undefined) return 1;
    let [from, to] = [0, tries.steps.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((tries.steps[middle] as number) <= step) from = middle + 1;
      else to = middle;
    }
    return tries.numbers[from - 1] ?? 1;
  }

  /** The answer of a task among what a step told the engine. */
  answerIn(step: number, task: number): TaskAttempt | undefined {
    const { journal } = this.run;
    for (
      let at = (this.words[step] as number) - JOURNAL_WORDS;
      at >= (this.words[step - 1] as number);
      at -= JOURNAL_WORDS
    ) {
      const kind = (journal[at] as number) & KIND_MASK & ~CONTINUED;
      if (journal[at + 1] !== task) continue;
      if (kind === EventKind.done || kind === EventKind.failed || kind === EventKind.end) {
        return { task, attempt: (journal[at] as number) >>> ATTEMPT_SHIFT, word: at };
      }
    }
    return undefined;
  }

  /** One past the last change up to a step. */
  private endOf(step: number): number {
    return this.counts[step] as number;
  }

  private timeAt(word: number): number {
    timeWords[0] = this.run.journal[word + 3] as number;
    timeWords[1] = this.run.journal[word + 4] as number;
    return time[0] as number;
  }

  private lastBelow(node: number, row: number): number {
    let [from, to] = [node === 0 ? 0 : (this.ends[node - 1] as number), this.ends[node] as number];
    const start = from;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.byNode[middle] as number) < row) from = middle + 1;
      else to = middle;
    }
    return from === start ? -1 : (this.byNode[from - 1] as number);
  }

  /** Runs the journal, and keeps what changes. */
  private replay(): Plan {
    const { held, options } = this.run;
    const outline = held.length > 0 ? persisting(this.run.outline, held) : this.run.outline;
    const numbers = writeOptions(options, outline).slice();
    numbers[OptionPlace.record] = 0;
    const engine = backend();
    const handle = engine.open(outline.words, outline.length, numbers);
    if (handle === 0) throw refused("its flow cannot be run");
    const mailbox = takeMailbox();
    try {
      engine.watch(handle, true);
      const plan = new Plan(outline);
      const taker = new Taker(plan, this.tries, (task, node, packed) => this.add(task, node, packed));
      this.steps(mailbox, taker, (command, now) => engine.turn(handle, mailbox.number, command, now));
      return plan;
    } finally {
      engine.seal(handle, NO_WORDS, 0);
      giveMailbox(mailbox);
    }
  }

  private steps(mailbox: Mailbox, taker: Taker, turn: (command: number, now: number) => number): void {
    const { journal } = this.run;
    const { words } = mailbox;
    if (journal.length % JOURNAL_WORDS !== 0) throw refused("a record of its journal is cut short");
    let left = LEAST_OPS + (journal.length / JOURNAL_WORDS) * OPS_PER_RECORD;
    const room = words.length - MAILBOX_HEADER_WORDS - EVENT_WORDS;
    let at = 0;
    while (at < journal.length) {
      const step = this.length + 1;
      let to = MAILBOX_HEADER_WORDS;
      let command: number = Command.start;
      const head = (journal[at] as number) & KIND_MASK;
      if (head === JournalKind.timeout) command = Command.timeout;
      else if (head !== JournalKind.start) {
        for (let isLast = false; !isLast; at += JOURNAL_WORDS) {
          if (at >= journal.length || to > room) throw refused(`step ${step} does not end`);
          const word = journal[at] as number;
          const task = journal[at + 1] as number;
          const argument = journal[at + 2] as number;
          this.checkItems(at, word, task, argument);
          words[to++] = (word & ~CONTINUED) >>> 0;
          words[to++] = task;
          words[to++] = argument;
          isLast = (word & CONTINUED) === 0;
        }
        at -= JOURNAL_WORDS;
        command = (to - MAILBOX_HEADER_WORDS) / EVENT_WORDS;
      }
      const now = this.timeAt(at);
      if (!Number.isFinite(now)) throw refused(`step ${step} has no time`);
      at += JOURNAL_WORDS;
      let result = turn(command, now);
      for (;;) {
        if (result < 0) throw refused(`step ${step} cannot follow those before it`);
        const ops = result & ~MORE;
        for (let op = 0; op < ops; op++) taker.take(words, Mailbox.at(op), step);
        left -= ops;
        if (left < 0) throw refused(`step ${step} and those before it cause more changes than a run can have`);
        if ((result & MORE) === 0) break;
        result = turn(Command.drain, now);
      }
      this.words[step] = at;
      this.counts[step] = this.changes.length;
      this.length = step;
    }
  }

  /** A number of items that nothing bears out would have the engine open rounds for ever; most rounds have a record of their own. */
  private checkItems(at: number, head: number, task: number, count: number): void {
    const kind = head & KIND_MASK & ~CONTINUED;
    if (kind !== EventKind.items && kind !== EventKind.itemsOpenEnded) return;
    if (
      count * JOURNAL_WORDS <= this.run.journal.length ||
      this.run.itemsAt(at, task, head >>> ATTEMPT_SHIFT) === count
    )
      return;
    throw refused(`${count} items of a loop are not those that were recorded`);
  }

  private add(task: number, node: number, packed: number): void {
    const { changes } = this;
    const row = changes.length;
    const before = this.last[node];
    const isSame =
      before !== undefined &&
      stateIn(changes.packed[before] as number) === stateIn(packed) &&
      changes.tasks[before] === task;
    changes.grow();
    changes.nodes[row] = node;
    changes.tasks[row] = task;
    changes.packed[row] = packed;
    changes.entered[row] = isSame ? (changes.entered[before] as number) : row;
    changes.length++;
    this.last[node] = row;
  }

  private sort(): void {
    const { ends, byNode } = this;
    const { nodes, length } = this.changes;
    this.last.length = 0;
    for (let row = 0; row < length; row++) {
      const after = (nodes[row] as number) + 1;
      if (after < ends.length) ends[after] = (ends[after] as number) + 1;
    }
    for (let node = 1; node < ends.length; node++) ends[node] = (ends[node] as number) + (ends[node - 1] as number);
    for (let row = 0; row < length; row++) {
      const node = nodes[row] as number;
      byNode[ends[node] as number] = row;
      ends[node] = (ends[node] as number) + 1;
    }
  }
}

/** Takes ops: which task stands for which node, changes, and tries. */
class Taker {
  /** Nodes of the tasks beyond those of the plan. */
  private readonly nodes: number[] = [];
  private readonly lengths = new Map<number, number>();

  constructor(
    private readonly plan: Plan,
    private readonly tries: Map<number, { steps: number[]; numbers: number[] }>,
    private readonly add: (task: number, node: number, packed: number) => void,
  ) {}

  take(words: Uint32Array, at: number, step: number): void {
    const task = words[at + 1] as number;
    const first = words[at + 2] as number;
    switch ((words[at] as number) & KIND_MASK) {
      case OpKind.change:
        return this.add(task, this.nodeOf(task), first);
      case OpKind.start:
        return this.begin(this.nodeOf(task), first, step);
      case OpKind.reset:
        return this.again(this.nodeOf(task), step);
      case OpKind.open:
        return this.open(this.nodeOf(task), first);
    }
  }

  private nodeOf(task: number): number {
    const { length } = this.plan;
    return task < length ? task : (this.nodes[task - length] as number);
  }

  private begin(node: number, number: number, step: number): void {
    if (number > 1 || this.tries.has(node)) this.note(node, number, step);
  }

  private again(node: number, step: number): void {
    this.note(node, (this.tries.get(node)?.numbers.at(-1) ?? 1) + 1, step);
  }

  private note(node: number, number: number, step: number): void {
    const tries = this.tries.get(node) ?? { steps: [], numbers: [] };
    this.tries.set(node, tries);
    tries.steps.push(step);
    tries.numbers.push(number);
  }

  private open(scope: number, base: number): void {
    let length = this.lengths.get(scope);
    if (length === undefined) {
      length = this.plan.end(scope) - scope - 1;
      this.lengths.set(scope, length);
    }
    const offset = base - this.plan.length;
    for (let inner = 0; inner < length; inner++) this.nodes[offset + inner] = scope + 1 + inner;
  }
}

const NO_WORDS = new Uint32Array(0);

function refused(what: string): Error {
  return coded("DESERIALIZATION_FAILED", `The records of the execution do not fit its flow: ${what}`, undefined);
}
