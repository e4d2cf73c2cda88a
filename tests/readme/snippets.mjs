/** The code blocks of a Markdown text, as a reader would use them. */

/**
 * A block of code. `language` and `file` are the words after the fence.
 *
 * @typedef {{ language: string, file: string | undefined, text: string, line: number }} Block
 */

/**
 * All fenced blocks that say what language they are in, in order.
 *
 * @param {string} markdown
 * @returns {Block[]}
 */
export function blocksOf(markdown) {
  const blocks = [];
  for (const match of markdown.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)) {
    const [, language, file, text] = match;
    blocks.push({ language, file, text, line: markdown.slice(0, match.index).split("\n").length });
  }
  return blocks;
}

/** Whether an output is the expected one, in which `…` stands for anything within a line. */
export function isAsPrinted(output, expected) {
  const escaped = expected.trimEnd().replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("…", ".*")}$`).test(output.trimEnd());
}
