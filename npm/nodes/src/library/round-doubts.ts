/** What is doubtful of conditions about the rounds of a loop, once there are no more of them. */
import { doubtsOfCode } from "../data/doubtful-code.js";
import type { Doubt } from "../data/doubtful-conditions.js";
import { isPlainObject, unwrap } from "../data/input.js";
import { listOrSelf, tableBehind } from "../table/table-output.js";

/**
 * Fields that a condition reads of what rounds gave, and none of these rounds gave.
 *
 * @param name what the condition calls what a round gave
 */
export function doubtsOfRounds(code: string, name: string, results: readonly unknown[], parameter: string): Doubt[] {
  const values = results
    .map(unwrap)
    .filter((value) => value !== undefined && tableBehind(value) === undefined)
    .map(listOrSelf);
  const doubts = doubtsOfCode(code, name, values, parameter);
  if (doubts.length > 0 || values.length === 0) return doubts;
  const isWrapped = new RegExp(`(?<![.\\p{ID_Continue}$])${name}\\.result(?![\\p{ID_Continue}$])`, "u").test(code);
  if (!isWrapped || values.some((value) => isPlainObject(value) && "result" in value)) return [];
  const fields = values.every(isPlainObject) ? Object.keys(values[0] as object) : [];
  const meant = fields.length > 0 ? `${name}.${fields[0]}` : name;
  const message = `\`${name}.result\` in \`${parameter}\` is not there: \`${name}\` is what the last node gave, without the \`{ result }\` around it. Write \`${meant}\``;
  return [{ rule: "missing-field", message }];
}

/** The end of a message about a condition that reads a field of a value that is not there. */
export function undefinedAdvice(message: string, code: string, values: Readonly<Record<string, unknown>>): string {
  const field = /cannot read property '([^']+)' of (?:undefined|null)/.exec(message)?.[1];
  if (field === undefined) return "";
  const isRead = (name: string) => new RegExp(`(?<![.\\p{ID_Continue}$])${name}\\s*\\.`, "u").test(code);
  const name = Object.keys(values).find((each) => (values[each] ?? undefined) === undefined && isRead(each));
  if (name === undefined) return "";
  return `. \`${name}\` is undefined before the first round, and after a round that failed or gave nothing: write \`${name}?.${field}\``;
}
