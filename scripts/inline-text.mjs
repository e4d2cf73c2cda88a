// A plugin for Rolldown (tsdown) and Vite (vitest) that puts a file into a module as text.
//
//   import host from "./host.py?text";
//
// TypeScript is told with `declare module "*?text" { const text: string; export default text; }`.
import { readFile } from "node:fs/promises";

import { inlined } from "./inlined.mjs";

/** Gives modules imported as `<path>?text` the text of the file as their default export. */
export function inlineText() {
  return inlined("text", async (file) => ({ text: await readFile(file, "utf8"), files: [file] }));
}
