/**
 * Time that stands still while something works and jumps to the next timer when nothing does, so that retries, backoff
 * and delays of minutes take no time in a test.
 */
import { createHook } from "node:async_hooks";
import { install } from "@sinonjs/fake-timers";

/** When virtual time begins, in ms since the epoch: always the same, so that runs can be compared. */
export const BEGINNING = Date.UTC(2026, 0, 1);

/** Turns of the host in which nothing happens before time jumps: what was answered first has to arrive. */
const QUIET_TURNS = 3;

/** ms of real time between two looks at work that is under way outside. */
const LOOK_MS = 1;

/** Looks without any change after which nothing is expected to come, where no timer is left either. */
const LAST_LOOKS = 50;

/** Work of Node's threads, by the types that async hooks see: files, names of hosts, digests and keys, compression. */
const REQUESTS = /^(?:FSREQ|FILEHANDLECLOSEREQ|GETADDRINFOREQ|GETNAMEINFOREQ)|^(?!HTTP).*REQUEST$/;
/** Compression, of which nothing says whether it goes on: ms after its last sign of life for which it is taken to. */
const STREAM = "ZLIB";
const STREAM_MS = 1000;
/** What Node lists as active: connections that begin, which end by themselves, and what stays. */
const CONNECTS = /Connect/;
const HELPERS = /^(MessagePort|Worker|ProcessWrap)/;

// Those of the host, whatever is done to the globals afterwards.
const { setImmediate: nextTurn, setTimeout: wait } = globalThis;
const now = performance.now.bind(performance);

/** Virtual time is one for the whole process: its users take turns. */
let last: Promise<unknown> = Promise.resolve();

/** Nothing can happen any more, and the work has not ended. */
export class StuckError extends Error {
  override readonly name = "StuckError";

  constructor() {
    super("Nothing goes on any more, and the run has not ended: something that it waits for never comes");
  }
}

/** How the work of {@link inVirtualTime} says what must not be overtaken by time. */
export interface Passing {
  /** Time stands still while one of these is not settled. */
  hold<T>(work: Promise<T>): Promise<T>;
  /** The same, or a {@link StuckError} once nothing goes on any more. */
  orStuck<T>(work: Promise<T>): Promise<T>;
}

/** For work in real time. */
export const REAL: Passing = { hold: (work) => work, orStuck: (work) => work };

/**
 * Does some work in virtual time, alone in the process.
 *
 * @throws Error when another library has replaced the timers, as `vi.useFakeTimers()` does
 */
export function inVirtualTime<T>(work: (passing: Passing) => Promise<T>): Promise<T> {
  const turn = last.then(() => pass(work));
  last = turn.catch(() => {});
  return turn;
}

async function pass<T>(work: (passing: Passing) => Promise<T>): Promise<T> {
  if ((Date as { isFake?: boolean }).isFake || "clock" in Date) {
    throw new Error(
      'Time is faked already, as by vi.useFakeTimers(): end that before the call, or give it `time: "real"`',
    );
  }
  const helpers = count(HELPERS);
  const clock = install({
    now: BEGINNING,
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"],
  });
  const requests = new Requests();
  const waiting = new Set<(reason: StuckError) => void>();
  let held = 0;
  let settled = false;
  const passing: Passing = {
    async hold(promise) {
      held++;
      try {
        return await promise;
      } finally {
        held--;
      }
    },
    async orStuck(promise) {
      let reject: (reason: StuckError) => void = () => {};
      const stuck = new Promise<never>((_, rejectStuck) => {
        reject = rejectStuck;
      });
      waiting.add(reject);
      try {
        return await Promise.race([promise, stuck]);
      } finally {
        waiting.delete(reject);
      }
    },
  };
  try {
    const done = work(passing).finally(() => {
      settled = true;
    });
    done.catch(() => {});
    let quiet = 0;
    while (!settled) {
      await new Promise<void>((resolve) => void nextTurn(resolve));
      if (held > 0 || requests.size > 0 || count(CONNECTS) > 0 || count(HELPERS) > helpers) {
        quiet = 0;
        await new Promise<void>((resolve) => void wait(resolve, LOOK_MS));
      } else if (++quiet >= QUIET_TURNS && !settled) {
        if (clock.countTimers() > 0) {
          clock.next();
          quiet = 0;
        } else if (quiet > LAST_LOOKS) {
          for (const reject of waiting) reject(new StuckError());
          quiet = 0;
        } else await new Promise<void>((resolve) => void wait(resolve, LOOK_MS));
      }
    }
    return await done;
  } finally {
    requests.end();
    clock.uninstall();
  }
}

/** Requests to Node's threads that were made since and are not answered. Node's own list leaves many of them out. */
class Requests {
  readonly #open = new Set<number>();
  /** Streams by when they were last heard of. */
  readonly #streams = new Map<number, number>();
  readonly #hook = createHook({
    init: (id, type) => {
      if (type === STREAM) this.#streams.set(id, now());
      else if (REQUESTS.test(type)) this.#open.add(id);
    },
    after: (id) => {
      this.#open.delete(id);
      if (this.#streams.has(id)) this.#streams.set(id, now());
    },
    destroy: (id) => {
      this.#open.delete(id);
      this.#streams.delete(id);
    },
  }).enable();

  /** How many there are. */
  get size(): number {
    const since = now() - STREAM_MS;
    for (const [id, last] of this.#streams) if (last < since) this.#streams.delete(id);
    return this.#open.size + this.#streams.size;
  }

  end(): void {
    this.#hook.disable();
  }
}

function count(kinds: RegExp): number {
  return process.getActiveResourcesInfo().filter((kind) => kinds.test(kind)).length;
}
