/** What is wrong with an expression, and where in the text of its parameter. */

/** Under this key an error names its code. */
const CODE = Symbol.for("@atomiton/error-code");

/** An expression that cannot be compiled, or whose evaluation failed. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
  /** Another attempt finds the same mistake. */
  readonly [CODE] = "INVALID_PARAMETERS";

  /** @param at offset of the culprit in the text of the parameter, from 0 */
  constructor(
    message: string,
    readonly at: number,
  ) {
    super(message);
  }
}

/** Names that are as close to a word as a slip of the finger, the closest one. */
export function closest(word: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.min(2, Math.floor(word.length / 2)) + 1;
  for (const name of names) {
    if (Math.abs(name.length - word.length) >= least) continue;
    const distance = edits(word.toLowerCase(), name.toLowerCase());
    if (distance < least) [best, least] = [name, distance];
  }
  return best;
}

/** ` Did you mean …?`, where there is something to mean. */
export function suggestion(word: string, names: readonly string[]): string {
  const meant = word.length > 64 ? undefined : closest(word, names);
  return meant === undefined ? "" : ` Did you mean \`${meant}\`?`;
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one word to another. */
function edits(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] as number) + Number(from[i - 1] !== to[j - 1]);
      let least = Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, replaced);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        least = Math.min(least, (before[j - 2] as number) + 1);
      }
      next.push(least);
    }
    [before, row] = [row, next];
  }
  return row[to.length] as number;
}
