/** What user code answered that cannot have been meant: nothing at all, or the text of an object. */
import { foundText } from "../contract/issues.js";
import type { Doubt } from "./doubtful-conditions.js";

const BLOCK = /=>\s*\{|^\s*(?:async\s+)?function\b/;
const VALUED_RETURN = /\breturn\b[^\S\n]*[^\s;}]/;

/** What is doubtful of a function that answered `undefined` each time it was called. */
export function doubtsOfNothing(code: string, count: number): Doubt[] {
  // Optional fields may be missing from all items, and branches may fit none.
  if (count === 0 || !BLOCK.test(code) || VALUED_RETURN.test(code)) return [];
  const message = `\`transformFunction\` gave nothing for any item: what stands in \`{ }\` needs \`return\` before the value. Write \`x => value\` without them, and \`x => ({ … })\` for an object`;
  return [{ rule: "empty-result", message }];
}

/** What is doubtful of the last accumulator where there was no first one. */
export function doubtsOfFirst(last: unknown): Doubt[] {
  if (typeof last !== "string" || !last.startsWith(String({}))) return [];
  const message = `Without \`reduceInitial\` the first item was the first accumulator, an object, and \`+\` made text of it: ${foundText(last)}. Give \`reduceInitial\`, such as 0`;
  return [{ rule: "no-initial", message }];
}
