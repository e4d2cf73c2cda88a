/** Words and numbers as people read them. */

import type { NodeExecutionState } from "../types/execution.js";
import type { Eta } from "../types/graph.js";
import pc from "./colour.js";

/** A time span: `14 ms`, `1.2 s`, `2 min 05 s`. */
export function duration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/** How long a run still takes: `about 12 s left (10-15 s)`. */
export function etaText({ ms, low, high, unknown = 0 }: Eta): string {
  const [least, most] = [roughly(low), roughly(high)];
  const unit = most.slice(most.indexOf(" "));
  const from = least.endsWith(unit) ? least.slice(0, -unit.length) : least;
  const range = least === most ? "" : ` (${from}-${most})`;
  const without = unknown === 0 ? "" : `, without ${counted(unknown, "new node")}`;
  return `about ${roughly(ms)} left${range}${without}`;
}

/** A time span in whole seconds, minutes or hours: what is estimated is no more exact than that. */
function roughly(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

/** A time in ms since the epoch, in the time zone of the terminal: `2026-11-24 19:05:31`. */
export function timeText(ms: number): string {
  const at = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return at.toISOString().slice(0, 19).replace("T", " ");
}

/** A number with its noun: `1 node`, `3 nodes`. */
export function counted(number: number, noun: string, several = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : several}`;
}

/** Says something on standard error. */
export function onStandardError(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Text in one line without control characters: what a flow or a node says must not steer the terminal. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be replaced.
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
}

/** Text cut to a width, the end replaced by an ellipsis. */
export function fitted(text: string, width: number): string {
  const points = [...text];
  if (points.length <= width) return text;
  return width < 1 ? "" : `${points.slice(0, width - 1).join("")}…`;
}

/** Text of exactly this width. */
export function column(text: string, width: number): string {
  const cut = fitted(text, width);
  return cut + " ".repeat(Math.max(0, width - [...cut].length));
}

/** A bar of this width with its part filled. */
export function bar(part: number, width: number): { full: string; rest: string } {
  const full = Math.round(Math.min(Math.max(part, 0), 1) * width);
  return { full: "━".repeat(full), rest: "─".repeat(width - full) };
}

/** The sign of a state. */
export const SIGNS: Readonly<Record<NodeExecutionState, string>> = {
  pending: "○",
  executing: "●",
  completed: "✓",
  error: "✗",
  skipped: "–",
};

/** A text in the colour of a state. */
export function inColour(state: NodeExecutionState, text: string): string {
  switch (state) {
    case "completed":
      return pc.green(text);
    case "executing":
      return pc.cyan(text);
    case "error":
      return pc.red(text);
    default:
      return pc.dim(text);
  }
}
