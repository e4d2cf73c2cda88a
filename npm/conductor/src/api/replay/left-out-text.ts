/** What people are told of a file of which something was left out. */
import type { LeftOutOfExport } from "../../types/export.js";

/** Such as `All values were left out`. */
export function leftOutText({ values, redact = [] }: LeftOutOfExport): string {
  if (values) return "All values were left out";
  const paths = redact.map((path) => `\`${path}\``).join(", ");
  return `${paths} ${redact.length === 1 ? "was" : "were"} left out`;
}
