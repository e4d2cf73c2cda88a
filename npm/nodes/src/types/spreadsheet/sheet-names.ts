/** Names that sheets of a workbook may have. */
import { NodeError } from "../../contract/error.js";

/** What Excel takes, in units of UTF-16. */
const LONGEST_NAME = 31;

/** @throws NodeError INVALID_PARAMETERS for a name that Excel does not take, and for two that differ in case alone */
export function checkSheetNames(names: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const problem = problemOf(name);
    if (problem !== undefined) refused(`${JSON.stringify(name)} cannot be the name of a sheet: ${problem}`);
    const before = seen.get(name.toLowerCase());
    if (before !== undefined)
      refused(`The names of sheets "${before}" and "${name}" differ in case alone, which Excel takes for one`);
    seen.set(name.toLowerCase(), name);
  }
}

function problemOf(name: string): string | undefined {
  if (name.trim() === "") return "it is empty";
  if (name.length > LONGEST_NAME) return `it has ${name.length} characters, and ${LONGEST_NAME} are the most`;
  const [strange] = /[[\]:*?/\\]/.exec(name) ?? [];
  if (strange !== undefined) return `it has ${strange}, and none of [ ] : * ? / \\ may be in it`;
  if (name.startsWith("'") || name.endsWith("'")) return "it begins or ends with an apostrophe";
  return name.toLowerCase() === "history" ? "Excel keeps it for itself" : undefined;
}

function refused(message: string): never {
  throw new NodeError("INVALID_PARAMETERS", message);
}
