/** Text that is ordered by its characters and spells something of another order: dates, times of several zones, amounts. */
import { foundText } from "../contract/issues.js";
import type { Doubt } from "./doubtful-conditions.js";
import { isEmpty } from "./field.js";
import { instantOf, namesZone } from "./instant.js";
import { foundTextAdvice, keyText, memberText, spelledNumber } from "./spelled-numbers.js";

/** Values that are looked at, and items among which these are looked for. */
const MOST_VALUES = 1_000;
const MOST_ITEMS = 10_000;
/** Characters of a date, a time or an amount. */
const LONGEST = 64;

const DATE = /^(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})(?:[ T,]+(\d{1,2}):(\d\d).*)?$/;
const MONTH =
  /^(?:\d{1,2}(?:st|nd|rd|th)?[ .-]+)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?[ ,.-]+\d/i;
const UNPADDED = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$/;
const CLOCK = /^(\d{1,2}):(\d\d)(?::(\d\d))?(?: ?([ap])\.?m\.?)?$/i;

/** What a text spells: its kind, and where it stands in the order of that kind. */
interface Spelled {
  kind: "date" | "moment" | "clock" | "number";
  text: string;
  place: number;
}

/**
 * What is doubtful of an order of text: two values whose order as text is not that of what they spell. `undefined` where all is
 * well, or some value spells nothing of the kind.
 *
 * @param values of a field; only the first are looked at
 */
export function doubtOfTextOrder(values: Iterable<unknown>, field: string | undefined): Doubt | undefined {
  const texts = textsOf(values);
  if (texts === undefined) return undefined;
  const isMonthFirst = texts.some((text) => Number(DATE.exec(text)?.[2]) > 12);
  const spelled: Spelled[] = [];
  for (const text of texts) {
    const each = spelledBy(text, isMonthFirst);
    if (each === undefined) return undefined;
    spelled.push(each);
  }
  const ordered = spelled.sort((one, other) => (one.text < other.text ? -1 : one.text > other.text ? 1 : 0));
  const at = ordered.findIndex(({ place }, position) => place < (ordered[position - 1]?.place ?? place));
  if (at < 0) return undefined;
  const [before, after] = [ordered[at - 1] as Spelled, ordered[at] as Spelled];
  const what = field === undefined ? "The items are" : `\`${field}\` holds`;
  const names = { date: "dates", moment: "times", clock: "times of day", number: "amounts" };
  const kind = before.kind === "moment" ? after.kind : before.kind;
  const message = `${what} ${names[kind]} that are compared as text, so that ${foundText(before.text)} comes before ${foundText(after.text)}`;
  return {
    rule: "compared-as-text",
    message: `${message}${adviceFor(kind, after.text, field ?? "value", isMonthFirst)}`,
  };
}

/** The first texts, each once; `undefined` where something else is among them. */
function textsOf(values: Iterable<unknown>): string[] | undefined {
  const texts = new Set<string>();
  let seen = 0;
  for (const value of values) {
    if (seen++ === MOST_ITEMS || texts.size === MOST_VALUES) break;
    if (isEmpty(value)) continue;
    // The first value tells of most columns that they are none of those.
    if (typeof value !== "string" || (texts.size === 0 && spelledBy(value, false) === undefined)) return undefined;
    texts.add(value);
  }
  return [...texts];
}

function spelledBy(text: string, isMonthFirst: boolean): Spelled | undefined {
  if (text.length > LONGEST) return undefined;
  const trimmed = text.trim();
  const moment = namesZone(trimmed) || /^\d{4}-/.test(trimmed) ? instantOf(trimmed) : undefined;
  if (moment !== undefined) return { kind: "moment", text, place: moment };
  const date = dateIn(trimmed, isMonthFirst);
  if (date !== undefined) return { kind: "date", text, place: date };
  const clock = clockIn(trimmed);
  if (clock !== undefined) return { kind: "clock", text, place: clock };
  const number = spelledNumber(trimmed);
  return number === undefined ? undefined : { kind: "number", text, place: number };
}

/** A date that does not begin with the year, or whose parts are not filled up with zeros. */
function dateIn(text: string, isMonthFirst: boolean): number | undefined {
  const found = DATE.exec(text);
  if (found !== null) {
    const [, first = "", second = "", year = "", hour = "0", minute = "0"] = found;
    const [day, month] = isMonthFirst ? [second, first] : [first, second];
    // Two digits of a year are of this century or the last one, as spreadsheet programs read them.
    const whole = year.length === 4 ? Number(year) : Number(year) + (Number(year) < 30 ? 2000 : 1900);
    return Date.UTC(whole, Number(month) - 1, Number(day), Number(hour), Number(minute));
  }
  const [, year, month, day] = UNPADDED.exec(text) ?? [];
  if (year !== undefined) return Date.UTC(Number(year), Number(month) - 1, Number(day));
  const named = MONTH.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(named) ? undefined : named;
}

function clockIn(text: string): number | undefined {
  const found = CLOCK.exec(text);
  if (found === null) return undefined;
  const [, hour = "", minute = "", second = "0", half] = found;
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (half.toLowerCase() === "p" ? 12 : 0);
  return hours * 3600 + Number(minute) * 60 + Number(second);
}

function adviceFor(kind: Spelled["kind"], text: string, field: string, isMonthFirst: boolean): string {
  const made = (code: string) => `by a \`transform\` with \`row => ({ ...row, ${keyText(field)}: ${code} })\``;
  const member = memberText(field);
  switch (kind) {
    case "number":
      return foundTextAdvice(text, field).replace(/^: .*?\. (?=Make|Clean)/s, ". ");
    case "moment":
      return `. Write all of them in one zone first, ${made(`new Date(${member}).toISOString()`)}, or order them by the node \`sort\``;
    case "clock":
      return ". Write them with two digits for the hour, from 00 to 23, first";
    case "date": {
      const order = isMonthFirst ? "month, day, year" : "day, month, year";
      if (DATE.exec(text)?.[3]?.length !== 4) return ". Write them as 2025-12-31 first";
      const parts = isMonthFirst ? "([m, d, y])" : "([d, m, y])";
      const code = `[${member}.split(/\\D/)].map(${parts} => [y, m.padStart(2, "0"), d.padStart(2, "0")].join("-"))[0]`;
      return `. Write them as 2025-12-31 first; where they are ${order}, ${made(code)}`;
    }
  }
}
