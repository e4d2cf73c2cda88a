/**
 * The memory in which events cross to the engine and ops come back.
 *
 * Layout: the engine's header (the deadline), then records of events or ops; how wide they are is in `generated.ts`.
 */

import { backend } from "./backend.js";
import {
  AHEAD,
  AHEAD_WORDS,
  ATTEMPT_SHIFT,
  Command,
  EVENT_WORDS,
  EventKind,
  MAILBOX_HEADER_WORDS,
  MORE,
  OP_WORDS,
} from "./generated.js";

/** Ops that one crossing can bring; more come with further ones. */
const CAPACITY = 256;

/** Instead of a number of events, within the driver: there are none, and no turn either. */
export const NOTHING = -1;

/** How many events that were done ahead may wait. */
export const AHEAD_CAPACITY = 128;

/** The engine's number for the first attempt at any task. */
export const FIRST_ATTEMPT = 1;

/** How many words at the start of a mailbox a command brings to the engine; the header goes the other way only. */
export function wordsSent(command: number): number {
  if (command >= AHEAD) {
    return command >= Command.drain ? 0 : MAILBOX_HEADER_WORDS + (command - AHEAD) * AHEAD_WORDS;
  }
  return MAILBOX_HEADER_WORDS + command * EVENT_WORDS;
}

/** How many words at the start of a mailbox the result of a turn brings back. */
export function wordsGiven(result: number): number {
  return result < 0 ? 0 : MAILBOX_HEADER_WORDS + (result & ~MORE) * OP_WORDS;
}

/** One mailbox. It belongs to a step of one run until the step's ops are carried out. */
export class Mailbox {
  readonly words = new Uint32Array(MAILBOX_HEADER_WORDS + CAPACITY * OP_WORDS);
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
      const at = MAILBOX_HEADER_WORDS + i * AHEAD_WORDS;
      this.words[at] = EventKind.done | (FIRST_ATTEMPT << ATTEMPT_SHIFT);
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
    for (let i = 0; i < end; i++) this.words[MAILBOX_HEADER_WORDS + i] = events[from + i] as number;
    return count;
  }

  /** Where the words of op `index` begin. */
  static at(index: number): number {
    return MAILBOX_HEADER_WORDS + index * OP_WORDS;
  }
}

const idle: Mailbox[] = [];

/** Takes a mailbox; runs that start other runs hold several at a time. */
export function takeMailbox(): Mailbox {
  return idle.pop() ?? new Mailbox();
}

/** Gives a mailbox back. */
export function giveMailbox(mailbox: Mailbox): void {
  idle.push(mailbox);
}
