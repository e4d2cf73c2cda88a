/** Times of a schedule that are over, without going through all of a long past. */
import type { ScheduleTimes } from "@atomiton/nodes/executables";

/** How far back is looked first, in ms; then further and further. */
const FIRST_SPAN_MS = 3_600_000;

/** The times that are at most so far back, listed once each as time goes by. */
export class RecentTimes {
  #times: number[] = [];
  #after = Number.POSITIVE_INFINITY;
  #to = Number.NEGATIVE_INFINITY;

  constructor(private readonly source: ScheduleTimes) {}

  /** All times after one moment, up to another, in their order. */
  between(after: number, to: number): readonly number[] {
    // One of the moments lies before what is listed, as where a clock was set back, or after all of it.
    if (after < this.#after || to < this.#to || after > this.#to) {
      this.#times = [];
      this.#to = after;
    }
    this.#after = after;
    const kept = this.#times.findIndex((time) => time > after);
    if (kept !== 0) this.#times = kept < 0 ? [] : this.#times.slice(kept);
    for (let time = this.source.after(this.#to); time !== undefined && time <= to; time = this.source.after(time)) {
      this.#times.push(time);
    }
    this.#to = Math.max(this.#to, to);
    return this.#times;
  }
}

/** The last times after one moment, up to another, in their order; whether these are all of them. */
export function pastTimes(
  times: ScheduleTimes,
  after: number,
  to: number,
  most: number,
): { times: number[]; isAll: boolean } {
  for (let span = FIRST_SPAN_MS; ; span *= 4) {
    const start = Math.max(after, to - span);
    const found: number[] = [];
    let count = 0;
    for (let time = times.after(start); time !== undefined && time <= to; time = times.after(time)) {
      found.push(time);
      count += 1;
      if (found.length > 2 * most) found.splice(0, most);
    }
    const isAll = start === after && count <= most;
    if (start === after || count >= most) return { times: found.slice(-most), isAll };
  }
}
