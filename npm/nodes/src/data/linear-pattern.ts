/** Regular expressions whose time grows with the length of the text alone: no text makes them try without end. */
import { messageOf, NodeError } from "../contract/error.js";
import { patternProblem } from "./pattern-problem.js";

/** Steps that a pattern may compile to. */
const MOST_STEPS = 2000;
/** Characters of text that are searched; of longer text a search is refused. */
const LONGEST_SEARCHED = 100_000;
/** Characters of text times steps of the pattern: what takes a second or two at worst. */
const MOST_WORK = 50_000_000;

/** A pattern that tells whether text has a match anywhere. */
export interface LinearPattern {
  /** @throws NodeError EXECUTION_FAILED for text that is too long, by itself or for this pattern */
  isIn(text: string): boolean;
}

/**
 * A pattern in the syntax of JavaScript, without back-references and without looking ahead or behind. Its engine is loaded when
 * it is first asked for.
 *
 * @throws NodeError INVALID_PARAMETERS for a pattern that cannot be read
 */
export async function linearPattern(source: string, ignoreCase = false): Promise<LinearPattern> {
  const problem = patternProblem(source);
  if (problem !== undefined) throw new NodeError("INVALID_PARAMETERS", problem);
  const { RE2JS } = await import("re2js");
  const flags = ignoreCase ? RE2JS.CASE_INSENSITIVE : 0;
  const compiled = (() => {
    try {
      return RE2JS.compile(RE2JS.translateRegExp(source), flags);
    } catch (error) {
      throw new NodeError("INVALID_PARAMETERS", `The pattern \`${source}\` cannot be read: ${messageOf(error)}`, {
        cause: error,
      });
    }
  })();
  const steps = compiled.programSize();
  if (steps > MOST_STEPS) throw new NodeError("INVALID_PARAMETERS", `The pattern \`${source}\` is too large`);
  return {
    isIn(text) {
      const most = Math.min(LONGEST_SEARCHED, Math.floor(MOST_WORK / steps));
      if (text.length <= most) return compiled.test(text);
      const words = `This pattern can be looked for in ${most} characters, and here are ${text.length}`;
      throw new NodeError("EXECUTION_FAILED", `${words}; shorten the text first, with \`transform\``, { retry: false });
    },
  };
}
