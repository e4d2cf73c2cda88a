/** Processes for executions: some are started before they are needed, and none is used twice. */
import { endedBy, IsolatedProcess } from "./isolated-process.js";
import type { IsolationSettings } from "./settings.js";

/** How long a node waits for a process where there are as many as there may be, in ms. */
const WAIT_MS = 30_000;

/** How long a process may take to be ready, in ms. */
const READY_MS = 60_000;

/** How long after one was taken the next is started, in ms. */
const LATER_MS = 100;

/** The processes of one isolation. */
export class ProcessPool {
  readonly #settings: IsolationSettings;
  readonly #spare: IsolatedProcess[] = [];
  readonly #all = new Set<IsolatedProcess>();
  readonly #waiting = new Set<() => void>();
  #isClosed = false;

  constructor(settings: IsolationSettings) {
    this.#settings = settings;
  }

  /** Starts processes that are at hand. */
  prepare(): void {
    const { spare, most } = this.#settings;
    while (!this.#isClosed && this.#spare.length < spare && this.#all.size < most) this.#spare.push(this.#start(true));
  }

  /**
   * A process that takes calls.
   *
   * @param signal ends the wait for one, which then rejects
   * @throws Error RATE_LIMIT_EXCEEDED where there are too many for too long, and what it ended with where it cannot be started
   */
  async enter(signal: AbortSignal): Promise<IsolatedProcess> {
    const until = Date.now() + WAIT_MS;
    while (!this.#hasRoom) await this.#roomOrRefusal(signal, until - Date.now());
    if (this.#isClosed) throw endedBy("CANCELLED", "The server ends");
    const process = this.#spare.shift() ?? this.#start(false);
    process.hold(true);
    const end = () => process.kill("CANCELLED", "The execution is over");
    if (signal.aborted) end();
    else signal.addEventListener("abort", end);
    const late = setTimeout(
      () =>
        process.kill(
          "INTERNAL_ERROR",
          `The process of an isolated execution was not ready within ${READY_MS / 1000} s`,
        ),
      READY_MS,
    ).unref();
    try {
      await process.ready;
    } finally {
      clearTimeout(late);
      signal.removeEventListener("abort", end);
      // The one that was taken goes first.
      setTimeout(() => this.prepare(), LATER_MS).unref();
    }
    return process;
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const wake of this.#waiting) wake();
    const all = [...this.#all];
    for (const process of all) {
      process.hold(true);
      process.kill("CANCELLED", "The server ends");
    }
    await Promise.all(all.map(({ ended }) => ended));
  }

  get #hasRoom(): boolean {
    return this.#isClosed || this.#spare.length > 0 || this.#all.size < this.#settings.most;
  }

  #start(warms: boolean): IsolatedProcess {
    const process = new IsolatedProcess(this.#settings, warms);
    this.#all.add(process);
    void process.ended.then(() => {
      this.#all.delete(process);
      const place = this.#spare.indexOf(process);
      if (place >= 0) this.#spare.splice(place, 1);
      for (const wake of this.#waiting) wake();
    });
    return process;
  }

  /** Waits until it is worth another look. */
  async #roomOrRefusal(signal: AbortSignal, ms: number): Promise<void> {
    if (signal.aborted) throw endedBy("CANCELLED", "The execution is over");
    if (ms <= 0) {
      const { most } = this.#settings;
      throw endedBy(
        "RATE_LIMIT_EXCEEDED",
        `There are ${most} isolated processes, and none ended in ${WAIT_MS / 1000} s`,
      );
    }
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(late);
        signal.removeEventListener("abort", wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const late = setTimeout(wake, ms);
      signal.addEventListener("abort", wake);
      this.#waiting.add(wake);
    });
  }
}
