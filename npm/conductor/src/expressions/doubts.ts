/** Operators that were given numbers written as text, as the cells of a CSV file are: what they give is hardly what was meant. */

/** What is doubtful of an expression: the kind, and what it does, to be put behind its source. */
export interface Doubt {
  rule: "text-added" | "compared-as-text" | "types-differ";
  message: string;
}

/** Operators that may be in doubt. */
export const DOUBTFUL: ReadonlySet<string> = new Set(["+", "<", ">", "<=", ">=", "===", "!=="]);

/** Characters of a number. */
const LONGEST = 64;
const ADVICE = "Write `Number(…)` around text that is a number, or read the file with `types: auto`";

/**
 * What is doubtful of an operator, its two values and what it gave.
 *
 * @param apply the operator
 */
export function doubtOf(
  operator: string,
  apply: (left: unknown, right: unknown) => unknown,
  [left, right, given]: readonly [left: unknown, right: unknown, given: unknown],
): Doubt | undefined {
  if (typeof left !== "string" && typeof right !== "string") return undefined;
  const differInType = typeof left !== typeof right;
  if (!differInType && (operator === "===" || operator === "!==")) return undefined;
  const [one, other] = [numberIn(left), numberIn(right)];
  if (one === undefined || other === undefined) return undefined;
  const values = `${shown(left)} and ${shown(right)}`;
  switch (operator) {
    case "+":
      return {
        rule: "text-added",
        message: `joins ${values} as texts, and does not add them. ${ADVICE}; where they are to be joined, \`a + "" + b\``,
      };
    case "===":
    case "!==":
      if (one !== other) return undefined;
      return {
        rule: "types-differ",
        message: `compares ${values}, a number and text, which are never the same. ${ADVICE}`,
      };
    default:
      // Text and a number are compared as numbers.
      if (differInType || apply(one, other) === given) return undefined;
      return {
        rule: "compared-as-text",
        message: `compares ${values} as texts; as numbers they are in another order. ${ADVICE}`,
      };
  }
}

/** The number that a value is, or that its text spells. Text with a zero ahead is a code, such as that of a place. */
function numberIn(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.length > LONGEST || value.trim() === "" || /^\s*[+-]?0\d/.test(value))
    return undefined;
  const number = /^[\s\d.eE+-]+$/.test(value) ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}

function shown(value: unknown): string {
  return typeof value === "string" && value.length > 40
    ? `${JSON.stringify(value.slice(0, 40))}…`
    : JSON.stringify(value);
}
