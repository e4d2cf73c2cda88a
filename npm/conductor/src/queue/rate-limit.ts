/**
 * At most `limit` within any `duration`.
 *
 * What counts is taking a job, which is what gets refused. Counting starts, or ends, would let any number of jobs in while
 * the first ones are still at work.
 */
export class RateLimit {
  readonly #limit: number;
  readonly #duration: number;
  /** When each was taken, oldest first, as `performance.now()`. Those before `#oldest` no longer count. */
  #times: number[] = [];
  #oldest = 0;

  /** @param duration in ms */
  constructor({ limit, duration }: { limit: number; duration: number }) {
    this.#limit = limit;
    this.#duration = duration;
  }

  /** How many may still be taken now. */
  get remaining(): number {
    const horizon = performance.now() - this.#duration;
    while (this.#oldest < this.#times.length && (this.#times[this.#oldest] as number) <= horizon) this.#oldest++;
    if (this.#oldest > 1000 && this.#oldest * 2 > this.#times.length) {
      this.#times = this.#times.slice(this.#oldest);
      this.#oldest = 0;
    }
    return Math.max(this.#limit - (this.#times.length - this.#oldest), 0);
  }

  /** Counts one more. */
  take(): void {
    this.#times.push(performance.now());
  }
}
