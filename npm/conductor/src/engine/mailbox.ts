/**
 * The memory in which events cross to the engine and ops come back.
 *
 * Layout: the engine's header (the deadline), then records: three words an event, four an op.
 */

import { backend } from "./backend.js";

export const HEADER_WORDS = 4;
const EVENT_WORDS = 3;
const OP_WORDS = 4;
/** Ops that one crossing can bring; more come with further ones. */
const CAPACITY = 256;

/** What a record asks for; `head` holds the kind in its low byte, the attempt above it. */
export const OpKind = {
  start: 1,
  abort: 2,
  enter: 3,
  pass: 4,
  ask: 5,
  open: 6,
  close: 7,
  gather: 8,
  catch: 9,
  drop: 10,
  change: 11,
  finish: 12,
  block: 13,
  wait: 14,
  reset: 15,
  lose: 16,
  persist: 17,
} as const;

/** What a record tells. */
export const EventKind = {
  done: 1,
  failed: 2,
  route: 3,
  progress: 4,
  items: 5,
  itemsOpenEnded: 6,
  cancel: 7,
  pause: 8,
  resume: 9,
  advice: 10,
  end: 11,
  takenOver: 12,
  persisted: 13,
} as const;

/** Instead of a number of events. */
export const Command = { start: 0xffff_ffff, timeout: 0xffff_fffe, drain: 0xffff_fffd, nothing: -1 } as const;

/** Added to a number of events that were done while the host ran ahead. */
export const AHEAD = 0x8000_0000;
/** Words of such a record: an event's, a free one, the time. */
export const AHEAD_WORDS = 6;
/** How many of them may wait. */
export const AHEAD_CAPACITY = 128;

/** In a change: which step of the animation it shows, beside the steps' own numbers. */
export const Step = { none: 0xff, complete: 0xfe } as const;

/** Set in the result of a turn when ops are left. */
export const MORE = 1 << 30;

/** In an advice: another try would fail like this one. */
export const NEVER = 0xffff_ffff;

/** In an op: no task. */
export const NOBODY = 0xffff_ffff;

/** The engine's number for the first attempt at any task. */
export const FIRST_ATTEMPT = 1;

/** How many words at the start of a mailbox a command brings to the engine; the header goes the other way only. */
export function wordsSent(command: number): number {
  if (command >= AHEAD) {
    return command >= Command.drain ? 0 : HEADER_WORDS + (command - AHEAD) * AHEAD_WORDS;
  }
  return HEADER_WORDS + command * EVENT_WORDS;
}

/** How many words at the start of a mailbox the result of a turn brings back. */
export function wordsGiven(result: number): number {
  return result < 0 ? 0 : HEADER_WORDS + (result & ~MORE) * OP_WORDS;
}

/** One mailbox. It belongs to a step of one run until the step's ops are carried out. */
export class Mailbox {
  readonly words = new Uint32Array(HEADER_WORDS + CAPACITY * OP_WORDS);
  /** The engine's number for it. */
  readonly number = backend().attach(this.words);
  /** The same memory, for times. */
  private readonly numbers = new Float64Array(this.words.buffer);

  /** Earliest timer in ms, NaN for none. */
  get deadline(): number {
    return this.numbers[0] as number;
  }

  /** Whether the host may run ahead. */
  get mayRunAhead(): boolean {
    return this.words[2] === 1;
  }

  /**
   * Moves tasks that were done ahead, flat pairs of task and time in the first `length` places, to the records; returns
   * the command for them.
   */
  putAhead(done: number[], length: number): number {
    const count = length / 2;
    for (let i = 0; i < count; i++) {
      const at = HEADER_WORDS + i * AHEAD_WORDS;
      this.words[at] = EventKind.done | (FIRST_ATTEMPT << 8);
      this.words[at + 1] = done[i * 2] as number;
      this.words[at + 2] = 0;
      this.numbers[(at + 4) / 2] = done[i * 2 + 1] as number;
    }
    return AHEAD + count;
  }

  /** Moves as many events as there is room for from `events` (flat records) to the records; returns their number. */
  put(events: number[], from: number): number {
    const count = Math.min((events.length - from) / EVENT_WORDS, Math.floor((CAPACITY * OP_WORDS) / EVENT_WORDS));
    const end = count * EVENT_WORDS;
    for (let i = 0; i < end; i++) this.words[HEADER_WORDS + i] = events[from + i] as number;
    return count;
  }

  /** Where the words of op `index` begin. */
  static at(index: number): number {
    return HEADER_WORDS + index * OP_WORDS;
  }
}

/** Words of one event in a flat list. */
export const EVENT_LENGTH = EVENT_WORDS;

const idle: Mailbox[] = [];

/** Takes a mailbox; runs that start other runs hold several at a time. */
export function takeMailbox(): Mailbox {
  return idle.pop() ?? new Mailbox();
}

/** Gives a mailbox back. */
export function giveMailbox(mailbox: Mailbox): void {
  idle.push(mailbox);
}
