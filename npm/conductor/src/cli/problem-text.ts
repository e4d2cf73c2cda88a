/** The problems of a flow file as text: each with its place, those of the text itself with the line that they are in. */
import type { FlowProblem } from "../types/flow.js";
import pc from "./colour.js";
import type { FlowFile } from "./flow-file.js";
import { counted, oneLine, SIGNS } from "./text.js";

/** Characters of a line that are shown, with the place in the middle. */
const SHOWN = 100;

/** All errors and warnings in the order of the file, and at the end how many there are. */
export function problemsText({ problems, warnings, text }: Pick<FlowFile, "problems" | "warnings" | "text">): string {
  const all = [...problems, ...warnings].sort(byPlace);
  if (all.length === 0) return "";
  const counts = [
    ...(problems.length > 0 ? [pc.red(counted(problems.length, "error"))] : []),
    ...(warnings.length > 0 ? [pc.yellow(counted(warnings.length, "warning"))] : []),
  ];
  return `${[...all.flatMap((problem) => problemLines(problem, text)), counts.join(", ")].join("\n")}\n`;
}

/** What is wrong, then where and under which code and rule. */
function problemLines(problem: FlowProblem, text: string | undefined): string[] {
  const { message, severity, path, line, column, code, rule } = problem;
  const sign = severity === "error" ? pc.red(SIGNS.error) : pc.yellow("!");
  const place = line === undefined ? "" : `line ${line}${column === undefined ? "" : `, column ${column}`} · `;
  const where = `  ${place}${path === "" ? "" : `${oneLine(path)} · `}${code}${rule === undefined ? "" : ` ${rule}`}`;
  // Where the text could not be read, its problem is to be seen; else what is wrong has a name.
  const source = rule === undefined && text !== undefined ? sourceLines(text, line, column) : [];
  return [`${sign} ${oneLine(message)}`, pc.dim(where), ...source];
}

/** A line of the text, and below it a caret at the column. */
function sourceLines(text: string, line: number | undefined, column: number | undefined): string[] {
  if (line === undefined || column === undefined) return [];
  const source = lineOf(text, line);
  if (source === undefined) return [];
  const at = Math.min(column, source.length + 1) - 1;
  const start = Math.max(0, Math.min(at - SHOWN / 2, source.length - SHOWN));
  // One character each, so that the caret stays below its place; none of them may steer the terminal.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be replaced.
  const shown = source.slice(start, start + SHOWN).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, " ");
  const margin = `  ${line} | `;
  return [`${pc.dim(margin)}${shown.trimEnd()}`, `${" ".repeat(margin.length + at - start)}${pc.red("^")}`];
}

/** A line by its number, without looking at what follows: the text may be long. */
function lineOf(text: string, number: number): string | undefined {
  let start = 0;
  for (let line = 1; line < number; line++) {
    start = text.indexOf("\n", start) + 1;
    if (start === 0) return undefined;
  }
  const end = text.indexOf("\n", start);
  return text.slice(start, end === -1 ? undefined : end).replace(/\r$/, "");
}

function byPlace(one: FlowProblem, other: FlowProblem): number {
  const last = Number.MAX_SAFE_INTEGER;
  return (one.line ?? last) - (other.line ?? last) || (one.column ?? last) - (other.column ?? last);
}
