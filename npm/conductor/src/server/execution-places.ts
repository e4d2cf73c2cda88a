/** Places for executions: so many at once for each caller and in all. Who finds none waits in a line of its own. */

/** Numbers of executions; `Infinity` for no limit. */
export interface PlaceLimit {
  /** At once. */
  concurrent: number;
  /** That wait for a place. */
  queued: number;
}

/** A place, or the wait for one. */
export interface Ticket {
  /** Settles with true once the execution may begin, with false where it left before. */
  readonly entered: Promise<boolean>;
  readonly isWaiting: boolean;
  /** Gives the place, or the wait, up; a second time nothing happens. */
  leave(): void;
}

interface Line {
  limit: PlaceLimit;
  running: number;
  waiting: Set<PlaceTicket>;
}

/** Hands out places: of callers who wait, the one with the fewest executions is next, and of several such the one whose turn is longest ago. */
export class ExecutionPlaces {
  /** In the order of their turns. */
  readonly #lines = new Map<string, Line>();
  #running = 0;
  #waiting = 0;

  /** @param all of all callers together */
  constructor(private readonly all: PlaceLimit) {}

  get waiting(): number {
    return this.#waiting;
  }

  /** Takes a place for a caller, or waits for one. Without room to wait it is told whose line is full: the caller's, or that of all. */
  enter(caller: string, limit: PlaceLimit): Ticket | "caller" | "all" {
    const line = this.#lines.get(caller) ?? { limit, running: 0, waiting: new Set() };
    line.limit = limit;
    const mayBegin = line.waiting.size === 0 && this.#hasPlace(line);
    if (!mayBegin && line.waiting.size >= limit.queued) return "caller";
    if (!mayBegin && this.#waiting >= this.all.queued) return "all";
    this.#lines.set(caller, line);
    const ticket: PlaceTicket = new PlaceTicket(() => this.#leave(caller, line, ticket));
    if (mayBegin) this.#begin(line, ticket);
    else {
      line.waiting.add(ticket);
      this.#waiting++;
    }
    return ticket;
  }

  #hasPlace({ running, limit }: Line): boolean {
    return this.#running < this.all.concurrent && running < limit.concurrent;
  }

  #begin(line: Line, ticket: PlaceTicket): void {
    line.running++;
    this.#running++;
    ticket.enter(true);
  }

  #leave(caller: string, line: Line, ticket: PlaceTicket): void {
    if (line.waiting.delete(ticket)) {
      this.#waiting--;
      ticket.enter(false);
    } else {
      line.running--;
      this.#running--;
    }
    if (line.running === 0 && line.waiting.size === 0) this.#lines.delete(caller);
    this.#admit();
  }

  #admit(): void {
    for (;;) {
      let next: [string, Line] | undefined;
      for (const found of this.#lines) {
        const [, line] = found;
        if (line.waiting.size === 0 || !this.#hasPlace(line)) continue;
        if (next === undefined || line.running < next[1].running) next = found;
      }
      if (next === undefined) return;
      const [caller, line] = next;
      const [ticket] = line.waiting;
      if (ticket === undefined) return;
      line.waiting.delete(ticket);
      this.#waiting--;
      this.#lines.delete(caller);
      this.#lines.set(caller, line);
      this.#begin(line, ticket);
    }
  }
}

class PlaceTicket implements Ticket {
  readonly entered: Promise<boolean>;
  isWaiting = true;
  #isOver = false;
  #settle: (isIn: boolean) => void = () => {};

  constructor(private readonly end: () => void) {
    this.entered = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  enter(isIn: boolean): void {
    this.isWaiting = false;
    this.#settle(isIn);
  }

  leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.end();
  }
}
