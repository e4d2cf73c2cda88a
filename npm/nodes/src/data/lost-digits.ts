/** Warnings of numbers that stand for more digits than they keep. */
import { isBeyondWhole, losesDigits } from "./decimal.js";
import { fieldOf } from "./field.js";

type Warn = (rule: string, message: string) => void;

const LOST_DIGITS = "lost-digits";
const LARGEST = Number.MAX_SAFE_INTEGER;

/** Whether a number has probably lost digits where it was read: of those that were computed few have so many. */
function hasLostDigits(value: unknown): value is number {
  return isBeyondWhole(value) && String(value).replace(/0+$|e.*$|\D/g, "").length > 15;
}

/**
 * Warns of fields by which rows are told apart and that hold whole numbers beyond 9007199254740991: different ones became the
 * same number where they were read.
 *
 * @param where the rows are from, if there are several inputs
 */
export function warnOfLostDigits(rows: Iterable<unknown>, fields: readonly string[], warn: Warn, where = ""): void {
  for (const field of fields) {
    let position = 0;
    for (const row of rows) {
      const value = fieldOf(row, field);
      if (hasLostDigits(value)) {
        const message = `\`${field}\`${where} holds whole numbers beyond ${LARGEST}, such as ${value} in row ${position}: their last digits were lost where they were read, so that different ones may count as equal. Have them read or written as text`;
        warn(LOST_DIGITS, message);
        break;
      }
      position++;
    }
  }
}

/** The same of the number in a condition. */
export function lostDigitsOfOperand(condition: string, operand: unknown): string | undefined {
  const lost = (Array.isArray(operand) ? (operand as unknown[]) : [operand]).find(hasLostDigits);
  return lost === undefined
    ? undefined
    : `\`${condition}\` compares with ${lost}: whole numbers beyond ${LARGEST} lose their last digits. Write it as text, in quotes`;
}

/** Warns of whole numbers in JSON text that lose digits as numbers of JavaScript; `what` is the text in the words of a message. */
export function warnOfLostDigitsIn(json: string, what: string, warn: Warn): void {
  const found = lostNumberIn(json);
  if (found === undefined) return;
  warn(
    LOST_DIGITS,
    `${what} holds ${found}, which is read as ${BigInt(Number(found))}: whole numbers beyond ${LARGEST} lose their last digits. Have them written as text, in quotes`,
  );
}

/** The first whole number outside of strings that a number does not keep. */
function lostNumberIn(json: string): string | undefined {
  let [at, isInString] = [0, false];
  for (const { 0: digits, index } of json.matchAll(/-?\d{16,}(?![\d.eE])/g)) {
    if (/[\d.eE+]/.test(json[index - 1] ?? "") || !losesDigits(digits)) continue;
    for (; at < index; at++) {
      const quote = json.indexOf('"', at);
      at = quote < 0 || quote > index ? index : quote;
      if (at === index) break;
      if (!isInString || !isEscaped(json, at)) isInString = !isInString;
    }
    if (!isInString) return digits;
  }
  return undefined;
}

function isEscaped(json: string, at: number): boolean {
  let before = at;
  while (json[before - 1] === "\\") before--;
  return (at - before) % 2 === 1;
}

/** Warns of a sum, or what is made of one, that a number does not keep. */
export function warnOfLostSum(what: string, field: string | undefined, warn: Warn): void {
  warn(
    LOST_DIGITS,
    `The ${what} of \`${field}\` has, or is made of, whole numbers beyond ${LARGEST}, which lose their last digits. Count with BigInt in \`code\` where each digit counts`,
  );
}
