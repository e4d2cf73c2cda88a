/** Rows of a file that are read when a node needs them, in batches, so that the file may be larger than memory. */
import type {
  CancelToken,
  CsvLayout,
  NativeAddon,
  NativeScan,
  NativeTable,
  RecordsText,
  ScanFindings,
} from "@atomiton/conductor-native";

import { NodeError } from "../contract/error.js";
import { type Doubt, doubtsOfFilter } from "../data/doubtful-conditions.js";
import { MOST_LOOKED_AT, ordersOfNumbers } from "../data/text-among-numbers.js";
import { type Where, whereJson } from "../data/where.js";
import { cancellable } from "../table/addon.js";
import { BYTES_PER_BATCH, recordsIn, type Stream, streamedRecords, type Taker } from "../table/table-output.js";
import type { TableJoin } from "../types/join/tables.js";
import { warnOfText } from "./doubtful-text.js";
import { namingOf, warnOfStreamedKeys } from "./join-tables.js";
import { doubtsOfTextIn } from "./text-in-table.js";

/** Ms between two reports of how far the reading is. */
const REPORT_INTERVAL = 250;

/** A filter or a join on the way of the rows, and the rows that come to it. */
/** `said`: what was said of the filter where it was made, or of the join to any taker, each of which counts its keys anew. */
type Step = { before: NativeScan } & (
  | { filter: Where; said: ReadonlySet<string> }
  | { join: StreamedJoin; said: Set<string> }
);

/** A join with a table. The rows that are streamed are its left side, or, for `right`, its right one. */
export type StreamedJoin = Omit<TableJoin, "left" | "right"> & { held: NativeTable };

/**
 * A file, and filters and joins on the way to what takes its rows. Takers fail with EXECUTION_FAILED where the file is no longer what it
 * was when it was opened, DESERIALIZATION_FAILED naming the row, MEMORY_LIMIT_EXCEEDED or CANCELLED. A filter that kept nothing, and
 * cannot have been meant so, and keys of a join that are in doubt are warned of when the rows are taken.
 */
export class StreamedRows implements Stream {
  readonly #scan: NativeScan;
  readonly #steps: readonly Step[];
  /** What was said of the text, shared by all that stand on it: each of them reads it anew. */
  readonly #said: Set<string>;
  /** What was counted when all rows were read: the file must stay as it is, and so do its counts. */
  #counted: ScanFindings | undefined;

  private constructor(scan: NativeScan, steps: readonly Step[] = [], said = new Set<string>()) {
    this.#scan = scan;
    this.#steps = steps;
    this.#said = said;
  }

  /** Opens a CSV file and reads the names of its columns. */
  static async open(path: string, layout: CsvLayout, signal: AbortSignal | undefined): Promise<StreamedRows> {
    return new StreamedRows(await cancellable(signal, (addon, cancel) => addon.scanFile(path, layout, cancel)));
  }

  get headers(): readonly string[] {
    return this.#scan.headers;
  }

