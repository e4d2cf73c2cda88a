import { reports } from "../../library/reports.js";

/** Characters of a line that are reported. */
const LONGEST_LINE = 200;
/** How far a program is cannot be told from outside: it is under way. */
const UNDER_WAY = 50;

/** Reports the latest whole line of a program's output as progress, now and then. */
export function lastLines(progress: (percent: number, message?: string) => void): (piece: Buffer) => void {
  const report = reports(progress);
  return (piece) => report(UNDER_WAY, () => lastLine(piece));
}

function lastLine(piece: Buffer): string {
  // The end is enough for a line; a character of several bytes that is cut in two is at its beginning.
  const lines = piece
    .subarray(-4 * LONGEST_LINE)
    .toString("utf8")
    .split(/[\r\n]+/);
  return (lines.at(-2) || lines.at(-1) || "").trim().slice(0, LONGEST_LINE);
}
