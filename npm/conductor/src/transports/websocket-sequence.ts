/** Keeps the events of a server complete and in order across connections, or says that some are missing. */
import { unheld } from "@atomiton/values";
import type { ClientMessage, EventMessage } from "./websocket-protocol.js";
import { RESUME_TIMEOUT } from "./websocket-protocol.js";

/** Says that events between two connections are missing. */
export interface Gap {
  /** Sequence that the missing events belong to, and the last number that was seen; only if the server numbers them. */
  previous?: { session: string; seq: number };
  /** Sequence from now on. */
  session?: string;
  /** Channels of which nothing is missing: what happened to executions of a store is told after this, progress as it is then. */
  complete?: readonly string[];
}

/** What a sequence is given. */
export interface SequenceOptions {
  deliver: (event: EventMessage) => void;
  onGap: (gap: Gap) => void;
  send: (message: ClientMessage) => void;
}

/** More events than this are not held back while it is unclear whether they will be sent again. */
const MOST_HELD = 10_000;

/** Puts the events of a server in order, each once, and reports those that are missing. */
export class Sequence {
  readonly #options: SequenceOptions;
  #session: string | undefined;
  #seq = 0;
  /** `greeting`: a session is to be resumed, and the server has not greeted. `resuming`: it has not answered. */
  #phase: "live" | "greeting" | "resuming" = "live";
  #greeted: string | undefined;
  #held: EventMessage[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wasOpen = false;

  constructor(options: SequenceOptions) {
    this.#options = options;
  }

  /** There is a connection. */
  opened(): void {
    const again = this.#wasOpen;
    this.#wasOpen = true;
    if (this.#session !== undefined) {
      this.#phase = "greeting";
      this.#greeted = undefined;
      this.#startTimer();
    } else {
      this.#seq = 0;
      if (again) this.#options.onGap({});
    }
  }

  /** The connection is lost. What was held back is sent again, or falls into the gap that is told then. */
  lost(): void {
    this.#settle();
  }

  hello(session: string, complete?: unknown): void {
    if (this.#phase === "greeting" && this.#session !== undefined) {
      this.#phase = "resuming";
      this.#greeted = session;
      this.#startTimer();
      this.#options.send({ type: "resume", session: this.#session, seq: this.#seq });
    } else if (session === this.#session) {
      this.#settle();
    } else if (this.#session === undefined) {
      this.#session = session;
    } else {
      this.#startOver(session, complete);
    }
  }

  event(event: EventMessage): void {
    const { seq } = event;
    if (seq === undefined) return this.#options.deliver(event);
    if (this.#phase !== "live") {
      this.#held.push(event);
      if (this.#held.length > MOST_HELD) this.#startOver(this.#greeted);
      return;
    }
    if (seq <= this.#seq) return;
    this.#seq = seq;
    this.#options.deliver(event);
  }

  /** The old session is gone. What was held back belongs to the one of the greeting. */
  #startOver(session: string | undefined, complete?: unknown): void {
    const previous = this.#session === undefined ? {} : { previous: { session: this.#session, seq: this.#seq } };
    const held = this.#settle();
    const isTheirs = this.#greeted === session;
    this.#session = session;
    this.#seq = 0;
    const channels = Array.isArray(complete) ? complete.map(String) : [];
    this.#options.onGap({
      ...previous,
      ...(session !== undefined && { session }),
      ...(channels.length > 0 && { complete: channels }),
    });
    for (const event of held) {
      if (isTheirs) this.event(event);
      else this.#options.deliver(event);
    }
  }

  #settle(): EventMessage[] {
    const held = this.#held;
    this.#held = [];
    this.#phase = "live";
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return held;
  }

  #startTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = unheld(setTimeout(() => this.#startOver(this.#greeted), RESUME_TIMEOUT));
  }
}
