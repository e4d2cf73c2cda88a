import { throwIfAborted } from "../../contract/abort.js";
import { NodeError } from "../../contract/error.js";
import type { ScriptSource } from "../sandbox.js";

/** ms that a task waits for a place at the least before it is given up: much user code may be running at once. */
export const LEAST_WAIT = 60_000;

/** The places where user code may run, given first come, first served. */
export class Places {
  readonly #most: number;
  #taken = 0;
  readonly #waiting = new Set<() => void>();

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Waits for a place and takes it. The answer gives it back.
   *
   * @throws NodeError CANCELLED when the signal fires first, TIMEOUT when no place is free within a minute or
   * the time that the code itself may take, if that is longer
   */
  async take({ name, timeoutMs }: ScriptSource, signal: AbortSignal | undefined): Promise<() => void> {
    throwIfAborted(signal);
    if (this.#taken < this.#most) this.#taken++;
    else await this.#handedOn(name, Math.max(timeoutMs, LEAST_WAIT), signal);
    let isGiven = true;
    return () => {
      if (isGiven) this.#giveBack();
      isGiven = false;
    };
  }

  #handedOn(name: string, wait: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(proceed);
        signal?.removeEventListener("abort", giveUp);
      };
      const proceed = (): void => {
        settle();
        resolve();
      };
      const giveUp = (): void => {
        settle();
        try {
          throwIfAborted(signal);
        } catch (error) {
          reject(error);
        }
      };
      const timer = setTimeout(() => {
        settle();
        reject(
          new NodeError(
            "TIMEOUT",
            `${name} was not begun: it waited ${wait} ms while other user code took all ${this.#most} places`,
          ),
        );
      }, wait);
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#waiting.add(proceed);
    });
  }

  #giveBack(): void {
    const [next] = this.#waiting;
    // The place is handed on, not given back, so that nothing that comes in between takes it.
    if (next) next();
    else this.#taken--;
  }
}
