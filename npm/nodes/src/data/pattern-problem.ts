/** What can be said of a regular expression without the engine that looks for it. */
import { messageOf } from "../contract/error.js";

/** Characters of a pattern. */
const LONGEST_PATTERN = 1000;

/** What a pattern in linear time cannot have. A class may hold the same characters. */
const NOT_LINEAR: readonly [RegExp, string][] = [
  [/^(?:[^\\[]|\\[^1-9k]|\[(?:[^\\\]]|\\.)*\])*\\(?:[1-9]|k<)/s, "refers back to a group"],
  [/^(?:[^\\[]|\\.|\[(?:[^\\\]]|\\.)*\])*?\(\?<?[=!]/s, "looks ahead or behind"],
];

/** Why a pattern in the syntax of JavaScript cannot be used; `undefined` where it can. */
export function patternProblem(source: string): string | undefined {
  if (source.length > LONGEST_PATTERN) return `The pattern has more than ${LONGEST_PATTERN} characters`;
  try {
    new RegExp(source);
  } catch (error) {
    return `The pattern \`${source}\` cannot be read: ${messageOf(error)}`;
  }
  const what = NOT_LINEAR.find(([found]) => found.test(source))?.[1];
  return (
    what && `The pattern \`${source}\` ${what}, which takes time without bound; use \`transform\` or \`code\` for it`
  );
}
