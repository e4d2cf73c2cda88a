/** Text that people read as a number and a program does not: with a decimal comma, with thousands set apart, with a unit. */
import { foundText } from "../contract/issues.js";

const SIGN_AND_UNITS = /^[+-]?(?:(?:\p{Sc}|[A-Z]{3})\s?)?[+-]?(\d(?:[\d.,'\s]*\d)?)(?:\s?(?:\p{Sc}|%|\p{L}{1,10}))?$/u;
const WITH_COMMA = /^(?:\d+|\d{1,3}(?:[.'\s]\d{3})+),\d+$/;
const WITH_POINT = /^(?:\d+|\d{1,3}(?:['\s]\d{3})+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?$/;

/** The end of a message about text where a number was needed: the text, and how to make a number of it. */
export function foundTextAdvice(text: string, field: string): string {
  const number = numberCode(text, `String(${memberText(field)})`);
  const advice =
    number === undefined
      ? "Clean the field first, or filter such items out"
      : `Make it a number first, by a \`transform\` with \`row => ({ ...row, ${keyText(field)}: ${number} })\``;
  return `: ${foundText(text)}. ${advice}`;
}

/**
 * The number that people read in a text: with a unit, a decimal comma, thousands set apart. `1,234` is 1234, as it is to most;
 * `undefined` for other text.
 */
export function spelledNumber(text: string): number | undefined {
  const digits = SIGN_AND_UNITS.exec(text)?.[1];
  if (digits === undefined) return undefined;
  const sign = /^\D*-/.test(text) ? -1 : 1;
  if (WITH_POINT.test(digits)) return sign * Number(digits.replace(/[,'\s]/g, ""));
  return WITH_COMMA.test(digits) ? sign * Number(digits.replace(/[.'\s]/g, "").replace(",", ".")) : undefined;
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

/** How JavaScript reads a field of `row`. */
export function memberText(field: string): string {
  return NAME.test(field) ? `row.${field}` : `row[${JSON.stringify(field)}]`;
}

/** How JavaScript writes the name of a field. */
export function keyText(field: string): string {
  return NAME.test(field) ? field : JSON.stringify(field);
}
