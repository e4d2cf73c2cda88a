/** The changes of a finished run, packed as the engine replays them: see `core/src/bridge/trace.rs`. */
import { answer } from "./backend.js";
import type { Plan } from "./plan.js";
import type { Recording } from "./run-request.js";

const HEADER = 4;
const NODE = 2 ** 26;

/** One change of a node. */
export interface Change {
  /** ms since the epoch. */
  time: number;
  node: number;
  /** The number of its state. */
  state: number;
  /** It was in another state before. */
  entered: boolean;
  /** 0–100. */
  percent: number;
  /** 0–100. */
  overall: number;
  /** The step of the animation, or one of `Step`. */
  step: number;
}

/** Reads the changes of a finished run by their place, out of the packed numbers. */
export class TraceRows {
  private readonly numbers: Float64Array;
  /** For each step: its first change, and its time. */
  private readonly steps: Float64Array;

  constructor(plan: Plan, { options, journal }: Recording) {
    const numbers = answer((engine) => engine.askPackedTrace(plan.outlineWords, options, journal()));
    this.numbers = numbers.length === 0 ? new Float64Array(HEADER) : numbers;
    this.steps = this.numbers.subarray(HEADER + this.length);
  }

  /** How many changes there are. */
  get length(): number {
    return this.numbers[0] as number;
  }

  /** How many of the nodes that traces list completed. */
  get completed(): number {
    return this.numbers[2] as number;
  }

  /** How many of them failed. */
  get failed(): number {
    return this.numbers[3] as number;
  }

  /** The node of a change. */
  nodeOf(row: number): number {
    return Math.floor((this.numbers[HEADER + row] as number) / NODE);
  }

  /** A change by its place. */
  change(row: number): Change {
    const packed = this.numbers[HEADER + row] as number;
    const low = packed % NODE;
    return {
      time: this.timeOf(row),
      node: (packed - low) / NODE,
      state: (low >>> 22) & 7,
      entered: low >>> 25 === 1,
      percent: (low >>> 15) & 0x7f,
      overall: (low >>> 8) & 0x7f,
      step: low & 0xff,
    };
  }

  /** The time of the last step that begins at this change or before it. */
  private timeOf(row: number): number {
    const { steps } = this;
    let [from, to] = [0, steps.length / 2];
    while (to - from > 1) {
      const middle = (from + to) >>> 1;
      if ((steps[middle * 2] as number) <= row) from = middle;
      else to = middle;
    }
    return steps[from * 2 + 1] as number;
  }
}
