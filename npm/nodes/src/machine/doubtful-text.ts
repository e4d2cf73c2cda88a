/** What rows of CSV text have that its author hardly meant, as the addon tells once it has read them. */
import type { TextDoubts } from "@atomiton/conductor-native";

type Warn = (rule: string, message: string) => void;

/** Of all rows, those that may lack cells by mistake: programs that leave out empty cells at the end do so in many rows. */
const FEW_SHORT = 0.1;
const ALWAYS_FEW = 3;

/** Warns of a quote that is never closed, and of a few rows that lack cells at their end, which are read as empty ones. */
export function warnOfText(
  { shortRows, firstShortRow, unclosed }: TextDoubts,
  columns: number,
  rowCount: number,
  warn: Warn,
): void {
  if (unclosed !== undefined) {
    const { column, begin, breaks } = unclosed;
    const cell = column === undefined ? "of a header" : `of \`${column}\` in the last row`;
    warn(
      "unclosed-quote",
      `A quote is opened and never closed: the cell ${cell} has the rest of the text, ${breaks} line ${breaks === 1 ? "break" : "breaks"} of it. It begins with ${JSON.stringify(begin)}; close the quote, or write it twice where it belongs to the cell`,
    );
  }
  if (shortRows === 0 || shortRows > Math.max(ALWAYS_FEW, rowCount * FEW_SHORT)) return;
  const rows =
    shortRows === 1 ? `Row ${firstShortRow} has` : `${shortRows} rows, the first of them row ${firstShortRow}, have`;
  warn(
    "short-rows",
    `${rows} fewer cells than the ${columns} columns, and what is missing is read as empty. Look whether the file was cut short, or a cell left out`,
  );
}
