/** What is to be read out of HTML. */
import { closeNames, meantText, namesText } from "../../contract/close-names.js";
import { NodeError } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { isPlainObject } from "../../data/input.js";

/** One value. */
export interface Field {
  name: string;
  /** Without it, the element itself. */
  selector: string | undefined;
  attribute: string | undefined;
  all: boolean;
  html: boolean;
  as: "text" | "number";
}

const KEYS = ["selector", "attribute", "all", "html", "as"];

/**
 * The fields of the parameter.
 *
 * @throws NodeError INVALID_PARAMETERS naming the field
 */
export function fieldsOf(fields: Readonly<Record<string, unknown>>): Field[] {
  const found = Object.entries(fields).map(([name, given]) => fieldOf(name, given));
  if (found.length === 0)
    throw new NodeError("INVALID_PARAMETERS", "`fields` is empty; name a value, such as `title: h1`");
  return found;
}

function fieldOf(name: string, given: unknown): Field {
  const place = `\`fields.${name}\``;
  const refuse = (why: string) => new NodeError("INVALID_PARAMETERS", `${place} ${why}`);
  if (typeof given === "string" && given.trim() !== "") return { ...PLAIN, name, selector: given };
  if (!isPlainObject(given)) throw refuse(`must be a selector, or an object with one, found ${foundText(given)}`);
  for (const key of Object.keys(given)) {
    if (KEYS.includes(key)) continue;
    const close = closeNames(key, KEYS);
    throw refuse(`has no \`${key}\`${meantText(close, `; it may have ${namesText(KEYS)}`)}`);
  }
  const { selector, attribute, all = false, html = false, as = "text" } = given;
  for (const [key, value] of Object.entries({ selector, attribute })) {
    if (value !== undefined && (typeof value !== "string" || value.trim() === ""))
      throw refuse(`needs text as \`${key}\`, found ${foundText(value)}`);
  }
  for (const [key, value] of Object.entries({ all, html })) {
    // An expression has no value yet when a flow is checked.
    if (typeof value !== "boolean" && !isExpression(value))
      throw refuse(`needs true or false as \`${key}\`, found ${foundText(value)}`);
  }
  if (as !== "text" && as !== "number" && !isExpression(as))
    throw refuse(`needs "text" or "number" as \`as\`, found ${foundText(as)}`);
  if (html === true && (attribute !== undefined || as === "number")) {
    throw refuse(`cannot be HTML and ${attribute === undefined ? "a number" : "an attribute"} at once`);
  }
  return {
    name,
    selector: selector as string | undefined,
    attribute: attribute as string | undefined,
    all: all === true,
    html: html === true,
    as: as === "number" ? "number" : "text",
  };
}

const PLAIN = { attribute: undefined, all: false, html: false, as: "text" } as const;

function isExpression(value: unknown): boolean {
  return typeof value === "string" && value.includes("\u0024{{");
}
