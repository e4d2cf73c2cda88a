/** What a terminal shows after it was written to: as much of one as redrawing in place needs. */

/** The lines that stand there in the end, without blanks at their ends. Colours are passed over. */
export function screenOf(output: string): string[] {
  const lines: string[][] = [[]];
  let [row, column] = [0, 0];
  const line = () => {
    while (lines.length <= row) lines.push([]);
    return lines[row] as string[];
  };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be understood.
  for (const [part, count, command] of output.matchAll(/\u001b\[\??([\d;]*)([A-Za-z])|./gsu)) {
    const distance = Number(count || 1);
    if (command === "A") row = Math.max(0, row - distance);
    else if (command === "B") row += distance;
    else if (command === "G") column = distance - 1;
    else if (command === "K") line().splice(count === "2" ? 0 : column);
    else if (command !== undefined) continue;
    else if (part === "\n") row++;
    else if (part === "\r") column = 0;
    else {
      const cells = line();
      while (cells.length < column) cells.push(" ");
      cells[column++] = part;
    }
  }
  return lines.map((cells) =>
    Array.from(cells, (cell) => cell ?? " ")
      .join("")
      .trimEnd(),
  );
}
