/** One session on the other side of a link: what it was asked, and what it asks. */
import { messageOf, sizeOf } from "@atomiton/values";
import type { Emission, Outcome } from "../emission.js";
import { EventError, eventText, isEventError } from "../error.js";
import { isPromiseLike } from "../promise.js";
import { startTimer } from "../wait-options.js";
import { errorOf, failureOf } from "./failure.js";
import {
  type AbortMessage,
  type AnswerMessage,
  type ByeMessage,
  type EventMessage,
  type FailureMessage,
  type HelloMessage,
  type LinkMessage,
  PROTOCOL,
  type Unaddressed,
} from "./message.js";

/** How many of the other side's latest event ids are remembered, so that an event sent twice is handled once. */
const REMEMBERED = 1_024;

/** How many events are sent to a peer not heard yet: fewer than it remembers, as they may have to be sent again. */
const SENT_EARLY = 512;

export interface PeerSetup {
  /** Session of this side. */
  session: string;
  maxMessageBytes: number;
  /** How long a peer that was never heard may stay silent, in ms. */
  connectTimeout: number;
  /** A silent peer then counts as one without handlers, where its presence was only guessed. */
  optional: boolean;
  send(message: LinkMessage): void | PromiseLike<void>;
  /** Starts the handlers of this process; undefined when the bus has none. */
  serve(message: EventMessage): Emission | undefined;
}

/** An event as it is sent to every peer alike. */
export type Question = Unaddressed<EventMessage>;

type Outgoing =
  | Question
  | Unaddressed<HelloMessage>
  | Unaddressed<ByeMessage>
  | Unaddressed<AnswerMessage>
  | Unaddressed<FailureMessage>
  | Unaddressed<AbortMessage>;

interface Asked {
  readonly question: Question;
  sent: boolean;
  settle(outcome: Outcome): void;
}

const ABSENT: Outcome = { handled: false, answers: [] };

