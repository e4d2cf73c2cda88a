/** The output of one node, as text for `--output`. */
import { jsonText } from "./json.js";
import { column, fitted, oneLine } from "./text.js";

/** How `--output` writes. */
export const OUTPUT_FORMATS = ["json", "csv", "table"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** How deep outputs of nodes are looked for inside outputs of nodes. */
const MOST_WRAPPINGS = 8;
const WIDEST_CELL = 40;

/** Any output as text that ends with a line break: all of it as JSON, what is in it as rows in the other formats. */
export function outputText(output: unknown, format: OutputFormat): string {
  if (format === "json") return `${jsonText(output, 2)}\n`;
  const rows = rowsIn(output);
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = rows.map((row) => names.map((name) => cellText(row[name])));
  return format === "csv" ? csv(names, cells) : table(names, cells);
}

/** The rows of an output: of a list each item, of anything else itself. What is no object is a row of one `value`. */
function rowsIn(output: unknown): Record<string, unknown>[] {
  const data = dataIn(output);
  const items: unknown[] = Array.isArray(data) ? data : [data];
  return items.map((item) =>
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? (item as Record<string, unknown>)
      : { value: item },
  );
}

/** What is in an output without what nodes put around their data. */
function dataIn(output: unknown): unknown {
  let data = output;
  for (let depth = 0; depth < MOST_WRAPPINGS; depth++) {
    if (typeof data !== "object" || data === null || Array.isArray(data)) return data;
    const { records, results, result } = data as Record<string, unknown>;
    const inner = [records, results].find(Array.isArray) ?? result;
    if (inner === undefined) return data;
    data = inner;
  }
  return data;
}

function cellText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? jsonText(value) : String(value);
}

/** As RFC 4180 has it, with line feeds between rows. */
function csv(names: string[], rows: string[][]): string {
  const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [names, ...rows].map((row) => `${row.map(cell).join(",")}\n`).join("");
}

function table(names: string[], rows: string[][]): string {
  const shown = [names, ...rows].map((row) => row.map((text) => fitted(oneLine(text), WIDEST_CELL)));
  const widths = names.map((_, index) => Math.max(...shown.map((row) => [...(row[index] ?? "")].length)));
  const line = (row: string[]) =>
    `${row
      .map((text, index) => column(text, widths[index] ?? 0))
      .join("  ")
      .trimEnd()}\n`;
  const [head = [], ...body] = shown;
  return [line(head), line(widths.map((width) => "─".repeat(width))), ...body.map(line)].join("");
}
