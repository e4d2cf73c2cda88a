/** Text that people read as a number and a program does not: with a decimal comma, with thousands set apart, with a unit. */
import { foundText } from "../contract/issues.js";

const SIGN_AND_UNITS = /^[+-]?(?:(?:\p{Sc}|[A-Z]{3})\s?)?[+-]?(\d(?:[\d.,'\s]*\d)?)(?:\s?(?:\p{Sc}|%|\p{L}{1,10}))?$/u;
const WITH_COMMA = /^(?:\d+|\d{1,3}(?:[.'\s]\d{3})+),\d+$/;
const WITH_POINT = /^(?:\d+|\d{1,3}(?:['\s]\d{3})+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?$/;

/** The end of a message about text where a number was needed: the text, and how to make a number of it. */
export function foundTextAdvice(text: string, field: string): string {
  return `: ${foundText(text)}. ${numberAdvice(text, field)}`;
}

/** How to make a number of a text, as a sentence without its point. */
export function numberAdvice(text: string, field: string): string {
  const number = numberCode(text, `String(${memberText(field)})`);
  return number === undefined
    ? "Clean the field first, or filter such items out"
    : `Make it a number first, by a \`transform\` with \`row => ({ ...row, ${keyText(field)}: ${number} })\``;
}

/** What makes an amount of a number: a sign of a currency, a per cent, or the code of a currency that is in wide use. */
const UNIT = /\p{Sc}|%|\b(?:EUR|USD|GBP|CHF|JPY|CNY|INR|CAD|AUD|SEK|NOK|DKK|PLN)\b/u;

/**
 * The amount that people read in a text, and its unit: with the sign or code of a currency, a per cent, a decimal comma or thousands
 * set apart by commas or points. `1,234` is 1234, as it is to most; `undefined` for other text, such as codes and numbers of phones.
 */
export function amountOf(text: string): { value: number; unit: string } | undefined {
  const digits = SIGN_AND_UNITS.exec(text)?.[1];
  if (digits === undefined) return undefined;
  const unit = text.replace(digits, "").replace(/[\s+-]/g, "");
  if (unit === "" ? !/[,']/.test(digits) : !UNIT.test(unit)) return undefined;
  const sign = /^\D*-/.test(text) ? -1 : 1;
  if (WITH_POINT.test(digits)) return { value: sign * Number(digits.replace(/[,'\s]/g, "")), unit };
  if (!WITH_COMMA.test(digits)) return undefined;
  return { value: sign * Number(digits.replace(/[.'\s]/g, "").replace(",", ".")), unit };
}

/** JavaScript that makes a number of text of the form of `text`; `undefined` where it does not look like one, or like two. */
function numberCode(text: string, code: string): string | undefined {
  const trimmed = text.trim();
  const digits = SIGN_AND_UNITS.exec(trimmed)?.[1];
  if (digits === undefined) return undefined;
  const hasMore = /[^\d.,+-]/.test(trimmed);
  const bare = hasMore ? `${code}.replace(/[^\\d.,+-]/g, "")` : code;
  // `1,234` is 1234 to some and 1.234 to others.
  if (/^\d{1,3},\d{3}$/.test(digits)) return undefined;
  if (WITH_COMMA.test(digits)) {
    return `Number(${bare}${digits.includes(".") ? '.replaceAll(".", "")' : ""}.replace(",", "."))`;
  }
  if (!WITH_POINT.test(digits)) return undefined;
  return `Number(${bare}${digits.includes(",") ? '.replaceAll(",", "")' : ""})`;
}

const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** How JavaScript reads a field of `row`; with an item that has no field of that name, but dots in it, a path. */
export function memberText(field: string, item?: unknown): string {
  const isPath = typeof item === "object" && item !== null && !Object.hasOwn(item, field);
  const keys = isPath ? field.split(".") : [field];
  return `row${keys.map((key) => (NAME.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`)).join("")}`;
}

/** How JavaScript writes the name of a field. */
export function keyText(field: string): string {
  return NAME.test(field) ? field : JSON.stringify(field);
}
