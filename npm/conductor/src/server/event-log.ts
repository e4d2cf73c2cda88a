/**
 * The events that a server told last, numbered, so that clients which lost their connection can have what they missed.
 *
 * Numbers are made of the time, so that they only grow over restarts, and a number of an earlier process tells when it was: of
 * what happened since, a store knows what became of executions (`stored-events.ts`).
 */
import { randomUUID } from "node:crypto";
import { encodeEvent } from "./answer-text.js";

/** An event as text, made once for all clients. */
export interface LoggedEvent {
  /** See {@link numberAt}. */
  seq: number;
  channel: string;
  event: string;
  /** The data, as JSON. */
  data: string;
  /** What it is about, where a later event about the same says all that it does. */
  replaces: string | undefined;
  /** The execution that it is about. */
  executionId: string | undefined;
}

/** Where a client was: whether the number is of this process, and the time of it in ms since the epoch. */
export interface EventPosition {
  isOurs: boolean;
  seq: number;
  time: number;
}

/** How much is kept: no more than a client that comes back can be sent at once. */
const MOST_EVENTS = 20_000;
export const MOST_CHARACTERS = 4 * 1024 * 1024;

/** How long clients that lost their connection are waited for where there is no other, in ms. */
const WAIT_MS = 60_000;

/** Times are counted from the year 2026 on, and within a ms events: whole numbers last until the year 2095. */
const EPOCH = Date.UTC(2026, 0, 1);
const PER_MS = 4096;

/** The first number of a ms. */
export function numberAt(time: number): number {
  return Math.max(0, Math.floor(time) - EPOCH) * PER_MS;
}

/** The ms of a number, since the epoch. */
export function timeOf(number: number): number {
  return EPOCH + Math.floor(number / PER_MS);
}

/** An event, as it is kept and sent. */
export function loggedEvent(seq: number, channel: string, name: string, data: unknown): LoggedEvent {
  const { executionId } = (data ?? {}) as { executionId?: unknown };
  const id = typeof executionId === "string" ? executionId : undefined;
  const { event, text } = encodeEvent(name, data);
  return { seq, channel, event, data: text, replaces: event === "progress" ? id : undefined, executionId: id };
}

/** Numbers events and keeps the last ones; tells those who listen. */
export class EventLog {
  /** Names the sequence of numbers: another process has another one. */
  readonly session: string = randomUUID();
  #last = numberAt(Date.now());
  /** The last number after which nothing is gone. */
  #complete = this.#last;
  #kept: LoggedEvent[] = [];
  /** Of `kept`, where it begins: the front is cut off in one go. */
  #start = 0;
  #characters = 0;
  readonly #listeners = new Set<(event: LoggedEvent) => void>();
  #sessions = 0;
  #isHeard = false;
  #isExpecting = false;
  #waiting: NodeJS.Timeout | undefined;

  /**
   * @param heard told when there is a client, and when no client is left that could come back: without, events need not be
   *   told
   * @param toldUpTo gives a time up to which all ends of executions were told but that of `telling`, in ms since the epoch. Default: now
   */
  constructor(
    private readonly heard: (isHeard: boolean) => void = () => {},
    private readonly toldUpTo: (telling?: string) => number = Date.now,
  ) {}

  /** The number of the last event. */
  get last(): number {
    return this.#last;
  }

  /** How many clients are told. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Whether events are kept for clients of a process before this one alone, of which none came back yet. */
  get isExpecting(): boolean {
    return this.#isExpecting;
  }

  /** Keeps events from now on, for clients of a process before this one. */
  expect(): void {
    this.#isExpecting = true;
    this.#hear(true);
    this.#wait();
  }

  /** Waits for no client any more. */
  close(): void {
    clearTimeout(this.#waiting);
  }

  add(channel: string, name: string, data: unknown): void {
    const entry = loggedEvent(0, channel, name, data);
    const isEnd = channel === "node" && (entry.event === "completed" || entry.event === "error");
    // Where one ms has more events than numbers, the others take numbers of the next.
    entry.seq = Math.max(this.#last + 1, numberAt(this.toldUpTo(isEnd ? entry.executionId : undefined)));
    this.#last = entry.seq;
    this.#keep(entry);
    for (const listener of this.#listeners) listener(entry);
  }

  /** A number from which a client that comes now goes on. */
  get now(): number {
    this.#last = Math.max(this.#last, numberAt(this.toldUpTo()));
    return this.#last;
  }

  /** A name for the sequence from a number on, another one each time. */
  newSession(from: number = this.now): string {
    return `${this.session}/${from}/${++this.#sessions}`;
  }

  /** Where a client was that had this session and number; `undefined` for what no server gave. */
  positionOf(session: unknown, number: unknown): EventPosition | undefined {
    if (typeof session !== "string" || !Number.isSafeInteger(number)) return undefined;
    const [name, from = "0"] = session.split("/");
    const first = /^\d{1,16}$/.test(from) ? Number(from) : 0;
    // A client that had no event yet says 0.
    const seq = number === 0 ? first : (number as number);
    if (seq < first || seq < 0) return undefined;
    return { isOurs: name === this.session, seq, time: timeOf(seq) };
  }

  /** What came after a number of this process; `undefined` where some of that is gone. */
  after(seq: number): LoggedEvent[] | undefined {
    if (seq > this.#last || seq < this.#complete) return undefined;
    let [low, high] = [this.#start, this.#kept.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#kept[middle] as LoggedEvent).seq <= seq) low = middle + 1;
      else high = middle;
    }
    return this.#kept.slice(low);
  }

  /** The last number after which nothing is gone. */
  get complete(): number {
    return this.#complete;
  }

  /** All that there still is. */
  get kept(): LoggedEvent[] {
    return this.#kept.slice(this.#start);
  }

  /** From now on `listener` is told. What is returned ends that. */
  listen(listener: (event: LoggedEvent) => void): () => void {
    clearTimeout(this.#waiting);
    this.#listeners.add(listener);
    const isFirst = !this.#isHeard || this.#isExpecting;
    this.#isExpecting = false;
    if (isFirst) this.#hear(true);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#wait();
    };
  }

  #wait(): void {
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => this.#hear(false), WAIT_MS).unref();
  }

  #hear(isHeard: boolean): void {
    this.#isHeard = isHeard;
    if (!isHeard) this.#isExpecting = false;
    this.heard(isHeard);
    if (isHeard) return;
    // What happens from now on is missed: a client that comes back later finds that its number is too old.
    this.#complete = ++this.#last;
    this.#kept = [];
    this.#start = this.#characters = 0;
  }

  #keep(entry: LoggedEvent): void {
    this.#kept.push(entry);
    this.#characters += entry.data.length;
    while (this.#kept.length - this.#start > MOST_EVENTS || this.#characters > MOST_CHARACTERS) {
      const gone = this.#kept[this.#start] as LoggedEvent;
      this.#characters -= gone.data.length;
      this.#complete = gone.seq;
      this.#start++;
    }
    if (this.#start < MOST_EVENTS) return;
    this.#kept = this.#kept.slice(this.#start);
    this.#start = 0;
  }
}
