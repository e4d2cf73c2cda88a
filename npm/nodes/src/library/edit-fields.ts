import { closeNames, namesText } from "../contract/close-names.js";
import { messageOf, NodeError } from "../contract/error.js";
import { findData, isPlainObject, unwrap } from "../data/input.js";
import { kindOf } from "../data/kind.js";
import { editFields } from "../definition/types/edit-fields.js";
import { tableBehind } from "../table/table-output.js";
import { jsonObject } from "./json-parameter.js";
import { type MissingName, render } from "./template.js";
import { executable } from "./work.js";

/** How deep templates are looked for inside values. */
const MOST_NESTING = 64;

/** Objects that share each other write out without end. */
const MOST_VALUES = 100_000;

/** Names that are told where none is like the one that is missing. */
const MOST_NAMES = 12;

interface Parameters {
  values: Record<string, unknown> | string;
  keepOnlySet: boolean;
  nested: boolean;
  escape: boolean;
}

/**
 * Sets fields of an object: text values are templates, others are taken as they are; with `nested`, text inside lists
 * and objects is a template too. A template sees, first found first taken, the fields of the data, every input by the
 * name of its handle (without what nodes put around their data, then with it), `data` and `$now`, the time in ISO form.
 *
 * Fails with INVALID_PARAMETERS (`Bad template syntax …`) or TYPE_MISMATCH.
 */
export const editFieldsNode = executable<Parameters>(editFields, async (work) => {
  const { parameters, input, variables } = work;
  const { keepOnlySet } = parameters;
  const data = findData(input, ["data"]);
  const values = jsonObject(parameters.values, "values");
  const views = [
    { $now: new Date().toISOString(), data, variables },
    ...handleViews(input),
    isFields(data) ? data : {},
  ];
  const missed = (field: string) => {
    // Of a list of many rows each misses it; how often is not worth looking for names as often.
    const told = new Set<string>();
    return ({ name, known }: MissingName) => {
      if (told.has(name)) return;
      told.add(name);
      work.warn("empty-template-name", emptyNameText(field, name, known()));
    };
  };
  const set = Object.entries(values).map(([field, value]): [string, unknown] => {
    if (typeof value !== "string" && !parameters.nested) return [field, value];
    try {
      return [field, filledIn(value, (template) => render(template, views, parameters.escape, missed(field)))];
    } catch (error) {
      throw new NodeError("INVALID_PARAMETERS", `Bad template syntax in "${field}": ${messageOf(error)}`, {
        cause: error,
      });
    }
  });
  if (!keepOnlySet && (typeof data === "string" || typeof data === "number")) {
    throw new NodeError(
      "TYPE_MISMATCH",
      `Fields can be set on an object, not on ${kindOf(data)}; set keepOnlySet to leave it out`,
    );
  }
  return { result: { ...(isFields(data) && !keepOnlySet ? data : {}), ...Object.fromEntries(set) } };
});

function emptyNameText(field: string, name: string, known: readonly string[]): string {
  const words = `\`{{${name}}}\` in the template of \`${field}\` was empty`;
  if (known.includes(name)) return `${words}: its value is null`;
  const close = closeNames(name, known);
  if (close.length > 0) return `${words}: there is no such name. Did you mean ${namesText(close)}?`;
  const shown = known.slice(0, MOST_NAMES).map((each) => `\`${each}\``);
  const more = known.length > MOST_NAMES ? ` and ${known.length - MOST_NAMES} more` : "";
  return `${words}: there is no such name${shown.length > 0 ? `; there are ${shown.join(", ")}${more}` : ""}`;
}

/** A copy of a value in which each text is filled in. */
function filledIn(value: unknown, fill: (template: string) => string): unknown {
  let count = 0;
  const copy = (value: unknown, depth: number): unknown => {
    if (++count > MOST_VALUES) throw new RangeError(`more than ${MOST_VALUES} values`);
    if (typeof value === "string") return fill(value);
    if (!Array.isArray(value) && !isPlainObject(value)) return value;
    if (depth === MOST_NESTING) throw new RangeError(`more than ${MOST_NESTING} lists and objects inside each other`);
    const inner = (part: unknown) => copy(part, depth + 1);
    if (Array.isArray(value)) return value.map(inner);
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, inner(part)]));
  };
  return copy(value, 0);
}

function handleViews(input: unknown): object[] {
  if (!isPlainObject(input) || tableBehind(input)) return [];
  return [input, Object.fromEntries(Object.entries(input).map(([handle, value]) => [handle, unwrap(value)]))];
}

/** Lists and tables are seen by templates, but have no fields to keep. */
function isFields(data: unknown): data is Record<string, unknown> {
  return isPlainObject(data) && !tableBehind(data);
}
