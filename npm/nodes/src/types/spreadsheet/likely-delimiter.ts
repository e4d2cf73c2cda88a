/** Delimiters that were probably meant where all cells of a row are in one. */
import { open } from "node:fs/promises";
import { foundText } from "../../contract/issues.js";
import { DELIMITERS } from "../../data/delimiters.js";

/** Bytes in which the first line of a table is looked for. */
const FIRST_LINE = 64 * 1024;

/**
 * A sentence, where the only cell of the first row holds what other files separate their cells by, and so does the cell of
 * the second one, if there is one.
 */
export function delimiterDoubt(first: string, second: string | undefined, delimiter: string): string | undefined {
  const counts = DELIMITERS.map((each) => (each === delimiter ? 0 : first.split(each).length - 1));
  const most = Math.max(...counts);
  const likely = DELIMITERS[counts.indexOf(most)] as string;
  if (most === 0 || (second !== undefined && !second.includes(likely))) return undefined;
  return `all is in one column, ${foundText(first)}: cells were taken to be separated by ${foundText(delimiter)}, and are probably by ${foundText(likely)}. Set \`delimiter: ${JSON.stringify(likely)}\``;
}

/** The line of a file, or of what stands in for one, where its table begins: the first with something on it, from `firstRow` on. */
export async function firstLine(path: string | undefined, data: string | Uint8Array, firstRow = 1): Promise<string> {
  const lines = (await firstLines(path, data)).slice(firstRow - 1);
  return lines.find((line) => line.trim() !== "") ?? "";
}

/**
 * The line, from 1, of a row that a message names, which counts no empty lines from `firstRow` on; `undefined` where it is not in the
 * first lines.
 */
export async function lineOfRow(
  path: string | undefined,
  data: string | Uint8Array,
  firstRow: number,
  row: number,
): Promise<number | undefined> {
  let rows = firstRow - 1;
  for (const [at, line] of (await firstLines(path, data)).entries()) {
    if (at + 1 >= firstRow && line !== "" && ++rows === row) return at + 1;
  }
  return undefined;
}

async function firstLines(path: string | undefined, data: string | Uint8Array): Promise<string[]> {
  const start = path === undefined ? data.slice(0, FIRST_LINE) : await startOf(path);
  const text = typeof start === "string" ? start : new TextDecoder().decode(start);
  return text.split(/\r?\n|\r/);
}

async function startOf(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(FIRST_LINE) });
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
