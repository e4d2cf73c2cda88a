/** Attempts to sign in: after some that failed, each further one has to wait longer. */
import { RecentMap } from "./recent-map.js";

/** An attempt that may be made. */
export interface Attempt {
  /** It counts no longer, and neither do those before it under this name. */
  succeeded(): void;
  /** It counts no longer: nothing was tried. */
  withdrawn(): void;
}

/** What attempts are counted by; `undefined` where it is not known. */
export interface AttemptKeys {
  name: string | undefined;
  address: string | undefined;
}

/** How long an attempt counts, in ms. */
const FORGIVEN_MS = 60_000;

/** The first delay is twice as long, in ms. */
const DELAY_MS = 1000;

/** Names and addresses that are kept; those that were tried last. */
const MOST_KEYS = 100_000;

interface Counted {
  /** Attempts that count, at the moment of the last one. */
  count: number;
  /** Of the last one. */
  at: number;
  /** When the next one may be made. */
  next: number;
}

/** Counts attempts by name and by address. */
export class SignInAttempts {
  readonly #names = new RecentMap<Counted>(MOST_KEYS);
  readonly #addresses = new RecentMap<Counted>(MOST_KEYS);

  constructor(private readonly limits: { perName: number; perAddress: number; longest: number }) {}

  /** Begins an attempt, which counts until it has succeeded; or gives the ms until one may be made. */
  begin({ name, address }: AttemptKeys): Attempt | number {
    const counters: [RecentMap<Counted>, string | undefined, number][] = [
      [this.#names, name, this.limits.perName],
      [this.#addresses, address, this.limits.perAddress],
    ];
    const now = performance.now();
    const waits = counters.map(([kept, key]) => (key === undefined ? 0 : (kept.get(key)?.next ?? 0) - now));
    const wait = Math.max(...waits);
    if (wait > 0) return wait;
    for (const [kept, key, free] of counters) if (key !== undefined) this.#count(kept, key, free, now);
    const withdraw = ([kept, key, free]: (typeof counters)[number]) => {
      const counted = key === undefined ? undefined : kept.get(key);
      if (counted === undefined) return;
      counted.count = Math.max(0, counted.count - 1);
      if (counted.count < free) counted.next = 0;
    };
    return {
      succeeded: () => {
        if (name !== undefined) this.#names.delete(name);
        for (const counter of counters.slice(1)) withdraw(counter);
      },
      withdrawn: () => counters.forEach(withdraw),
    };
  }

  #count(kept: RecentMap<Counted>, key: string, free: number, now: number): void {
    const before = kept.get(key);
    const left = before === undefined ? 0 : Math.max(0, before.count - (now - before.at) / FORGIVEN_MS);
    const count = left + 1;
    const beyond = Math.floor(count - free) + 1;
    const delay = beyond <= 0 ? 0 : Math.min(this.limits.longest, DELAY_MS * 2 ** beyond);
    kept.set(key, { count, at: now, next: now + delay });
  }
}
