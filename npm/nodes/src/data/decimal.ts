/** Decimals as text, which may have more digits than a number keeps. */

/** Digits of a decimal that a number always keeps. */
export const MOST_DIGITS = 15;

/** Whether a value may stand for more digits than a number of it keeps, so that equal numbers say nothing of it. */
export function mayHaveMoreDigits(value: unknown): boolean {
  return typeof value === "bigint" || (typeof value === "string" && value.length > MOST_DIGITS);
}

/**
 * Whether a value may stand for another decimal than others that are read as the same number: fewer digits with an exponent may be
 * less than the least number, or a whole one that there is not.
 */
export function mayBeAnother(value: unknown): boolean {
  return mayHaveMoreDigits(value) || (typeof value === "string" && /e/i.test(value));
}

/** The number that the text of a decimal without exponent spells; `undefined` where a number may not keep all of its digits. */
export function exactNumber(text: string): number | undefined {
  return text.replace(/\D/g, "").replace(/^0+/, "").length <= MOST_DIGITS ? Number(text) : undefined;
}

/** Whether a number is whole and so large that it may stand for several: `9007199254740993` is read as …992. */
export function isBeyondWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
}

/**
 * Whether text spells a whole number, without point and exponent, of which a number loses digits. One that is written just as the
 * number is written loses none.
 */
export function losesDigits(text: string): boolean {
  if (text.length <= MOST_DIGITS || !/^\s*[+-]?\d+\s*$/.test(text)) return false;
  const number = Number(text);
  if (!isBeyondWhole(number)) return !Number.isFinite(number);
  const spelled = decimalOf(text);
  return ![String(number), String(BigInt(number))].some((written) => orderOf(spelled, decimalOf(written)) === 0);
}

/** What a value spells, with all digits of a whole number: text where a number loses some. */
export function wholeOrNumber(value: unknown, number: number): number | string {
  return typeof value !== "number" && losesDigits(String(value)) ? String(value).trim() : number;
}

/**
 * The order of two values that are the same number, each a number, a bigint or text that spells one: below 0, 0 or above 0
 * by all digits that they have. With the order of numbers it is a total one.
 */
export function compareDigits(one: unknown, other: unknown): number {
  if (one === other || !(mayBeAnother(one) || mayBeAnother(other))) return 0;
  const [left, right] = [one, other].map((value) =>
    decimalOf(isBeyondWhole(value) ? String(BigInt(value)) : String(value)),
  );
  return orderOf(left as Decimal, right as Decimal);
}

/** The same where one of them is a whole number of which a number loses digits; 0 for fractions, which are read as the nearest. */
export function compareWholes(one: unknown, other: unknown): number {
  const isLost = (value: unknown) =>
    typeof value !== "number" && mayHaveMoreDigits(value) && losesDigits(String(value));
  return isLost(one) || isLost(other) ? compareDigits(one, other) : 0;
}

/** 0.`digits` · 10^`exponent`. */
interface Decimal {
  sign: -1 | 0 | 1;
  digits: string;
  exponent: number;
}

function orderOf(left: Decimal, right: Decimal): number {
  if (left.sign !== right.sign) return left.sign - right.sign;
  const order =
    left.exponent - right.exponent || (left.digits === right.digits ? 0 : left.digits < right.digits ? -1 : 1);
  return left.sign * order;
}

function decimalOf(spelled: string): Decimal {
  const text = spelled.trim();
  const [mantissa = "", power = "0"] = text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.replace(/^[+-]/, "").split(".");
  const all = whole + fraction;
  const leading = all.search(/[1-9]/);
  if (leading < 0) return { sign: 0, digits: "", exponent: 0 };
  let end = all.length;
  while (all[end - 1] === "0") end--;
  return {
    sign: text.startsWith("-") ? -1 : 1,
    digits: all.slice(leading, end),
    exponent: whole.length - leading + Number(power),
  };
}
