/** At most one call per interval: the first at once, the last of an interval at its end. */
import { unheld } from "@atomiton/values";

export class Throttle<T> {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pending: (() => T) | undefined;

  constructor(
    private readonly intervalMs: number,
    private readonly emit: (value: T) => void,
  ) {}

  /** Emits now or later; `value` is called when it is emitted. */
  offer(value: () => T): void {
    if (this.timer !== undefined) {
      this.pending = value;
      return;
    }
    this.rest();
    this.emit(value());
  }

  /** Emits what is held back now. */
  flush(): void {
    const { pending } = this;
    this.pending = undefined;
    if (pending !== undefined) this.emit(pending());
  }

  /** Drops what is held back. */
  cancel(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = undefined;
    this.pending = undefined;
  }

  private rest(): void {
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.pending === undefined) return;
      this.rest();
      this.flush();
    }, this.intervalMs);
    // Pending progress must not keep the process alive.
    unheld(this.timer);
  }
}
