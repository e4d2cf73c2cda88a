/** Lists of records as tables. */
import { closeNames, namesText } from "../../contract/close-names.js";
import { NodeError } from "../../contract/error.js";
import { fieldOf, isEmpty, numberOf, textOf } from "../../data/field.js";
import { isPlainObject } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import { listIn } from "../../table/list-in.js";
import { tableBehind } from "../../table/table-output.js";

const MOST_CELLS = 1_000_000;
/** Names that are told. */
const MOST_NAMES = 12;

/** How a table is written. */
export interface TableStyle {
  /** Whether it is HTML rather than Markdown. */
  html: boolean;
  /** A value in a cell. */
  cell(value: unknown): string;
}

/** A table in Markdown itself, where nothing is rendered later. */
export const plainTable: TableStyle = {
  html: false,
  cell: (value) => textOf(value).replace(/\s+/g, " ").trim().replace(/[\\|]/g, "\\$&"),
};

/**
 * The tables of a template by the names of their lists.
 *
 * @param views what the template sees, the last first
 * @throws NodeError INVALID_PARAMETERS (no such list, or too large), TYPE_MISMATCH (no list of records)
 */
export function tablesOf(
  names: readonly string[],
  views: readonly unknown[],
  style: TableStyle,
  warn: (rule: string, message: string) => void,
): Record<string, string> {
  let cells = 0;
  const tables = names.map((name): [string, string] => {
    const records = recordsOf(name, views);
    const fields = new Set<string>();
    for (const record of records) for (const field of Object.keys(record)) fields.add(field);
    if (fields.size === 0) {
      warn("empty-table", `The table \`${name}\` is empty: its list has no records with fields`);
      return [name, ""];
    }
    cells += fields.size * (records.length + 1);
    if (cells > MOST_CELLS) {
      const found = `${records.length} records of ${fields.size} fields`;
      throw new NodeError(
        "INVALID_PARAMETERS",
        `The table \`${name}\` has ${found}, and ${MOST_CELLS} cells can be written; limit the list first`,
      );
    }
    return [name, style.html ? htmlTable(records, [...fields], style) : markdownTable(records, [...fields], style)];
  });
  return Object.fromEntries(tables);
}

function recordsOf(name: string, views: readonly unknown[]): Record<string, unknown>[] {
  let found: unknown;
  for (let at = views.length - 1; at >= 0 && found === undefined; at--) found = fieldOf(views[at], name);
  if (found === undefined) {
    const known = views.flatMap((view) =>
      isPlainObject(view) && !tableBehind(view) ? Object.keys(view).slice(0, 1000) : [],
    );
    const close = closeNames(name, new Set(known));
    const shown = [...new Set(known)].slice(0, MOST_NAMES).map((each) => `\`${each}\``);
    const hint = close.length > 0 ? `Did you mean ${namesText(close)}?` : `There are ${shown.join(", ")}`;
    throw new NodeError("INVALID_PARAMETERS", `There is no \`${name}\`, which \`tables\` names. ${hint}`);
  }
  const list = listIn(found);
  if (list === undefined) throw notRecords(name, kindOf(found));
  const other = list.findIndex((record) => !isPlainObject(record));
  if (other >= 0) throw notRecords(name, `a list whose item ${other} is ${kindOf(list[other])}`);
  return list as Record<string, unknown>[];
}

function notRecords(name: string, found: string): NodeError {
  return new NodeError("TYPE_MISMATCH", `A table is made of a list of records, but \`${name}\` is ${found}`);
}

/** Whether all that is in a column are numbers, which then stand below each other at their ends. */
function isNumeric(records: readonly Record<string, unknown>[], field: string): boolean {
  let some = false;
  for (const record of records) {
    const value = Object.hasOwn(record, field) ? record[field] : undefined;
    if (isEmpty(value)) continue;
    if (numberOf(value) === undefined) return false;
    some = true;
  }
  return some;
}

function cellsOf(record: Record<string, unknown>, fields: readonly string[], { cell }: TableStyle): string[] {
  return fields.map((field) => {
    const value = Object.hasOwn(record, field) ? record[field] : undefined;
    return isEmpty(value) ? "" : cell(value);
  });
}

function markdownTable(records: Record<string, unknown>[], fields: string[], style: TableStyle): string {
  const rows = [
    fields.map((field) => style.cell(field)),
    fields.map((field) => (isNumeric(records, field) ? "---:" : "---")),
    ...records.map((record) => cellsOf(record, fields, style)),
  ];
  return rows.map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function htmlTable(records: Record<string, unknown>[], fields: string[], style: TableStyle): string {
  const aligned = fields.map((field) => (isNumeric(records, field) ? ' align="right"' : ""));
  const row = (tag: string, cells: string[]) =>
    `<tr>${cells.map((cell, at) => `<${tag}${aligned[at]}>${cell}</${tag}>`).join("")}</tr>`;
  const head = row(
    "th",
    fields.map((field) => style.cell(field)),
  );
  const body = records.map((record) => row("td", cellsOf(record, fields, style)));
  return `<table>\n<thead>\n${head}\n</thead>\n<tbody>\n${body.join("\n")}\n</tbody>\n</table>`;
}
