/** NaN in what user code makes. It is above, below and equal to nothing, so that conditions leave it out unseen. */
import { inBatches } from "../contract/pace.js";
import type { Doubt } from "./doubtful-conditions.js";
import { isPlainObject } from "./input.js";
import { itemText } from "./item-text.js";

/** Fields that are told. */
const MOST_FIELDS = 3;

/**
 * Results that are NaN, or have NaN in a field, where the item had none. Other work of the thread has its turn meanwhile.
 *
 * @param itemAt gives the item of which a result was made; only its own fields count
 * @throws NodeError CANCELLED
 */
export async function doubtsOfNaN(
  results: readonly unknown[],
  itemAt: (position: number) => unknown,
  signal: AbortSignal | undefined,
): Promise<Doubt[]> {
  const found = new Map<string | undefined, { count: number; first: number }>();
  const tell = (field: string | undefined, position: number) => {
    const told = found.get(field);
    if (told !== undefined) told.count++;
    else if (found.size < MOST_FIELDS) found.set(field, { count: 1, first: position });
  };
  const look = (result: unknown, position: number) => {
    if (Number.isNaN(result)) {
      if (!Number.isNaN(itemAt(position))) tell(undefined, position);
    } else if (isPlainObject(result)) {
      for (const field of Object.keys(result)) {
        if (Number.isNaN(result[field]) && !Number.isNaN(ownField(itemAt(position), field))) tell(field, position);
      }
    }
  };
  await inBatches(results.length, signal, (from, to) => {
    for (let position = from; position < to; position++) look(results[position], position);
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
