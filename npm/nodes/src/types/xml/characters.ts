/** What XML 1.0 has no place for, not even as the number of a character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const STRANGE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u;

/** Where the first character stands that XML does not allow, and its name; `undefined` where all are allowed. */
export function strangeCharacter(text: string): { at: number; name: string } | undefined {
  const at = text.search(STRANGE);
  if (at < 0) return undefined;
  return { at, name: `U+${text.charCodeAt(at).toString(16).toUpperCase().padStart(4, "0")}` };
}
