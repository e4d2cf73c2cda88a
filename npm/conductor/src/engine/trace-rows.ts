/** The changes of a finished run, packed as the engine replays them: see `core/src/bridge/trace.rs`. */
import { answer } from "./backend.js";
import {
  TRACE_ENTERED_SHIFT,
  TRACE_HEADER_NUMBERS,
  TRACE_NODE_UNIT,
  TRACE_OVERALL_SHIFT,
  TRACE_PERCENT_MASK,
  TRACE_PERCENT_SHIFT,
  TRACE_STATE_MASK,
  TRACE_STATE_SHIFT,
  TRACE_STEP_MASK,
} from "./generated.js";
import type { Plan } from "./plan.js";
import type { Recording } from "./run-request.js";

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
    this.numbers = numbers.length === 0 ? new Float64Array(TRACE_HEADER_NUMBERS) : numbers;
    this.steps = this.numbers.subarray(TRACE_HEADER_NUMBERS + this.length);
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
    return Math.floor((this.numbers[TRACE_HEADER_NUMBERS + row] as number) / TRACE_NODE_UNIT);
  }

  /** A change by its place. */
  change(row: number): Change {
    const packed = this.numbers[TRACE_HEADER_NUMBERS + row] as number;
    const low = packed % TRACE_NODE_UNIT;
    return {
      time: this.timeOf(row),
      node: (packed - low) / TRACE_NODE_UNIT,
      state: (low >>> TRACE_STATE_SHIFT) & TRACE_STATE_MASK,
      entered: low >>> TRACE_ENTERED_SHIFT === 1,
      percent: (low >>> TRACE_PERCENT_SHIFT) & TRACE_PERCENT_MASK,
      overall: (low >>> TRACE_OVERALL_SHIFT) & TRACE_PERCENT_MASK,
      step: low & TRACE_STEP_MASK,
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
