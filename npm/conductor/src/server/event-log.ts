/** The events that a server told last, numbered, so that clients which lost their connection can have what they missed. */
import { randomUUID } from "node:crypto";
import { encodeEvent } from "./answer-text.js";

/** An event as text, made once for all clients. */
export interface LoggedEvent {
  /** From 1 on. */
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

/** How much is kept: no more than a client that comes back can be sent at once. */
const MOST_EVENTS = 20_000;
const MOST_CHARACTERS = 4 * 1024 * 1024;

/** How long clients that lost their connection are waited for where there is no other, in ms. */
const WAIT_MS = 60_000;

/** Numbers events and keeps the last ones; tells those who listen. */
export class EventLog {
  /** Names the sequence of numbers: another process has another one. */
  readonly session: string = randomUUID();
  #last = 0;
  #kept: LoggedEvent[] = [];
  /** Of `kept`, where it begins: the front is cut off in one go. */
  #start = 0;
  #characters = 0;
  readonly #listeners = new Set<(event: LoggedEvent) => void>();
  #isHeard = false;
  #waiting: NodeJS.Timeout | undefined;

  /**
   * @param heard told when there is a client, and when no client is left that could come back: without, events need not be
   *   told
   */
  constructor(private readonly heard: (isHeard: boolean) => void = () => {}) {}

  /** The number of the last event. */
  get last(): number {
    return this.#last;
  }

  /** How many clients are told. */
  get listeners(): number {
    return this.#listeners.size;
  }

  add(channel: string, name: string, data: unknown): void {
    const { executionId } = (data ?? {}) as { executionId?: unknown };
    const id = typeof executionId === "string" ? executionId : undefined;
    const { event, text } = encodeEvent(name, data);
    const replaces = event === "progress" ? id : undefined;
    const entry = { seq: ++this.#last, channel, event, data: text, replaces, executionId: id };
    this.#keep(entry);
    for (const listener of this.#listeners) listener(entry);
  }

  /** A name for the sequence from here on, for a client that has missed what is gone. */
  newSession(): string {
    return `${this.session}/${this.#last}`;
  }

  /** What came after the last event that a client had; `undefined` where some of that is gone, or it was of another sequence. */
  missedBy(session: unknown, seq: unknown): LoggedEvent[] | undefined {
    const isOurs = typeof session === "string" && session.split("/", 1)[0] === this.session;
    if (!isOurs || !Number.isSafeInteger(seq) || (seq as number) < 0) return undefined;
    return this.#after(seq as number);
  }

  #after(seq: number): LoggedEvent[] | undefined {
    if (seq > this.#last) return undefined;
    const missing = this.#last - seq;
    const kept = this.#kept.length - this.#start;
    return missing > kept ? undefined : this.#kept.slice(this.#kept.length - missing);
  }

  /** From now on `listener` is told. What is returned ends that. */
  listen(listener: (event: LoggedEvent) => void): () => void {
    clearTimeout(this.#waiting);
    this.#listeners.add(listener);
    if (!this.#isHeard) this.#hear(true);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#waiting = setTimeout(() => this.#hear(false), WAIT_MS).unref();
    };
  }

  #hear(isHeard: boolean): void {
    this.#isHeard = isHeard;
    this.heard(isHeard);
    if (isHeard) return;
    // What happens from now on is missed: a client that comes back later finds that its number is too old.
    this.#last++;
    this.#kept = [];
    this.#start = this.#characters = 0;
  }

  #keep(entry: LoggedEvent): void {
    this.#kept.push(entry);
    this.#characters += entry.data.length;
    while (this.#kept.length - this.#start > MOST_EVENTS || this.#characters > MOST_CHARACTERS) {
      this.#characters -= this.#kept[this.#start]?.data.length ?? 0;
      this.#start++;
    }
    if (this.#start < MOST_EVENTS) return;
    this.#kept = this.#kept.slice(this.#start);
    this.#start = 0;
  }
}
