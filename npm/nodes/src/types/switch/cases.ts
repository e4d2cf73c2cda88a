/** The cases of a switch, and which of them a value fits. */
import { NodeError } from "../../contract/error.js";
import { textOf } from "../../data/field.js";
import { type LinearPattern, linearPattern } from "../../data/linear-pattern.js";
import { type Condition, predicateOf } from "../../data/where.js";
import { problemOfCase } from "./definition.js";

/** A case as a flow has it. */
export interface Case {
  handle: string;
  equals?: unknown;
  in?: unknown[];
  matches?: string;
  ignoreCase?: boolean;
  gt?: number | string;
  gte?: number | string;
  lt?: number | string;
  lte?: number | string;
  where?: Condition[];
}

const ORDERS = ["gt", "gte", "lt", "lte"] as const;

/** A case that can be asked. */
export interface Way {
  handle: string;
  /** What it asks of the value, as conditions on a field that bears the name of what is compared. */
  asked: Condition[];
  /** What it asks of fields of the data. */
  where: Condition[];
  fits(value: unknown, item: unknown): boolean;
}

/**
 * The cases in their order.
 *
 * @param subject what is compared, in the words of the flow: the name of a field, `value` or `data`
 * @throws NodeError INVALID_PARAMETERS naming the case
 */
export async function waysOf(cases: readonly Case[], subject: string): Promise<Way[]> {
  if (cases.length === 0) throw new NodeError("INVALID_PARAMETERS", "`cases` is empty; give it one case at least");
  const ways = cases.map(async (each, index): Promise<Way> => {
    const problem = problemOfCase(each as unknown as Record<string, unknown>);
    if (problem !== undefined) throw new NodeError("INVALID_PARAMETERS", `\`cases[${index}]\`: ${problem.message}`);
    const asked = conditionsOf(each, subject);
    const { handle, where = [], matches, ignoreCase } = each;
    // Under a name of one's own: that of a field may have dots.
    const holds = predicateOf({ where: asked.map((condition) => ({ ...condition, field: "value" })), match: "all" });
    const isSo = predicateOf({ where, match: "all" });
    const pattern = matches === undefined ? undefined : await linearPattern(matches, ignoreCase);
    const fits = (value: unknown, item: unknown) =>
      holds({ value }) && isSo(item) && (pattern === undefined || hasMatch(pattern, value));
    return { handle, asked, where, fits };
  });
  return Promise.all(ways);
}

function conditionsOf(each: Case, field: string): Condition[] {
  const asked: Condition[] = [];
  if (each.equals !== undefined) asked.push({ field, operator: "eq", value: each.equals });
  if (each.in !== undefined) asked.push({ field, operator: "in", value: each.in });
  for (const operator of ORDERS) {
    if (each[operator] !== undefined) asked.push({ field, operator, value: each[operator] });
  }
  return asked;
}

/** Text, numbers and the like; what is not there, lists and objects match no pattern. */
function hasMatch(pattern: LinearPattern, value: unknown): boolean {
  if (value === undefined || value === null) return false;
  return (typeof value !== "object" || value instanceof Date) && pattern.isIn(textOf(value));
}
