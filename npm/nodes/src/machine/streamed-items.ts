/** Items that are made again, batch by batch, each time that they are taken, so that there may be more of them than memory holds. */

import { Pace } from "../contract/pace.js";
import { isPlainObject } from "../data/input.js";
import { demandFew, type Stream, type Taker } from "../table/table-output.js";

/** What is known of all items. */
export interface ItemFacts {
  count: number;
  /** The fields of all records, in the order in which they are first seen. */
  fields: readonly string[];
  /** Whether each item is a record. */
  areRecords: boolean;
}

/** Items, unlike rows of cells of any kind: what user code answered. */
export class StreamedItems implements Stream, Iterable<unknown> {
  readonly facts: ItemFacts;
  readonly #batches: () => Iterable<readonly unknown[]>;

  /** @param batches gives all items from the first one on */
  constructor(facts: ItemFacts, batches: () => Iterable<readonly unknown[]>) {
    this.facts = facts;
    this.#batches = batches;
  }

  *[Symbol.iterator](): Generator<unknown, void, undefined> {
    for (const batch of this.#batches()) yield* batch;
  }

  /** The items in batches, between which other work of the thread has its turn. Fails with CANCELLED. */
  async *batches({ signal }: Pick<Taker, "signal">): AsyncGenerator<readonly unknown[], void, undefined> {
    const pace = new Pace(signal);
    for (const batch of this.#batches()) {
      yield batch;
      await pace.rest();
    }
  }

  async rows(taker: Taker): Promise<unknown[]> {
    demandFew(this.facts.count);
    const items: unknown[] = [];
    for await (const batch of this.batches(taker)) for (const item of batch) items.push(item);
    return items;
  }

  rowsNow(): unknown[] {
    demandFew(this.facts.count);
    return [...this];
  }

  /** The items for which `holds` is true. All are looked at now, and again where they are taken. */
  async filtered(holds: (item: unknown) => boolean, taker: Taker): Promise<StreamedItems> {
    const gathered = new GatheredFacts();
    for await (const batch of this.batches(taker)) gathered.add(batch.filter(holds));
    const all = this.#batches;
    function* kept(): Generator<unknown[], void, undefined> {
      for (const batch of all()) yield batch.filter(holds);
    }
    return new StreamedItems(gathered.facts, kept);
  }
}

/** Facts of items that come one batch after the other. */
export class GatheredFacts {
  readonly #fields = new Set<string>();
  #count = 0;
  #areRecords = true;

  add(items: readonly unknown[]): void {
    this.#count += items.length;
    for (const item of items) {
      if (isPlainObject(item)) for (const field of Object.keys(item)) this.#fields.add(field);
      else this.#areRecords = false;
    }
  }

  get facts(): ItemFacts {
    return { count: this.#count, fields: [...this.#fields], areRecords: this.#areRecords };
  }
}
