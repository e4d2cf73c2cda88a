/** What separates cells in files of text, the usual first. */
export const DELIMITERS: readonly string[] = [",", ";", "\t", "|"];
