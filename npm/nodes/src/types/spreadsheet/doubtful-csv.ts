/** What CSV text says that its author hardly meant. */
import type { CsvLayout } from "@atomiton/conductor-native";
import { foundText } from "../../contract/issues.js";
import { cancellable } from "../../table/addon.js";
import { firstLine } from "./likely-delimiter.js";

type Warn = (rule: string, message: string) => void;

/** CSV text: a file, or what stands in for one. */
export interface CsvText {
  path: string | undefined;
  data: string | Uint8Array;
}

/** Warns of columns of one name, of which all but the first are read under other names. */
export async function warnOfDuplicateHeaders(
  headers: readonly string[],
  { path, data }: CsvText,
  layout: CsvLayout,
  warn: Warn,
): Promise<void> {
  const known = new Set(headers);
  // Names that are met again get numbers; a file may also have such names.
  if (!layout.hasHeaders || !headers.some((name) => known.has(/^(.*)_\d+$/s.exec(name)?.[1] ?? ""))) return;
  const line = await firstLine(path, data, layout.firstRow);
  const table = await cancellable(undefined, (addon, cancel) =>
    addon.parseTable(line, { ...layout, hasHeaders: false, firstRow: 1 }, cancel),
  ).catch(() => undefined);
  if (table === undefined || table.rowCount === 0) return;
  const [row = {}] = JSON.parse(table.recordsText(0, 1).text) as Record<string, string>[];
  const seen = new Set<string>();
  const again = new Set<string>();
  for (const name of Object.values(row)) (seen.has(name) ? again : seen).add(name);
  if (again.size === 0) return;
  const renamed = headers.filter((name) => !seen.has(name));
  warn(
    "duplicate-headers",
    `Several columns are called ${listed([...again])}; those after the first are read as ${listed(renamed)}`,
  );
}

/** Warns where all columns but the first are without a name, so that a title was probably taken for the names. */
export function warnOfTitle(headers: readonly string[], hasHeaders: boolean, warn: Warn): void {
  const [title = "", ...others] = headers;
  // `column1` is what a first cell without text is called, and what a table without headers has.
  if (
    !hasHeaders ||
    others.length < 2 ||
    title === "column1" ||
    !others.every((name, at) => name === `column${at + 2}`)
  )
    return;
  warn(
    "unnamed-columns",
    `The row of the headers names no column but the first, ${foundText(title)}. If it is a title above the table, say with \`firstRow\` in which row the headers are`,
  );
}

function listed(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}
