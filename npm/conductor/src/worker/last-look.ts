/** In the page: how a run in the worker looks. */
import { applyChange, changesBetween, enterState, firstLook, startOf, stateOf } from "../engine/look.js";
import { State } from "../engine/state.js";

/** How a run in the worker looked when the worker last said so. Before that, nothing has begun. */
export class LastLook {
  readonly #nodes: number;
  /** Made when there is something to be seen. */
  #look: Float64Array | undefined;

  /** @param nodes of the plan */
  constructor(nodes: number) {
    this.#nodes = nodes;
  }

  /** When the run started, in ms since the epoch, as far as it is known. */
  get startTime(): number | undefined {
    const time = this.#look === undefined ? Number.NaN : startOf(this.#look);
    return Number.isNaN(time) ? undefined : time;
  }

  /** Fills a look of the same run. */
  copyTo(look: Float64Array): void {
    look.set(this.#known);
  }

  /** What changes this look into a later one of the same run, as a watched run tells it. */
  changesTo(later: Float64Array): number[] {
    return changesBetween(this.#known, later);
  }

  /** Takes a later look. */
  take(later: Float64Array): void {
    this.#look = later;
  }

  /** Takes one change, which came at `time`. */
  apply(node: number, packed: number, time: number): void {
    if (node < this.#nodes) applyChange(this.#known, node, packed, time);
  }

  /** The run ended without a word: what was executing has failed. Gives those nodes. */
  end(time: number): number[] {
    const look = this.#look;
    const ended: number[] = [];
    for (let node = 0; look !== undefined && node < this.#nodes; node++) {
      if (stateOf(look, node) !== State.executing) continue;
      enterState(look, node, State.error, time);
      ended.push(node);
    }
    return ended;
  }

  get #known(): Float64Array {
    this.#look ??= firstLook(this.#nodes);
    return this.#look;
  }
}
