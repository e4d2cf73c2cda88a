/** User code as text that is looked through for what its author probably did not mean. */

/** Characters of code that are looked at. What is not closed makes a look take longer than the code is long. */
export const LONGEST_CODE = 16_384;

/** The pattern of a name in JavaScript, for expressions with the flag `u`. */
export const NAME = "[\\p{ID_Start}$_][\\p{ID_Continue}$]*";

const TEXT_OR_COMMENT = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|\/\/.*|\/\*[\s\S]*?\*\//g;

/** Code whose texts and comments are empty texts. */
export function withoutTexts(code: string): string {
  return code.replace(TEXT_OR_COMMENT, '""');
}
