/** The picture of a terminal shows what stands there in the end, in its colours. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { terminalPicture } from "../../scripts/terminal-picture.mjs";

/** The pieces of text of a picture, line by line, with their attributes. */
function pieces(output) {
  return [...terminalPicture(output).matchAll(/<text [^>]*>(.*?)<\/text>/gs)].map(([, line]) =>
    [
      ...line.matchAll(
        /<tspan x="([\d.]+)" textLength="[\d.]+" lengthAdjust="spacingAndGlyphs"([^>]*)>(.*?)<\/tspan>/g,
      ),
    ].map(([, x, attributes, text]) => ({ x: Number(x), attributes: attributes.trim(), text })),
  );
}

test("what is drawn over is gone", () => {
  const output = "first\r\n50 %\r\n\x1b[2K\x1b[1A\x1b[2K\x1b[G100 %\r\nlast";
  assert.deepEqual(
    pieces(output).map(([{ text }]) => text),
    ["first", "100 %", "last"],
  );
});

test("colours, bold and dim begin and end where they are asked for", () => {
  const [line] = pieces("a\x1b[31mb\x1b[1mc\x1b[22m\x1b[39m\x1b[2md\x1b[0me");
  assert.deepEqual(
    line.map(({ attributes, text }) => [text, attributes]),
    [
      ["a", ""],
      ["b", 'fill="#ff8f87"'],
      ["c", 'fill="#ff8f87" font-weight="bold"'],
      ["d", 'opacity="0.65"'],
      ["e", ""],
    ],
  );
});

test("text is text, whatever is in it, and keeps its column", () => {
  const [[name, value]] = pieces("<b>&\x1b[32m ✓");
  assert.deepEqual([name.text, value.text], ["&lt;b&gt;&amp;", "✓"]);
  assert.equal(value.x - name.x, 5 * 8.4);
  const [columns] = pieces("a  b     c");
  assert.deepEqual(
    columns.map(({ x, text }) => [text, Math.round((x - 16) / 8.4)]),
    [
      ["a", 0],
      ["b", 3],
      ["c", 9],
    ],
  );
});