  #with(scan: NativeScan, step: Step): StreamedRows {
    return new StreamedRows(scan, [...this.#steps, step], this.#said);
  }

  /** The same rows as far as the conditions hold. INVALID_PARAMETERS for a field that is no column. */
  async filtered(filter: Where, taker: Taker): Promise<StreamedRows> {
    const scan = await cancellable(taker.signal, async () => this.#scan.filtered(whereJson(filter)));
    const doubts = await doubtsOf(filter, false, this.#scan, taker);
    for (const { rule, message } of doubts) taker.warn(rule, message);
    const said = new Set(doubts.map(({ message }) => message));
    return this.#with(scan, { before: this.#scan, filter, said });
  }

  /**
   * The same rows joined with those of a table, which must have some.
   *
   * @throws NodeError INVALID_PARAMETERS where the suffix makes two fields of one name; CANCELLED
   */
  async joined(join: StreamedJoin, signal: AbortSignal | undefined): Promise<StreamedRows> {
    const { held, leftKeys, rightKeys, how } = join;
    const isRight = how === "right";
    const [keys, heldKeys] = isRight ? [rightKeys, leftKeys] : [leftKeys, rightKeys];
    const [left, right] = isRight ? [held, this] : [this, held];
    const naming = JSON.stringify(namingOf({ ...join, left: left.headers, right: right.headers }));
    const scan = await cancellable(signal, (addon, cancel) =>
      addon.scanJoined(this.#scan, keys, held, heldKeys, how, naming, cancel),
    );
    return this.#with(scan, { before: this.#scan, join, said: new Set() });
  }

  async rows(taker: Taker): Promise<NativeTable | unknown[]> {
    const table = await this.table(taker);
    return table.hasHoles ? streamedRecords(table) : table;
  }

  rowsNow(): NativeTable | unknown[] {
    const table = this.#scan.tableNow();
    return table.hasHoles ? streamedRecords(table) : table;
  }

  /** All rows, or the first ones, as a table, which may have holes. */
  table(taker: Taker, most?: number): Promise<NativeTable> {
    return this.#take(taker, (addon, cancel) => addon.scanTable(this.#scan, most, cancel)).then(({ table }) => table);
  }

  /** The first rows, to look at: nothing is warned of. */
  first(most: number, signal: AbortSignal | undefined): Promise<NativeTable> {
    return firstOf(this.#scan, most, signal);
  }

  /** Counts all rows; unless a taker read all of them, reads the file while the thread waits. */
  countedNow(): ScanFindings {
    this.#counted ??= this.#scan.countedNow();
    return this.#counted;
  }

  /** How many rows there are, counted likewise. */
  countNow(): number {
    return this.countedNow().counts.at(-1) ?? 0;
  }

  /** As `aggregateTable` of the addon. */
  async aggregates(taker: Taker, aggregation: string): Promise<{ text: string; lostDigits: number[] }> {
    const taken = await this.#take(taker, (addon, cancel) => addon.scanAggregates(this.#scan, aggregation, cancel));
    this.#counted = taken.found;
    return taken;
  }

  /** Gives the rows to `take`, as JSON texts of arrays of objects, read a little ahead. */
  async texts(taker: Taker, take: (batches: AsyncIterable<RecordsText>) => Promise<void>): Promise<void> {
    await this.#take(taker, async (addon, cancel) => {
      const batches = addon.scanBatches(this.#scan, BYTES_PER_BATCH, cancel);
      let found: ScanFindings | undefined;
      async function* texts(): AsyncGenerator<RecordsText, void, undefined> {
        for (;;) {
          const next = await batches.next();
          found = next.found ?? undefined;
          if (next.rows) yield next.rows;
          else if (found) return;
          else throw new NodeError("INTERNAL_ERROR", "The rows of a stream ended without a word of what was found");
        }
      }
      try {
        await take(texts());
      } finally {
        batches.close();
      }
      return { found };
    });
  }

  /** Writes the rows as `writeTable` of the addon does; the size of the file in bytes, and how many rows there are. */
  async write(taker: Taker, path: string, form: string): Promise<{ size: number; count: number }> {
    const { size, found } = await this.#take(taker, (addon, cancel) =>
      addon.scanToFile(this.#scan, path, form, cancel),
    );
    this.#counted = found;
    return { size, count: found.counts.at(-1) ?? 0 };
  }

  async #take<T extends { found: ScanFindings | undefined }>(
    taker: Taker,
    take: (addon: NativeAddon, cancel: CancelToken) => Promise<T>,
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
    if (taken.found) await this.#warnOf(taken.found, taker);
    return taken;
  }

  /** Warns of what was found where rows were taken. */
  async #warnOf({ counts, doubts, joins }: ScanFindings, taker: Taker): Promise<void> {
    warnOfText(doubts, this.#columns, counts[0] ?? 0, (rule, message) => {
      if (!this.#said.has(rule)) taker.warn(rule, message);
      this.#said.add(rule);
    });
    let joined = 0;
    for (const [at, step] of this.#steps.entries()) {
      if ("join" in step) {
        const found = joins[joined++];
        const first = (most: number) => firstOf(step.before, most, taker.signal);
        const warn = (rule: string, message: string) => {
          if (!step.said.has(rule)) taker.warn(rule, message);
          step.said.add(rule);
        };
        if (found !== undefined && (counts[at] ?? 0) > 0) await warnOfStreamedKeys(step.join, found, first, warn);
        continue;
      }
      if ((counts[at] ?? 0) === 0 || counts[at + 1] !== 0) continue;
      for (const { rule, message } of await doubtsOf(step.filter, true, step.before, taker)) {
        if (!step.said.has(message)) taker.warn(rule, message);
      }
    }
  }

  /** How many columns the file has. */
  get #columns(): number {
    return (this.#steps[0]?.before ?? this.#scan).headers.length;
  }
}

async function firstOf(scan: NativeScan, most: number, signal: AbortSignal | undefined): Promise<NativeTable> {
  return (await cancellable(signal, (addon, cancel) => addon.scanTable(scan, most, cancel))).table;
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
  const table = await firstOf(scan, MOST_LOOKED_AT, signal);
  const found = doubtsOfFilter(where, () => recordsIn(table), keptNone, true);
  return found.length > 0 ? found : doubtsOfTextIn(table, filter, signal);
}
