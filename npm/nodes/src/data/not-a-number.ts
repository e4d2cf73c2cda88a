/** NaN in what user code makes. It is above, below and equal to nothing, so that conditions leave it out unseen. */
import { inBatches } from "../contract/pace.js";
import type { Doubt } from "./doubtful-conditions.js";
import { isPlainObject } from "./input.js";
import { itemText } from "./item-text.js";

/** Fields that are told. */
const MOST_FIELDS = 3;

/** Results that are NaN, or have NaN in a field, where the item had none; found piece by piece. */
export class FoundNaN {
  readonly #found = new Map<string | undefined, { count: number; first: number; item: unknown }>();

  /**
   * Looks at results from one position up to another.
   *
   * @param itemAt gives the item of which a result was made; only its own fields count
   */
  look(resultAt: (position: number) => unknown, from: number, to: number, itemAt: (position: number) => unknown): void {
    for (let position = from; position < to; position++) {
      const result = resultAt(position);
      if (Number.isNaN(result)) {
        const item = itemAt(position);
        if (!Number.isNaN(item)) this.#tell(undefined, position, item);
      } else if (isPlainObject(result)) {
        for (const field of Object.keys(result)) {
          if (!Number.isNaN(result[field])) continue;
          const item = itemAt(position);
          if (!Number.isNaN(ownField(item, field))) this.#tell(field, position, item);
        }
      }
    }
  }

  #tell(field: string | undefined, first: number, item: unknown): void {
    const told = this.#found.get(field);
    if (told !== undefined) told.count++;
    else if (this.#found.size < MOST_FIELDS) this.#found.set(field, { count: 1, first, item });
  }

  /** What there is to say of all that were looked at. */
  get doubts(): Doubt[] {
    return Array.from(this.#found, ([field, { count, first, item }]) => {
      const what = count === 1 ? "1 result" : `${count} results`;
      const where =
        field === undefined
          ? `${count === 1 ? "is" : "are"} NaN`
          : `${count === 1 ? "has" : "have"} NaN in \`${field}\``;
      const order = count === 1 ? "of" : "first of";
      const message = `${what} ${where}, ${order} item ${first}: ${itemText(item)}. Something there is no number: clean it first, or give such items a value of their own`;
      return { rule: "not-a-number", message };
    });
  }
}

/**
 * {@link FoundNaN} of a list of results. Other work of the thread has its turn meanwhile.
 *
 * @throws NodeError CANCELLED
 */
export async function doubtsOfNaN(
  results: readonly unknown[],
  itemAt: (position: number) => unknown,
  signal: AbortSignal | undefined,
): Promise<Doubt[]> {
  const found = new FoundNaN();
  await inBatches(results.length, signal, (from, to) => found.look((at) => results[at], from, to, itemAt));
  return found.doubts;
}

function ownField(item: unknown, field: string): unknown {
  return isPlainObject(item) ? Object.getOwnPropertyDescriptor(item, field)?.value : undefined;
}
