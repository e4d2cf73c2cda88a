import { reports } from "./reports.js";

/** Characters of a line that are reported. */
const LONGEST_LINE = 200;
/** How far a program is cannot be told from outside: it is under way. */
const UNDER_WAY = 50;
const decoder = new TextDecoder();

/** Reports the latest whole line of what a program or user code prints as progress, now and then. */
export function lastLines(progress: (percent: number, message?: string) => void): (piece: Uint8Array | string) => void {
  const report = reports(progress);
  return (piece) => report(UNDER_WAY, () => lastLine(piece));
}

function lastLine(piece: Uint8Array | string): string {
  // The end is enough for a line; a character of several bytes that is cut in two is at its beginning.
  const end = piece.slice(-4 * LONGEST_LINE);
  const lines = (typeof end === "string" ? end : decoder.decode(end)).split(/[\r\n]+/);
  return (lines.at(-2) || lines.at(-1) || "").trim().slice(0, LONGEST_LINE);
}
