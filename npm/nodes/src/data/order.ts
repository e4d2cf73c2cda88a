import { compareDigits } from "./decimal.js";
import { isEmpty, numberOf, textOf } from "./field.js";

/**
 * A copy of `items` in the order of their keys, equal ones as they were. Keys are compared as numbers when all that are
 * not empty are or spell one, empty ones first; otherwise all are compared as text.
 */
export function sorted<T>(items: readonly T[], keyOf: (item: T) => unknown, descending: boolean): T[] {
  const keys = items.map(keyOf);
  const sign = descending ? -1 : 1;
  const order = Array.from(items, (_item, position) => position);
  const numbers = numericKeys(keys);
  if (numbers) {
    order.sort((a, b) => {
      const [left, right] = [numbers[a] as number, numbers[b] as number];
      const order = left === right ? compareDigits(keys[a], keys[b]) : left < right ? -1 : 1;
      return order === 0 ? a - b : sign * order;
    });
  } else {
    const texts = keys.map(textOf);
    order.sort((a, b) => {
      const [left, right] = [texts[a] as string, texts[b] as string];
      return left === right ? a - b : sign * (left < right ? -1 : 1);
    });
  }
  return order.map((position) => items[position] as T);
}

function numericKeys(keys: readonly unknown[]): number[] | undefined {
  const numbers: number[] = [];
  for (const key of keys) {
    const number = isEmpty(key) ? Number.NEGATIVE_INFINITY : key instanceof Date ? key.getTime() : numberOf(key);
    if (number === undefined || Number.isNaN(number)) return undefined;
    numbers.push(number);
  }
  return numbers;
}
