/** How a run is shown while it goes on. */
import type { ExecutionGraphState } from "../types/graph.js";

/** Shows states of a run. */
export interface Display {
  show(state: ExecutionGraphState): void;
  /** Says something beside the states. */
  note(text: string): void;
  /** Leaves the terminal to something else, until what is returned is called. */
  suspend(): () => void;
  /** Leaves the terminal as it was. */
  end(): void;
}

/** What a display writes to: a terminal, a pipe, a file. */
export interface Output {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  rows?: number | undefined;
}

/** Shows nothing but notes. */
export function quietDisplay(output: Output): Display {
  return { show: () => {}, note: (text) => void output.write(`${text}\n`), suspend: () => () => {}, end: () => {} };
}
