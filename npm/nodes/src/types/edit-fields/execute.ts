import { messageOf, NodeError } from "../../contract/error.js";
import { isRouted } from "../../contract/routed.js";
import { textOf } from "../../data/field.js";
import { findData, handleValue, isPlainObject } from "../../data/input.js";
import { kindOf } from "../../data/kind.js";
import { jsonObject } from "../../library/json-parameter.js";
import { executable, type NodeWork } from "../../library/work.js";
import { tableBehind } from "../../table/table-output.js";
import { editFields } from "./definition.js";
import { escapeHtml, render } from "./template.js";
import { isFields, missedNames, viewsOf } from "./views.js";

/** How deep templates are looked for inside values. */
const MOST_NESTING = 64;

/** Objects that share each other write out without end. */
const MOST_VALUES = 100_000;

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
  const { parameters, input } = work;
  const { keepOnlySet } = parameters;
  const data = findData(input, ["data"]);
  const values = jsonObject(parameters.values, "values");
  const views = viewsOf(data, work);
  const missed = (field: string) =>
    missedNames(`the template of \`${field}\``, (rule, message) => work.warn(rule, message));
  const set = Object.entries(values).map(([field, value]): [string, unknown] => {
    if (typeof value !== "string" && !parameters.nested) return [field, value];
    try {
      const fill = (template: string) => render(template, views, escapes(field, template, work), missed(field));
      return [field, filledIn(value, fill)];
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
  if (!keepOnlySet) warnOfList(data, values, work);
  return { result: { ...(isFields(data) && !keepOnlySet ? data : {}), ...Object.fromEntries(set) } };
});

/** How values are written: warned of where they are escaped for HTML, though neither `escape` nor the template asks for it. */
function escapes(field: string, template: string, work: NodeWork<Parameters>): boolean | ((value: unknown) => string) {
  const { escape: asksFor } = work.parameters;
  if (!asksFor || work.isGiven("escape") || /<[a-z/!]|\|\s*e\b/i.test(template)) return asksFor;
  let isTold = false;
  return (value) => {
    const escaped = escapeHtml(value);
    if (!isTold && textOf(value) !== escaped) {
      isTold = true;
      work.warn(
        "escaped-value",
        `Values in the template of \`${field}\` are escaped for HTML, \`&\` as \`&amp;\`; set \`escape\` to false where it is no HTML, to true where it is`,
      );
    }
    return escaped;
  };
}

/**
 * Of items that are lost because fields are set on one object. A template that was filled in has seen them; what a `condition` hands on
 * says mostly which way the flow takes.
 */
function warnOfList(data: unknown, values: Record<string, unknown>, { input, warn }: NodeWork<Parameters>): void {
  if (isRouted(input) || isRouted(handleValue(input, "default"))) return;
  const count = Array.isArray(data) ? data.length : tableBehind(data)?.rowCount;
  if (count === undefined || Object.values(values).some((value) => typeof value === "string" && value.includes("{{")))
    return;
  warn(
    "fields-on-list",
    `A list of ${count} items came in, and none of them is in the output: fields are set on one object. Set them on each item in a \`loop\`, or by a \`transform\` with \`map\`; where the list only orders the nodes, set \`keepOnlySet\``,
  );
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
