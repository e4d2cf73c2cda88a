/** How a run in the worker looked when the worker last said so. */
import { State, Step } from "../engine/mailbox.js";

/** Numbers before the first node: overall progress, whether it is over, start, end. */
const HEADER_NUMBERS = 4;
/** Numbers of a node: state, percent, start, end. Times that have not come are NaN. */
const NODE_NUMBERS = 4;

/** See the module's description. */
export class LastLook {
  readonly #nodes: number;
  /** Made when there is something to be seen. */
  #numbers: Float64Array | undefined;

  /** @param nodes of the plan */
  constructor(nodes: number) {
    this.#nodes = nodes;
  }

  /** When the run started, in ms since the epoch, as far as it is known. */
  get startTime(): number | undefined {
    const time = this.#numbers?.[2] ?? Number.NaN;
    return Number.isNaN(time) ? undefined : time;
  }

  copyTo(numbers: Float64Array): void {
    numbers.set(this.#made);
  }

  take(numbers: Float64Array): void {
    this.#numbers = numbers;
  }

  /** What has changed in another look, as changes of a watched run: node, state and percents packed, step. */
  changesTo(numbers: Float64Array): number[] {
    const known = this.#made;
    const overall = numbers[0] as number;
    const changes: number[] = [];
    for (let node = 0; node < this.#nodes; node++) {
      const at = HEADER_NUMBERS + node * NODE_NUMBERS;
      const [state, percent] = [numbers[at] as number, numbers[at + 1] as number];
      if (state === known[at] && percent === known[at + 1]) continue;
      changes.push(node, state | (percent << 8) | (overall << 16), Step.none);
    }
    return changes;
  }

  /** Takes one change. */
  apply(node: number, packed: number, time: number): void {
    if (node >= this.#nodes) return;
    const numbers = this.#made;
    const at = HEADER_NUMBERS + node * NODE_NUMBERS;
    const state = packed & 0xff;
    if (state === State.executing && numbers[at] !== state) numbers[at + 2] = time;
    if (state > State.executing && numbers[at] !== state) numbers[at + 3] = time;
    numbers[at] = state;
    numbers[at + 1] = (packed >>> 8) & 0xff;
    numbers[0] = (packed >>> 16) & 0xff;
  }

  /** The run ended without a word: what was executing has failed. Gives those nodes. */
  end(time: number): number[] {
    const numbers = this.#numbers;
    const ended: number[] = [];
    for (let node = 0; numbers !== undefined && node < this.#nodes; node++) {
      const at = HEADER_NUMBERS + node * NODE_NUMBERS;
      if (numbers[at] !== State.executing) continue;
      numbers[at] = State.error;
      numbers[at + 3] = time;
      ended.push(node);
    }
    return ended;
  }

  /** At first nothing has begun. */
  get #made(): Float64Array {
    if (this.#numbers === undefined) {
      const numbers = new Float64Array(HEADER_NUMBERS + this.#nodes * NODE_NUMBERS);
      numbers[2] = numbers[3] = Number.NaN;
      for (let at = HEADER_NUMBERS; at < numbers.length; at += NODE_NUMBERS) {
        numbers[at + 2] = numbers[at + 3] = Number.NaN;
      }
      this.#numbers = numbers;
    }
    return this.#numbers;
  }
}