export class Peer {
  readonly #setup: PeerSetup;
  readonly #asked = new Map<string, Asked>();
  readonly #serving = new Map<string, Emission>();
  readonly #handled = new Set<string>();
  /** The other side's, once heard. */
  #session: string | undefined;
  #awayBecause: string | undefined;
  #closed = false;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(setup: PeerSetup, session?: string) {
    this.#setup = setup;
    this.#session = session;
  }

  get session(): string | undefined {
    return this.#session;
  }

  /** Whether it is awaited: what it is asked goes to every session over there, as none is known yet. */
  get unheard(): boolean {
    return this.#session === undefined && !this.away;
  }

  /** Whether it left, or never was heard in time. */
  get away(): boolean {
    return this.#awayBecause !== undefined;
  }

  /** Emits and requests that wait for this peer or for this process's answer to it. */
  get pending(): number {
    return this.#asked.size + this.#serving.size;
  }

  /** Sends an event, already measured; `settle` is called at most once, unless the event is forgotten before. */
  ask(question: Question, settle: (outcome: Outcome) => void): void {
    if (this.#awayBecause !== undefined) {
      // It may have come back unheard: one that hears this says so, and the next event reaches it.
      this.hello(false);
      if (this.#setup.optional && this.#session === undefined) settle(ABSENT);
      else settle(failed(question, this.#awayBecause));
      return;
    }
    const { unheard } = this;
    const asked: Asked = { question, settle, sent: !unheard || this.#asked.size < SENT_EARLY };
    this.#asked.set(question.id, asked);
    if (unheard) this.#awaitFirstWord();
    if (asked.sent) this.#sendAsked(asked);
  }

  /** The emitter waits no longer; `gaveUp` tells the other side too. */
  forget({ id, bus, event }: Question, gaveUp: boolean): void {
    if (!this.#asked.delete(id)) return;
    if (this.#asked.size === 0) this.#stopAwaiting();
    if (gaveUp) this.#send({ type: "abort", bus, event, id });
  }

  hello(reply: boolean): void {
    this.#send({ type: "hello", reply });
  }

  /** Takes a well-formed message of this peer. What answers nothing that was asked is ignored. */
  receive(message: LinkMessage): void {
    this.#meet(message);
    if (message.type === "hello") {
      if (!message.reply) this.hello(true);
    } else if (message.type === "event") {
      this.#serve(message);
    } else if (message.type === "abort") {
      const { bus, event } = message;
      const reason = `The process that emitted ${eventText(bus, event)} waits for it no longer`;
      this.#serving.get(message.id)?.giveUp(new EventError("ABORTED", reason, { bus, event }));
    } else if (message.type !== "bye") {
      this.#settle(message);
    }
  }

  /** The process is gone: what it was asked fails, and what it asked needs no answer. */
  leave(reason: string): void {
    this.#awayBecause = `the other process is gone: ${reason}`;
    this.#stopAwaiting();
    this.#handled.clear();
    this.#abandonServing();
    this.#settleAsked((question) => failed(question, `the other process is gone: ${reason}`));
  }

  /** Ends everything quietly, as the emits themselves are rejected by those who close. */
  close(): void {
    this.#stopAwaiting();
    this.#asked.clear();
    this.#abandonServing();
    this.#send({ type: "bye" });
    this.#closed = true;
  }

  /** Notes that the peer is there. */
  #meet(message: LinkMessage): void {
    this.#stopAwaiting();
    this.#awayBecause = undefined;
    if (this.#session !== undefined) return;
    this.#session = message.from;
    // When it has just begun, what was sent before may have found no receiver. If it did find one, its id is known there.
    const begins = message.type === "hello" && !message.reply;
    for (const asked of this.#asked.values()) {
      if (asked.sent && !begins) continue;
      asked.sent = true;
      this.#sendAsked(asked);
    }
  }

  #sendAsked({ question, settle }: Asked): void {
    this.#send(question, (thrown) => {
      if (!this.#asked.delete(question.id)) return;
      settle(failed(question, `the message cannot be sent: ${messageOf(thrown)}`, thrown));
    });
  }

  /** What the peer asked runs on if it likes; its signal says that the answer is not needed. */
  #abandonServing(): void {
    for (const emission of [...this.#serving.values()]) {
      const { bus, event } = emission.context;
      const message = `No emitter waits for the answer to ${eventText(bus, event)}: the connection has ended`;
      emission.giveUp(new EventError("ABORTED", message, { bus, event }));
    }
  }

  #awaitFirstWord(): void {
    this.#silence ??= startTimer(this.#setup.connectTimeout, () => {
      const reason =
        `no events were heard from the other process within ${this.#setup.connectTimeout} ms: ` +
        "create an event manager there too, with ipc on the same channel";
      this.#silence = undefined;
      this.#awayBecause = reason;
      this.#settleAsked((question) => (this.#setup.optional ? ABSENT : failed(question, reason)));
    });
  }

  #settleAsked(outcome: (question: Question) => Outcome): void {
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { question, settle } of asked) settle(outcome(question));
  }

  #stopAwaiting(): void {
    clearTimeout(this.#silence);
    this.#silence = undefined;
  }

  #settle(message: AnswerMessage | FailureMessage): void {
    const asked = this.#asked.get(message.id);
    if (asked?.question.bus !== message.bus || asked.question.event !== message.event) return;
    const outcome = outcomeOf(message, asked.question, this.#setup.maxMessageBytes);
    if (!outcome) return;
    this.#asked.delete(message.id);
    asked.settle(outcome);
  }

  #serve(message: EventMessage): void {
    if (this.#handled.has(message.id)) return;
    this.#remember(message.id);
    const reason = tooLarge(message, this.#setup.maxMessageBytes);
    if (reason !== undefined) return this.#refuse(message, failed(message, reason).error);
    const emission = this.#setup.serve(message);
    if (!emission) return this.#answer(message, false, message.want === "all" ? [] : undefined);
    this.#serving.set(message.id, emission);
    emission.promise.then(
      (value) => {
        this.#serving.delete(message.id);
        this.#answer(message, emission.handled, value);
      },
      (error: unknown) => {
        this.#serving.delete(message.id);
        if (isEventError(error)) this.#refuse(message, error);
      },
    );
  }

  #answer({ bus, event, id }: EventMessage, handled: boolean, data: unknown): void {
    const answer: Unaddressed<AnswerMessage> = { type: "answer", bus, event, id, handled, data };
    const refuse = (reason: string) => this.#refuse(answer, failed(answer, reason).error);
    const reason = tooLarge(answer, this.#setup.maxMessageBytes);
    if (reason !== undefined) return refuse(`its answer: ${reason}`);
    this.#send(answer, (thrown) => refuse(`its answer cannot be sent: ${messageOf(thrown)}`));
  }

  #refuse({ bus, event, id }: { bus: string; event: string; id: string }, error: EventError | undefined): void {
    if (!error) return;
    const data = failureOf(error);
    this.#send({ type: "failure", bus, event, id, data });
  }

  #remember(id: string): void {
    this.#handled.add(id);
    if (this.#handled.size <= REMEMBERED) return;
    for (const oldest of this.#handled) {
      this.#handled.delete(oldest);
      return;
    }
  }

  /** Sends without ever throwing; without `onFailure` a message that cannot be sent is one that was not needed. */
  #send(message: Outgoing, onFailure: (thrown: unknown) => void = () => {}): void {
    if (this.#closed) return;
    // The successor of a page that left may hear what is sent to it.
    const to = this.away ? undefined : this.#session;
    const envelope = { protocol: PROTOCOL, from: this.#setup.session, to } as const;
    try {
      const sent: unknown = this.#setup.send({ ...envelope, ...message });
      // What a preload script exposes may return anything, as `true` for a message that went out.
      if (isPromiseLike(sent)) sent.then(undefined, onFailure);
    } catch (thrown) {
      onFailure(thrown);
    }
  }
}

/** Why a message may not cross, if so. */
export function tooLarge(message: Outgoing, maxBytes: number): string | undefined {
  try {
    if (sizeOf(message, { bytes: maxBytes }, "once").over === undefined) return undefined;
  } catch (thrown) {
    return `the message cannot be read: ${messageOf(thrown)}`;
  }
  return `the message is larger than ${maxBytes} bytes: send less, or raise ipc.maxMessageBytes on both sides`;
}

/** An event that did not make it to the other process and back. */
export function failed({ bus, event }: { bus: string; event: string }, reason: string, cause?: unknown): Outcome {
  const details = cause === undefined ? { bus, event } : { bus, event, cause };
  const error = new EventError("IPC_FAILED", `No answer to ${eventText(bus, event)}: ${reason}`, details);
  return { handled: false, answers: [], error };
}

/** What an answer means; undefined when it does not fit the question. */
function outcomeOf(message: AnswerMessage | FailureMessage, asked: Question, maxBytes: number): Outcome | undefined {
  const reason = tooLarge(message, maxBytes);
  if (reason !== undefined) return failed(asked, reason);
  if (message.type === "failure") {
    return { handled: message.data.code === "HANDLER_FAILED", answers: [], error: errorOf(message) };
  }
  if (asked.want === "first") {
    return { handled: message.handled, answers: message.data === undefined ? [] : [message.data] };
  }
  return Array.isArray(message.data) ? { handled: message.handled, answers: message.data } : undefined;
}
