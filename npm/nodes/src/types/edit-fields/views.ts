/** What templates see, and what is said of names that are nowhere in it. */
import { closeNames, namesText } from "../../contract/close-names.js";
import { isPlainObject, itemOfRound, unwrap } from "../../data/input.js";
import type { NodeWork } from "../../library/work.js";
import { tableBehind } from "../../table/table-output.js";
import type { MissingName } from "./template.js";

/** Names that are told where none is like the one that is missing. */
const MOST_NAMES = 12;

/**
 * What a template of a node sees, the last first: the fields of the data, every input by the name of its handle (without
 * what nodes put around their data, then with it), in the first nodes of a loop the fields of the item, `data`, `variables` and
 * `$now`, the time in ISO form.
 */
export function viewsOf(data: unknown, { input, variables }: Pick<NodeWork<unknown>, "input" | "variables">): object[] {
  const item = itemOfRound(input);
  const around = { $now: new Date().toISOString(), data: data ?? item, variables };
  return [around, isFields(item) ? item : {}, ...handleViews(input), isFields(data) ? data : {}];
}

/** Warns of each name that was nowhere, once: of a list of many rows each misses it. */
export function missedNames(
  template: string,
  warn: (rule: string, message: string) => void,
): (missing: MissingName) => void {
  const told = new Set<string>();
  return ({ name, known }) => {
    if (told.has(name)) return;
    told.add(name);
    warn("empty-template-name", emptyNameText(template, name, known()));
  };
}

function emptyNameText(template: string, name: string, known: readonly string[]): string {
  const words = `\`{{${name}}}\` in ${template} was empty`;
  if (known.includes(name)) return `${words}: its value is null`;
  const close = closeNames(name, known);
  if (close.length > 0) return `${words}: there is no such name. Did you mean ${namesText(close)}?`;
  const shown = known.slice(0, MOST_NAMES).map((each) => `\`${each}\``);
  const more = known.length > MOST_NAMES ? ` and ${known.length - MOST_NAMES} more` : "";
  return `${words}: there is no such name${shown.length > 0 ? `; there are ${shown.join(", ")}${more}` : ""}`;
}

function handleViews(input: unknown): object[] {
  if (!isPlainObject(input) || tableBehind(input)) return [];
  return [input, Object.fromEntries(Object.entries(input).map(([handle, value]) => [handle, unwrap(value)]))];
}

/** Lists and tables are seen by templates, but have no fields to keep. */
export function isFields(data: unknown): data is Record<string, unknown> {
  return isPlainObject(data) && !tableBehind(data);
}
