/** Numbers that are none: NaN is above, below and equal to nothing, so that conditions leave it out and comparisons pass it over. */
import type { Doubt } from "./doubtful-conditions.js";
import { isPlainObject } from "./input.js";
import { itemText } from "./item-text.js";

/** Fields that are told. */
const MOST_FIELDS = 3;

/**
 * What a function made NaN of items that had none there.
 *
 * @param itemAt gives the item of which a result was made; only its own fields count
 */
export function doubtsOfNaN(results: readonly unknown[], itemAt: (position: number) => unknown): Doubt[] {
  const found = new Map<string | undefined, { count: number; first: number }>();
  const tell = (field: string | undefined, position: number) => {
    const told = found.get(field);
    if (told !== undefined) told.count++;
    else if (found.size < MOST_FIELDS) found.set(field, { count: 1, first: position });
  };
  results.forEach((result, position) => {
    if (Number.isNaN(result)) {
      if (!Number.isNaN(itemAt(position))) tell(undefined, position);
    } else if (isPlainObject(result)) {
      for (const field of Object.keys(result)) {
        if (Number.isNaN(result[field]) && !Number.isNaN(ownField(itemAt(position), field))) tell(field, position);
      }
    }
  });
  return Array.from(found, ([field, { count, first }]) => {
    const what = count === 1 ? "1 result" : `${count} results`;
    const where =
      field === undefined ? `${count === 1 ? "is" : "are"} NaN` : `${count === 1 ? "has" : "have"} NaN in \`${field}\``;
    const order = count === 1 ? "of" : "first of";
    const message = `${what} ${where}, ${order} item ${first}: ${itemText(itemAt(first))}. Something there is no number: clean it first, or give such items a value of their own`;
    return { rule: "not-a-number", message };
  });
}

function ownField(item: unknown, field: string): unknown {
  return isPlainObject(item) ? Object.getOwnPropertyDescriptor(item, field)?.value : undefined;
}
