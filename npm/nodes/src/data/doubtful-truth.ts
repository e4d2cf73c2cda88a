/** Answers of conditions that are neither true nor false, and count as true although their author hardly meant that. */
import { LONGEST_CODE, withoutTexts } from "./code-text.js";
import type { Doubt } from "./doubtful-conditions.js";

/** Text that says no, and counts as true as all text does. */
const NO = /^\s*(?:false|no|off)\s*$/i;
/** A name with members, which needs no parentheses in a comparison. */
const PATH = /^[\p{ID_Continue}$.?[\]]+$/u;
/** Characters of code that messages show. */
const MOST_SHOWN = 60;
/** Code that is one text in quotes. */
const TEXT = /^\s*(?:"[^"\\]*"|'[^'\\]*')\s*;?\s*$/;
/** A name or a member at the beginning of the code that something is assigned to. */
const ASSIGNMENT = /^\s*[\p{ID_Start}$_][\p{ID_Continue}$.?[\]"]*\s*=(?![=>])/u;

/**
 * What an answer of a condition probably does not mean.
 *
 * @param code the expression of the condition
 * @param parameter that holds it
 */
export function doubtsOfTruth(answer: unknown, code: string, parameter: string): Doubt[] {
  const why = typeof answer === "boolean" || code.length > LONGEST_CODE ? undefined : reason(answer, code);
  return why === undefined ? [] : [{ rule: "not-a-truth-value", message: `\`${parameter}\` ${why}` }];
}

function reason(answer: unknown, code: string): string | undefined {
  if (ASSIGNMENT.test(withoutTexts(code))) {
    return "assigns with `=`, so that its answer is what it assigned; compare with `===`";
  }
  if (!answer) return undefined;
  if (TEXT.test(code)) return "is text in quotes, which counts as true; take the quotes away";
  if (typeof answer === "string" && NO.test(answer)) {
    const asked = code.trim().replace(/;$/, "");
    const left = PATH.test(asked) ? asked : asked.length > MOST_SHOWN ? "(…)" : `(${asked})`;
    return `gave the text ${JSON.stringify(answer)}, which counts as true, as all text does; compare it, as in \`${left} !== ${JSON.stringify(answer)}\``;
  }
  return undefined;
}
