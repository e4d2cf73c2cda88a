/** Text that is ordered by its characters and spells something of another order: dates, times of several zones, amounts. */
import { foundText } from "../contract/issues.js";
import type { Doubt } from "./doubtful-conditions.js";
import { isEmpty, numberOf } from "./field.js";
import { instantOf, namesZone } from "./instant.js";
import { amountOf, keyText, memberText, numberAdvice } from "./spelled-numbers.js";

/** Values that are looked at, and items among which these are looked for. */
const MOST_VALUES = 1_000;
const MOST_ITEMS = 10_000;
/** Characters of a date, a time or an amount. */
const LONGEST = 64;

/** Dates without a zone, and how many of them are looked at where there are no others. */
const ISO = /^\d{4}-\d\d(?:-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?)?$/;
const ENOUGH_ISO = 20;

const CLOCK_TEXT = String.raw`(\d{1,2}):(\d\d)(?::(\d\d))?(?: ?([ap])\.?m\.?)?`;
const CLOCK = new RegExp(`^${CLOCK_TEXT}$`, "i");
/** Two digits of a year are taken for one behind slashes alone: `1.10.12` is a version, `12-34-56` the code of a bank. */
const DATE = new RegExp(
  String.raw`^(\d{1,2})(?:\/(\d{1,2})\/(\d{4}|\d\d)|([.-])(\d{1,2})\4(\d{4}))(?:[ T,]+${CLOCK_TEXT})?$`,
  "i",
);
const MONTH =
  /^(?:\d{1,2}(?:st|nd|rd|th)?[ .-]+)?(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?[ ,.-]+(?:\d{1,2}(?:st|nd|rd|th)?[ ,.-]+)?\d{4}$/i;
const UNPADDED = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$/;

type Kind = "date" | "moment" | "clock" | "amount";

/** What a text spells: its kind, and where it stands in the order of that kind. */
interface Spelled {
  kind: Kind;
  text: string;
  place: number;
}

/**
 * What is doubtful of an order of text: two values whose order as text is not that of what they spell. `undefined` where all is
 * well, where some value is a number or spells nothing of the kind, and where the values may be of several kinds.
 *
 * @param values of a field; only the first are looked at
 */
export function doubtOfTextOrder(values: Iterable<unknown>, field: string | undefined): Doubt | undefined {
  const texts = textsOf(values);
  if (texts === undefined) return undefined;
  // Where the day may be the month, there is a doubt only if both ways are in another order.
  const ways = texts.some(isDayFirst) ? [false] : texts.some(isMonthFirst) ? [true] : [false, true];
  const found = ways.map((monthFirst) => inversionOf(texts, monthFirst));
  const [first] = found;
  if (first === undefined || found.includes(undefined)) return undefined;
  const { kind, before, after } = first;
  const names = { date: "dates", moment: "times", clock: "times of day", amount: "amounts" };
  const what = field === undefined ? "The items are" : `\`${field}\` holds`;
  return {
    rule: "compared-as-text",
    message: `${what} ${names[kind]} that are compared as text, so that ${foundText(before)} comes before ${foundText(after)}. ${adviceFor(kind, after, field ?? "value", ways[0] === true)}`,
  };
}

/** The first texts, each once; `undefined` where something else is among them. */
function textsOf(values: Iterable<unknown>): string[] | undefined {
  const texts = new Set<string>();
  let seen = 0;
  let areIso = true;
  for (const value of values) {
    if (seen++ === MOST_ITEMS || texts.size === MOST_VALUES) break;
    // Most columns of dates are of this form, and in order as they are.
    if (areIso && texts.size === ENOUGH_ISO) break;
    if (isEmpty(value)) continue;
    // Numbers that are written as text are compared as numbers. The first value tells of most columns that they are none of those.
    if (typeof value !== "string" || value.length > LONGEST || numberOf(value) !== undefined) return undefined;
    if (texts.size === 0 && spelledBy(value, false) === undefined && spelledBy(value, true) === undefined) {
      return undefined;
    }
    texts.add(value);
    areIso &&= ISO.test(value);
  }
  return [...texts];
}

/** Two neighbours in the order of text that stand the other way round; `undefined` where there are none, or not all are of a kind. */
function inversionOf(texts: readonly string[], monthFirst: boolean) {
  const spelled: Spelled[] = [];
  let kind: Kind | undefined;
  for (const text of texts) {
    const each = spelledBy(text, monthFirst);
    if (each === undefined) return undefined;
    kind ??= each.kind;
    // A date is one in whatever form.
    if (kind !== each.kind && [kind, each.kind].some((one) => one !== "date" && one !== "moment")) return undefined;
    if (each.kind === "date") kind = "date";
    spelled.push(each);
  }
  const units = kind === "amount" ? new Set(texts.map((text) => amountOf(text.trim())?.unit)) : undefined;
  if (kind === undefined || (units !== undefined && units.size > 1)) return undefined;
  spelled.sort((one, other) => (one.text < other.text ? -1 : one.text > other.text ? 1 : 0));
  const at = spelled.findIndex(({ place }, position) => place < (spelled[position - 1]?.place ?? place));
  if (at < 0) return undefined;
  return { kind, before: (spelled[at - 1] as Spelled).text, after: (spelled[at] as Spelled).text };
}

function spelledBy(text: string, monthFirst: boolean): Spelled | undefined {
  const trimmed = text.trim();
  const of = (kind: Kind, place: number | undefined) => (place === undefined ? undefined : { kind, text, place });
  const isIso = namesZone(trimmed) || ISO.test(trimmed);
  return (
    of("moment", isIso ? instantOf(trimmed) : undefined) ??
    of("date", dateIn(trimmed, monthFirst)) ??
    of("clock", clockIn(CLOCK.exec(trimmed)?.slice(1))) ??
    of("amount", amountOf(trimmed)?.value)
  );
}

/** The parts of a date whose year comes last: two that are the day and the month, the year, and the time of day. */
function partsOf(text: string) {
  const found = DATE.exec(text.trim());
  if (found === null) return undefined;
  const [, first = "", second = found[5] ?? "", year = found[6] ?? ""] = found;
  return { first: Number(first), second: Number(second), year, clock: found.slice(7) };
}

function isDayFirst(text: string): boolean {
  return (partsOf(text)?.first ?? 0) > 12;
}

function isMonthFirst(text: string): boolean {
  return (partsOf(text)?.second ?? 0) > 12;
}

/** A date that does not begin with the year, or whose parts are not filled up with zeros. */
function dateIn(text: string, monthFirst: boolean): number | undefined {
  const parts = partsOf(text);
  if (parts !== undefined) {
    const [day, month] = monthFirst ? [parts.second, parts.first] : [parts.first, parts.second];
    const seconds = parts.clock[0] === undefined ? 0 : clockIn(parts.clock);
    if (day < 1 || day > 31 || month < 1 || month > 12 || seconds === undefined) return undefined;
    const year = Number(parts.year);
    // Two digits of a year are of this century or the last one, as spreadsheet programs read them.
    const whole = parts.year.length === 4 ? year : year + (year < 30 ? 2000 : 1900);
    return Date.UTC(whole, month - 1, day) + seconds * 1000;
  }
  const [, year, month, day] = UNPADDED.exec(text) ?? [];
  if (year !== undefined) {
    const isDate = Number(month) >= 1 && Number(month) <= 12 && Number(day) >= 1 && Number(day) <= 31;
    return isDate ? Date.UTC(Number(year), Number(month) - 1, Number(day)) : undefined;
  }
  const named = MONTH.test(text) ? Date.parse(text.replace(/(\d)(?:st|nd|rd|th)\b/gi, "$1")) : Number.NaN;
  return Number.isNaN(named) ? undefined : named;
}

/** The seconds of the day that the groups of {@link CLOCK} give. */
function clockIn(groups: readonly (string | undefined)[] | undefined): number | undefined {
  const [hour, minute, second = "0", half] = groups ?? [];
  if (hour === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (half.toLowerCase() === "p" ? 12 : 0);
  return hours * 3600 + Number(minute) * 60 + Number(second);
}

function adviceFor(kind: Kind, text: string, field: string, monthFirst: boolean): string {
  const member = memberText(field);
  const made = (code: string) => `by a \`transform\` with \`row => ({ ...row, ${keyText(field)}: ${code} })\``;
  switch (kind) {
    case "amount":
      return numberAdvice(text, field);
    case "moment":
      return `Write all of them in one form first, ${made(`new Date(${member}).toISOString()`)}, or order them by the node \`sort\``;
    case "clock":
      return "Write them with two digits for the hour, from 00 to 23, first";
    case "date": {
      const parts = partsOf(text);
      if (parts?.year.length !== 4 || parts.clock[0] !== undefined) return "Write them as 2025-12-31 first";
      const [order, names] = monthFirst ? ["month, day, year", "([m, d, y])"] : ["day, month, year", "([d, m, y])"];
      const code = `[${member}.split(/\\D/)].map(${names} => [y, m.padStart(2, "0"), d.padStart(2, "0")].join("-"))[0]`;
      return `Write them as 2025-12-31 first; where they are ${order}, ${made(code)}`;
    }
  }
}
