/** Events on their way to one client, which may read them more slowly than they come. */
import type { EventLog, LoggedEvent } from "./event-log.js";

/** Where events go. */
export interface Outlet {
  /** Sends one; `sent` is called when it has left this process. */
  send(event: LoggedEvent, sent: () => void): void;
  /** Bytes that have not left this process. */
  backlog(): number;
  /** Ends the connection of a client that does not read. It may come back and go on where it was. */
  giveUp(): void;
}

/** From so many unsent bytes on only the latest progress of each execution is kept for the client. */
const SLOW_BYTES = 1024 * 1024;
/** And from so many on it is given up, never the run that it watches. */
const LOST_BYTES = 16 * 1024 * 1024;

/** Tells one client. A slow one gets less progress, and one that does not read at all is given up. */
export class ClientEventSender {
  /** Progress that was held back, by execution. */
  readonly #held = new Map<string, LoggedEvent>();
  #end: (() => void) | undefined;

  /** @param wants whether an event is for this client; default: all are */
  constructor(
    private readonly log: EventLog,
    private readonly outlet: Outlet,
    private readonly wants: (event: LoggedEvent) => boolean = () => true,
  ) {}

  /** Tells of what comes, and before it of `missed`. */
  start(missed: readonly LoggedEvent[] = []): void {
    if (this.#end !== undefined) return;
    for (const event of missed) this.#tell(event);
    this.#end = this.log.listen((event) => this.#tell(event));
  }

  stop(): void {
    this.#end?.();
    this.#end = undefined;
    this.#held.clear();
  }

  #tell(event: LoggedEvent): void {
    if (!this.wants(event)) return;
    const backlog = this.outlet.backlog();
    if (backlog > LOST_BYTES) {
      this.stop();
      this.outlet.giveUp();
      return;
    }
    const { replaces } = event;
    if (replaces !== undefined && (backlog > SLOW_BYTES || this.#held.size > 0)) {
      // In the order in which they came last, so that numbers only grow.
      this.#held.delete(replaces);
      this.#held.set(replaces, event);
      return;
    }
    // The client takes a number that is not above the last one for a repetition.
    this.#release();
    this.#send(event);
  }

  #send(event: LoggedEvent): void {
    this.outlet.send(event, () => {
      if (this.#held.size > 0 && this.outlet.backlog() <= SLOW_BYTES) this.#release();
    });
  }

  #release(): void {
    const held = [...this.#held.values()];
    this.#held.clear();
    for (const event of held) this.#send(event);
  }
}
