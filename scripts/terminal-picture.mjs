/** What a program wrote to a terminal, as a picture: SVG with text that can be read, searched and selected. */

const CELL = { width: 8.4, height: 19 };
const MARGIN = 16;
const PAGE = "#151a23";
/** Colours by the number of the escape sequence that asks for them. */
const COLOURS = {
  31: "#ff8f87",
  32: "#6fd09d",
  33: "#f0bd6a",
  34: "#8ea6ff",
  35: "#d79bf0",
  36: "#6cc9d8",
  90: "#8993a4",
};
const PLAIN = { colour: "#e6e9ee", bold: false, dim: false };

/**
 * Draws what a terminal shows after this was written to it: as much of one as redrawing in place, colours, bold and dim need.
 *
 * @param {string} output
 * @returns {string} an SVG document
 */
export function terminalPicture(output) {
  const lines = screenOf(output);
  const columns = Math.max(...lines.map((runs) => runs.reduce((sum, { text }) => sum + [...text].length, 0)));
  const width = Math.ceil(columns * CELL.width + 2 * MARGIN);
  const height = lines.length * CELL.height + 2 * MARGIN;
  const rows = lines.map((runs, index) => {
    const y = MARGIN + (index + 0.75) * CELL.height;
    let column = 0;
    const spans = runs.flatMap(({ text, style }) => {
      const from = column;
      column += [...text].length;
      // Pictures may put several blanks together: what stands between them has a place of its own.
      return [...text.matchAll(/\S+(?: \S+)*/gu)].map((match) => {
        const x = (MARGIN + (from + [...text.slice(0, match.index)].length) * CELL.width).toFixed(1);
        // Whatever the font: the columns stay below each other.
        const fixed = `textLength="${([...match[0]].length * CELL.width).toFixed(1)}" lengthAdjust="spacingAndGlyphs"`;
        return `<tspan x="${x}" ${fixed}${attributesOf(style)}>${escaped(match[0])}</tspan>`;
      });
    });
    return `<text y="${y.toFixed(1)}">${spans.join("")}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A terminal">`,
    `<rect width="100%" height="100%" rx="8" fill="${PAGE}"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" fill="${PLAIN.colour}">`,
    ...rows.filter((row) => row.includes("tspan")),
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

/** The lines that stand on the screen in the end, each in pieces of one style. */
function screenOf(output) {
  const lines = [[]];
  let [row, column, style] = [0, 0, PLAIN];
  const line = () => {
    while (lines.length <= row) lines.push([]);
    return lines[row];
  };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is how escape sequences begin
  for (const [part, values, command] of output.matchAll(/\x1b\[([\d;?]*)([A-Za-z])|./gsu)) {
    const distance = Number(values || 1);
    if (command === "m") for (const code of values.split(";")) style = styled(style, Number(code));
    else if (command === "A") row = Math.max(0, row - distance);
    else if (command === "B") row += distance;
    else if (command === "G") column = distance - 1;
    else if (command === "K") line().splice(values === "2" ? 0 : column);
    else if (command === "J") lines.splice(row + 1);
    else if (command !== undefined) continue;
    else if (part === "\n") [row, column] = [row + 1, 0];
    else if (part === "\r") column = 0;
    else {
      const cells = line();
      while (cells.length < column) cells.push({ text: " ", style: PLAIN });
      cells[column++] = { text: part, style };
    }
  }
  return lines.map(runsOf);
}

/** Neighbours of one style in one piece. */
function runsOf(cells) {
  const runs = [];
  for (const { text, style } of cells) {
    const last = runs.at(-1);
    if (last !== undefined && JSON.stringify(last.style) === JSON.stringify(style)) last.text += text;
    else runs.push({ text, style });
  }
  return runs;
}

function styled(style, code) {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 39) return { ...style, colour: PLAIN.colour };
  return code in COLOURS ? { ...style, colour: COLOURS[code] } : style;
}

function attributesOf({ colour, bold, dim }) {
  return [colour !== PLAIN.colour && ` fill="${colour}"`, bold && ' font-weight="bold"', dim && ' opacity="0.65"']
    .filter(Boolean)
    .join("");
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
