/** Rows of a file that are read when a node needs them, in batches, so that the file may be larger than memory. */
import type {
  CancelToken,
  CsvLayout,
  NativeScan,
  NativeTable,
  NodeLibraryAddon,
  ScanCounts,
} from "@atomiton/conductor-native";

import { type Doubt, doubtsOfFilter } from "../data/doubtful-conditions.js";
import { MOST_LOOKED_AT, ordersOfNumbers } from "../data/text-among-numbers.js";
import { type Where, whereJson } from "../data/where.js";
import { cancellable } from "../table/addon.js";
import { recordsIn, type Stream, type Taker } from "../table/table-output.js";
import { warnOfText } from "./doubtful-text.js";
import { doubtsOfTextIn } from "./text-in-table.js";

/** Ms between two reports of how far the reading is. */
const REPORT_INTERVAL = 250;

/** A filter of a stream, the rows that come to it, and what was said of it where it was made. */
interface FilterStep extends Where {
  before: NativeScan;
  said: ReadonlySet<string>;
}

/**
 * A file, and filters on the way to what takes its rows. Takers fail with EXECUTION_FAILED where the file is no longer what it was
 * when it was opened, DESERIALIZATION_FAILED naming the row, MEMORY_LIMIT_EXCEEDED or CANCELLED. A filter that kept nothing, and
 * cannot have been meant so, is warned of when the rows are taken.
 */
export class StreamedRows implements Stream {
  readonly #scan: NativeScan;
  readonly #filters: readonly FilterStep[];
  /** What was said of the text, shared by all that stand on it: each of them reads it anew. */
  readonly #said: Set<string>;

  private constructor(scan: NativeScan, filters: readonly FilterStep[] = [], said = new Set<string>()) {
    this.#scan = scan;
    this.#filters = filters;
    this.#said = said;
  }

  /** Opens a CSV file and reads the names of its columns. */
  static async open(path: string, layout: CsvLayout, signal: AbortSignal | undefined): Promise<StreamedRows> {
    return new StreamedRows(await cancellable(signal, (addon, cancel) => addon.scanFile(path, layout, cancel)));
  }

  get headers(): readonly string[] {
    return this.#scan.headers;
  }

  /** The same rows as far as the conditions hold. INVALID_PARAMETERS for a field that is no column. */
  async filtered({ where, match }: Where, taker: Taker): Promise<StreamedRows> {
    const text = whereJson({ where, match });
    const scan = await cancellable(taker.signal, async () => this.#scan.filtered(text));
    const doubts = await doubtsOf({ where, match }, false, this.#scan, taker);
    for (const { rule, message } of doubts) taker.warn(rule, message);
    const said = new Set(doubts.map(({ message }) => message));
    return new StreamedRows(scan, [...this.#filters, { where, match, before: this.#scan, said }], this.#said);
  }

  table(taker: Taker, most?: number): Promise<NativeTable> {
    return this.#take(taker, (addon, cancel) => addon.scanTable(this.#scan, most, cancel)).then(({ table }) => table);
  }

  tableNow(): NativeTable {
    return this.#scan.tableNow();
  }

  /** How many rows there are; reads the file while the thread waits. */
  countNow(): number {
    return this.#scan.countsNow().at(-1) ?? 0;
  }

  /** As `aggregateTable` of the addon. */
  aggregates(taker: Taker, aggregation: string): Promise<{ text: string; lostDigits: number[] }> {
    return this.#take(taker, (addon, cancel) => addon.scanAggregates(this.#scan, aggregation, cancel));
  }

  /** Writes the rows as `writeTable` of the addon does; the size of the file in bytes, and how many rows there are. */
  async write(taker: Taker, path: string, form: string): Promise<{ size: number; count: number }> {
    const { size, counts } = await this.#take(taker, (addon, cancel) =>
      addon.scanToFile(this.#scan, path, form, cancel),
    );
    return { size, count: counts.at(-1) ?? 0 };
  }

  async #take<T extends ScanCounts>(
    taker: Taker,
    take: (addon: NodeLibraryAddon, cancel: CancelToken) => Promise<T>,
  ): Promise<T> {
    const taken = await cancellable(taker.signal, async (addon, cancel) => {
      const { progress } = taker;
      const timer = progress && setInterval(() => progress(cancel.progress, "reading rows"), REPORT_INTERVAL);
      try {
        return await take(addon, cancel);
      } finally {
        clearInterval(timer);
      }
    });
    warnOfText(taken.doubts, this.headers.length, taken.counts[0] ?? 0, (rule, message) => {
      if (!this.#said.has(rule)) taker.warn(rule, message);
      this.#said.add(rule);
    });
    for (const [at, { before, said, ...filter }] of this.#filters.entries()) {
      if ((taken.counts[at] ?? 0) === 0 || taken.counts[at + 1] !== 0) continue;
      for (const { rule, message } of await doubtsOf(filter, true, before, taker)) {
        if (!said.has(message)) taker.warn(rule, message);
      }
    }
    return taken;
  }
}

/** The doubtful ones among conditions; the first rows are read only where one may be. */
async function doubtsOf(filter: Where, keptNone: boolean, scan: NativeScan, { signal }: Taker): Promise<Doubt[]> {
  const { where } = filter;
  let needsRows = ordersOfNumbers(filter).length > 0;
  const doubts = doubtsOfFilter(
    where,
    () => {
      needsRows = true;
      return [];
    },
    keptNone,
    true,
  );
  if (!needsRows) return doubts;
  const { table } = await cancellable(signal, (addon, cancel) => addon.scanTable(scan, MOST_LOOKED_AT, cancel));
  const found = doubtsOfFilter(where, () => recordsIn(table), keptNone, true);
  return found.length > 0 ? found : doubtsOfTextIn(table, filter, signal);
}
